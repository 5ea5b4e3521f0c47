"""Split a source into folders, one per part, that share no identity and no photo."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from arena.faces.sets.leaks import join_near_duplicates
from arena.faces.sets.pack import OnImages, pack, whole_folder
from arena.faces.sets.packed import FaceSet
from arena.faces.sets.split import deal
from arena.faces.source import Face, Skipped, Source
from arena.faces.sources.files import inside
from arena.faces.sources.tables import RECIPE_FILE, TABLE, write_rows, write_whole
from arena.images import png
from arena.types import ArenaError

By = Literal["identity", "image"]
_THUMBNAIL = 64
"""Near-duplicates are found at this size."""


def read_by(word: str) -> By:
    """What stays whole: `identity`, or `person`, which is the same; or `image`. Raises ArenaError for another word."""
    if word in ("identity", "person"):
        return "identity"
    if word == "image":
        return "image"
    raise ArenaError(f"faces are split by identity, person or image, not by {word!r}")


@dataclass(frozen=True)
class Parts:
    """What was written: number of faces by part, and names of unusable files by reason."""

    faces: dict[str, int]
    skipped: dict[str, list[str]]


def read_parts(text: str) -> dict[str, float]:
    """`a=0.6,b=0.3,exam=0.1` as names and shares. Raises ArenaError for anything else."""
    parts: dict[str, float] = {}
    for item in text.split(","):
        name, _, share = item.strip().partition("=")
        try:
            parts[name] = float(share)
        except ValueError:
            raise ArenaError(f"the parts must look like a=0.6,b=0.3,exam=0.1, not {text!r}") from None
        if not name.replace("-", "").replace("_", "").isalnum() or not (math.isfinite(parts[name]) and parts[name] > 0):
            raise ArenaError(f"the part {item.strip()!r} must be a name of letters and digits and a positive number")
    if len(parts) < 2 or len(parts) < text.count("=") or sum(parts.values()) > 1 + 1e-9:
        raise ArenaError(f"the parts must be at least two, with different names, and add up to at most 1, not {text!r}")
    return parts


def split_into_folders(
    source: Source,
    out: Path,
    parts: Mapping[str, float],
    seed: int,
    by: By = "identity",
    on_progress: OnImages = lambda done, total: None,
) -> Parts:
    """Write every usable image into the folder of its part, `out/PART/...`, with a labels CSV; all parts or none.

    Files are copied as they are; images out of archives become PNG. `by`: whole identities, or single images.
    Near-duplicates count as one identity. Shares that add up to less than 1 leave the rest out. Raises ArenaError
    when `out` is not empty, cannot be written, or there are too few identities.
    """
    with whole_folder(out) as folder:
        faces = pack(source, folder / "faces.arena", _THUMBNAIL, on_progress, fakes=True)
        part_of = _assign(faces, parts, seed, by)
        _write(source, folder, part_of, parts, on_progress)
        faces.path.unlink()
    counts = Counter(part_of.values())
    return Parts({part: counts[part] for part in parts}, faces.skipped)


def _assign(faces: FaceSet, parts: Mapping[str, float], seed: int, by: By) -> dict[str, str]:
    """The part of each face by its name."""
    identities = faces.identities if by == "identity" else np.arange(len(faces.names))
    joined = join_near_duplicates(faces.images, identities)
    rest = max(0.0, 1 - sum(parts.values()))
    shares = [*parts.values(), *([rest] if rest > 1e-6 else [])]
    dealt = zip([*parts, None], deal(joined, seed, shares), strict=False)
    return {faces.names[i]: part for part, index in dealt if part is not None for i in index.tolist()}


def _write(
    source: Source, folder: Path, part_of: Mapping[str, str], parts: Iterable[str], on_progress: OnImages
) -> None:
    rows: dict[str, list[dict[str, str]]] = {part: [] for part in parts}
    for done, face in enumerate(source.faces(), start=1):
        part = None if isinstance(face, Skipped) else part_of.get(face.name)
        if isinstance(face, Face) and part is not None:
            path = inside(face.name)
            target = folder / part / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if face.file is not None:
                shutil.copyfile(face.file, target)
            else:
                path = path if path.suffix == ".png" else path.with_name(f"{path.name}.png")
                (folder / part / path).write_bytes(png(face.image[None], "synthetic" if source.synthetic else "real"))
            label = "" if face.label is None else ("real", "fake")[face.label]
            rows[part].append({"path": str(path), "identity": face.identity or "", "label": label})
        on_progress(done, source.count)
    for part, its_rows in rows.items():
        write_rows(folder / part / TABLE, ("path", "identity", "label"), its_rows)
        if source.recipe:
            write_whole(folder / part / RECIPE_FILE, json.dumps(dict(source.recipe)).encode())
