"""Judge decoded pixels with a snapshot, in a process of its own (see `forkserver`): the service does without torch."""

from __future__ import annotations

import base64
import functools
import mmap
from pathlib import Path
from typing import Any, Final

import numpy as np

from arena import registry
from arena.detector.heatmap import heat_png
from arena.faces.crop.finder import Finder
from arena.faces.crop.memory import enough_memory
from arena.faces.procedural import render
from arena.networks.training import use_one_thread
from arena.photo.judge import RECIPE, judge
from arena.snapshot import player, read_snapshot
from arena.types import ArenaError

_WARM_SIZE = 160


opens_files: Final = True
"""The detector's weights."""


@functools.cache
def _finder() -> Finder:
    return Finder("cpu", RECIPE.min_size)


def warm() -> None:
    """Load torch, the contenders and the face finder, and let it find a face once: what it then prepares is shared.

    A child that had to prepare it takes half a second longer.
    """
    use_one_thread()
    registry.load_all()
    _finder().find(list(render(0, np.zeros(1, np.int64), np.zeros(1, np.int64), _WARM_SIZE)))


def work(job: dict[str, Any], files: list[int]) -> dict[str, Any]:
    """Judge the pixels in the first file; answers a `Judgement.summary` with heat maps as PNGs, or a `problem`."""
    path, shape = Path(job["snapshot"]), (job["height"], job["width"], 3)
    with mmap.mmap(files[0], shape[0] * shape[1] * 3, access=mmap.ACCESS_READ) as pixels:
        image = np.frombuffer(pixels, np.uint8).reshape(shape).copy()
    try:
        with enough_memory("judge the photo"):
            snapshot = read_snapshot(path)
            judgement = judge(image, player(snapshot), snapshot.image_size, _finder(), job["heatmap"], snapshot.origin)
    except ArenaError as error:  # folders of this machine stay on it
        return {"problem": str(error).replace(str(path), path.name)}
    summary = judgement.summary()
    for face, judged in zip(summary["faces"], judgement.faces, strict=True):
        face["heatmap"] = None if judged.heat is None else base64.b64encode(heat_png(judged.heat)).decode()
    return summary
