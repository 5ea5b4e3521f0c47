"""What a browser needs to judge photos itself: a detector's graph, the face finder's, and what to do with both.

The face finder's weights are those of the installed package; they are exported on the spot and lie in the home alone.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from arena.export.card import Subject, framing_of, subject_of_file
from arena.export.exporting import Shown, exported, write
from arena.export.graph import export_module
from arena.faces.coding import LARGEST, Coding
from arena.faces.crop.finder import LARGEST_SIDE, OWN_SIDES, Finder
from arena.faces.framing import LEAST_SPREAD
from arena.faces.procedural import render
from arena.photo.judge import CROP_SIDE, CUT_OUT_SIDE, MOST_FACES, RECIPE
from arena.photo.likeness import Likeness
from arena.store.disk import readable_errors, replace_file
from arena.types import ArenaError

_CHECKED_ON: Final = 24
"""Drawn faces that a graph is compared on, in a second or two."""
KEPT: Final = 8
"""Detectors that stay exported: those that were asked for last. Each takes up to some hundred megabytes."""


def kit(snapshot: Path, folder: Path) -> dict[str, Any]:
    """Export into `folder` what is not there yet; the names of the files by use, and how they are to be used, as JSON.

    Raises ArenaError for a detector that has no graph, or whose training faces' framing nobody knows.
    """
    subject = subject_of_file(snapshot)
    likeness = Likeness.of(subject.snapshot.origin, subject.snapshot.image_size)
    if likeness.framing is None:
        raise ArenaError("nobody knows how this detector's training faces are framed, so only the service can judge")
    finder = Finder("cpu", RECIPE.min_size)
    with readable_errors(f"the folder {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
    networks = {name: _network(finder, name, folder) for name in ("pnet", *OWN_SIDES)}
    alarm = subject.snapshot.extra
    return {
        "files": {"detector": _detector(subject, folder), **networks},
        "threshold": alarm.get("photo_threshold", alarm["threshold"]),
        "size": likeness.size,
        "no_face": subject.detector.no_face,
        "framing": {**(framing_of(subject.snapshot.origin) or {}), "least_spread": LEAST_SPREAD},
        "ways": _ways(likeness.coding, likeness.size),
        "limits": {
            **{name: getattr(RECIPE, name) for name in ("min_size", "min_score")},
            **{"most_faces": MOST_FACES, "crop_side": CROP_SIDE, "cut_out_side": CUT_OUT_SIDE},
            **{"smallest": finder.smallest, "largest_side": LARGEST_SIDE},
        },
        "prepared": likeness.words,
    }


def _detector(subject: Subject, folder: Path) -> str:
    """The name of the file of a detector's graph; a folder that is shared sees it only when it is whole."""
    path = folder / f"detector-{subject.digest[:24]}.onnx"
    if not path.exists():
        numbers = np.arange(_CHECKED_ON)
        faces = render(0, numbers, np.zeros_like(numbers), subject.snapshot.image_size)
        write(exported(subject, Shown(faces, f"{_CHECKED_ON} drawn faces")), path)
    with readable_errors(f"the folder {folder}"):
        path.touch()
        _sweep(folder)
    return path.name


def _sweep(folder: Path) -> None:
    """Delete what nobody has asked for in a long time; it is exported again where somebody does."""
    graphs = sorted(folder.glob("detector-*.onnx"), key=lambda path: path.stat().st_mtime_ns)
    for path in graphs[:-KEPT]:
        for file in (path, path.with_suffix(".json")):
            file.unlink(missing_ok=True)


def _network(finder: Finder, name: str, folder: Path) -> str:
    """The name of the file of one of MTCNN's networks."""
    path = folder / f"{name}-{version('facenet-pytorch')}.onnx"
    if not path.exists():
        side = OWN_SIDES.get(name)
        if side is None:
            example, free = (
                torch.zeros(1, 3, 40, 48),
                {2: torch.export.Dim("H", min=12), 3: torch.export.Dim("W", min=12)},
            )
        else:
            example, free = torch.zeros(2, 3, side, side), {0: torch.export.Dim("N")}
        model = export_module(finder.network(name), example, free)
        with readable_errors(f"the folder {folder}"):
            replace_file(path, model.SerializeToString())
    return path.name


def _ways(coding: Coding | None, size: int) -> list[dict[str, Any]]:
    """The ways of coding side by side, each `until` its end; none where nothing is to be coded."""
    if coding is None or not coding.is_lossy:
        return []
    found, until = [], 0.0
    for way, share in coding.ways:
        until += share
        tables = [list(table) for table in way.tables] if way.side <= LARGEST * size else []
        told = {"sampling": way.sampling, "side": way.side, "corner": list(way.corner)}
        found.append({"until": until, "tables": tables or None, **told})
    return found
