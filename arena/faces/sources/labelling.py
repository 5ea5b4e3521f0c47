"""Labels for images that lie in a folder of reals and one of fakes, and for videos with a `metadata.json`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from arena.faces.decode import FORMATS
from arena.faces.sources.files import CONTACT_SHEET, walk
from arena.faces.sources.tables import write_rows
from arena.types import FAKE, REAL, ArenaError

_LABELS = {"real": REAL, "fake": FAKE}


@dataclass(frozen=True)
class Labelled:
    """Files with their labels, REAL or FAKE, and what was left out, with the reason."""

    rows: tuple[tuple[Path, int], ...]
    skipped: tuple[str, ...]


def of_folders(reals: Path, fakes: Path) -> Labelled:
    """The images of a folder of reals and of one of fakes, to any depth. Raises ArenaError where there is none."""
    rows, skipped = list[tuple[Path, int]](), list[str]()
    if reals.resolve() == fakes.resolve():
        raise ArenaError(f"{reals} cannot be the folder of the real and of the fake images at once")
    for folder, label in ((reals, REAL), (fakes, FAKE)):
        if not folder.is_dir():
            raise ArenaError(f"there is no folder {folder}")
        files, odd = walk(folder)
        paths = [folder / name for name, _, _ in files]
        images = [path for path in paths if path.name != CONTACT_SHEET and _is_image(path)]
        known = set(images)
        if not images:
            raise ArenaError(f"the folder {folder} has no images in it")
        rows += [(path, label) for path in images]
        skipped += [f"{path}: not an image" for path in paths if path not in known]
        skipped += [f"{folder / one.name}: {one.reason}" for one in odd]
    return Labelled(tuple(rows), tuple(skipped))


def of_dfdc(folder: Path) -> Labelled:
    """The videos of a folder with a `metadata.json`: `{file: {"label": "REAL" or "FAKE", ...}}`. Raises ArenaError."""
    file = folder / "metadata.json"
    try:
        entries = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ArenaError(f"{file} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ArenaError(f"{file} is no JSON: {error}") from error
    if not isinstance(entries, dict) or not entries:
        raise ArenaError(f"{file} names no videos; it needs an object with an entry for each")
    rows, skipped = list[tuple[Path, int]](), list[str]()
    for name, about in sorted(entries.items()):
        label = str(about.get("label", "")).lower() if isinstance(about, dict) else ""
        if label not in _LABELS:
            raise ArenaError(f"{file}: the label of {name!r} must be REAL or FAKE")
        if not (folder / name).is_file():
            skipped.append(f"{folder / name}: there is no such file")
        else:
            rows.append((folder / name, _LABELS[label]))
    if not rows:
        raise ArenaError(f"none of the {len(entries)} videos that {file} names is there")
    return Labelled(tuple(rows), tuple(skipped))


def write_labels(labelled: Labelled, out: Path) -> None:
    """Write `seqid,img_url,label`, paths relative to the table. Raises ArenaError when it cannot be written."""
    place = out.parent
    rows = [
        {"seqid": i, "img_url": Path(os.path.relpath(path, place)).as_posix(), "label": label}
        for i, (path, label) in enumerate(labelled.rows, 1)
    ]
    try:
        write_rows(out, ("seqid", "img_url", "label"), rows)
    except OSError as error:
        raise ArenaError(f"{out} cannot be written: {error.strerror or error}") from error


def _is_image(path: Path) -> bool:
    try:
        with Image.open(path, formats=FORMATS):
            return True
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
