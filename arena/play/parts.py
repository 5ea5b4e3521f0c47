"""Which of the real faces are whose in a match, and what teams are told about them: the same wherever asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arena.commandline import command
from arena.faces.coding import Coding
from arena.faces.crop.finder import Finder
from arena.faces.sets.about import joined_identities
from arena.faces.sets.packed import FaceSet, open_packed
from arena.faces.sets.split import Index, Split, split_by_identity
from arena.seeds import derive
from arena.types import ArenaError, Faces

FEWEST = 50
"""Faces that each part of a split must have at least."""


def split_faces(identities: Any, config: Mapping[str, Any]) -> Split:
    """The three parts of the faces of a match; ArenaError when they are too few to train on or for its exam."""
    split = split_by_identity(identities, derive(config["seed"], "split"), tuple(config["parts"]), FEWEST)
    size, found = config["exam"]["size"], len(split.exam)
    if found < size // 2:
        raise ArenaError(
            f"too few faces: an exam of {size} images needs {size // 2} real ones, but of {len(identities)} faces the "
            f"referee's part gets {found}; bring more faces or make the exam smaller with --set exam.size={2 * found}"
        )
    return split


def split_match(faces: FaceSet, folder: Path, config: Mapping[str, Any], known: Mapping[str, Any]) -> Split:
    """The three parts of the faces of a match, the same wherever it is asked for; see `people_of`."""
    return split_faces(people_of(faces, folder, known), config)


def exam_part(match: str, folder: Path, config: Mapping[str, Any], known: Mapping[str, Any]) -> tuple[Faces, Index]:
    """The faces a match was played with, as the home has them, and which of them are the referee's.

    The pixels stay on disk. `known`: its facts about its faces. Raises ArenaError, naming no folder, when gone.
    """
    try:
        faces = open_packed(Path(known["path"]))
        if faces.digest == known["digest"]:
            part = split_match(faces, folder, config, known).exam
            return Faces(faces.images, people_of(faces, folder, known)), part
    except (OSError, KeyError, ArenaError):
        raise ArenaError(
            f"the faces that {match} was played with are gone; decode them with: {command('resume', match)}"
        ) from None
    raise ArenaError(f"the faces that {match} was played with have changed")


def people_of(faces: FaceSet, folder: Path, known: Mapping[str, Any]) -> Index:
    """Who each face shows in a match, int64 `[N]`: people who share a photo are one.

    `folder`: where what is known about faces is kept. `known`: the match's facts about its faces; those of matches
    that were played before people were joined have no `joined`, and keep their split.
    """
    if not known.get("joined"):
        return faces.identities
    identities = joined_identities(faces, folder)
    if digest_of(identities) != known["joined"]:
        raise ArenaError(f"who shares a photo in the faces of {faces.source} is no longer what it was found to be")
    return identities


def landmark_finder() -> Finder:
    """What finds the landmarks of faces that are cut out already."""
    return Finder("cpu", min_size=50)


def digest_of(identities: Index) -> str:
    """SHA-256 of who each face shows."""
    return hashlib.sha256(identities.astype("<i8").tobytes()).hexdigest()


def origin_of(config: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """What teams are told about the real faces, see `types.Brief`, from the settings and facts of a match."""
    told = {name: known.get(name) for name in ("synthetic", "coding", "framing")}
    lossy = told["coding"] is not None and Coding.from_json(told["coding"]).is_lossy
    return told | {"coded": lossy and config["exam"].get("coding") == "as-faces"}
