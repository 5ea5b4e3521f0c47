"""Film a walk through a generator's latents, in a process of its own (see `forkserver`): the service needs no torch."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Final

from arena import registry
from arena.faces.crop.memory import enough_memory
from arena.networks.training import use_one_thread
from arena.results.samples import walk_film
from arena.snapshot import read_snapshot
from arena.types import ArenaError

FACES, STOPS, FRAMES = 16, 4, 10
"""Faces side by side, latents that each visits, and frames from one to the next: a film of four seconds."""

opens_files: Final = True
"""The generator's weights."""


def warm() -> None:
    """Load torch and the contenders."""
    use_one_thread()
    registry.load_all()


def work(job: dict[str, Any], files: list[int]) -> dict[str, Any]:
    """Film the generator of a snapshot; answers a WebP in base64 as `film`, or a `problem`."""
    path = Path(job["snapshot"])
    try:
        with enough_memory("film the walk"):
            film = walk_film(read_snapshot(path), FACES, STOPS, FRAMES, job["seed"], job["fakes_are"], "webp")
    except ArenaError as error:  # folders of this machine stay on it
        return {"problem": str(error).replace(str(path), path.name)}
    return {"film": base64.b64encode(film).decode()}
