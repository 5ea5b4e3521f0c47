"""What the samples of a round were made of, as the generator told: real faces, if they may be shown, and masks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from arena.commandline import command
from arena.images import Origin, png
from arena.service import models
from arena.service.views import NotFound, version_of
from arena.store.follow import CommittedRound
from arena.store.names import SAMPLE_SOURCES
from arena.types import ArenaError, Images

MASK = "mask"
"""The one source that shows nobody."""


def sample_sources(folder: Path, round: CommittedRound, index: int, real_faces_shown: bool) -> models.SampleSources:
    """What a sample was made of; no pictures where the generator could not tell. Raises NotFound."""
    word, names = _told(folder, round, index)
    address = f"/api/matches/{round.match}/rounds/{round.number}/samples/{index}/sources/{{}}.png?v={version_of(round)}"
    images = [
        models.Source(name=name, image=address.format(name)) for name in names if real_faces_shown or name == MASK
    ]
    return models.SampleSources(
        match=round.match,
        round=round.number,
        index=index,
        made=word,
        real_faces_shown=real_faces_shown,
        images=images,
    )


def source(folder: Path, round: CommittedRound, index: int, name: str, origin: Origin) -> bytes:
    """One picture of what a sample was made of, as a PNG. `origin`: of the match's real faces. Raises NotFound."""
    _, names = _told(folder, round, index)
    if name not in names:
        known = ", ".join(names) or "nothing that is known"
        raise NotFound(f"sample {index} of round {round.number} of {round.match} was made of {known}, not of {name}")
    image = _read(folder, round, name, index)
    return png(image, "real" if name == MASK else origin, f"match {round.match}, round {round.number}, {name} {index}")


def _told(folder: Path, round: CommittedRound, index: int) -> tuple[str, list[str]]:
    """The word on a sample and the names of its sources, in a fixed order; none where there is no file of them."""
    try:
        with safe_open(folder / SAMPLE_SOURCES, framework="numpy") as file:
            words = json.loads((file.metadata() or {})["words"])
            names = sorted(file.keys(), key=lambda name: (name == MASK, name != "target", name))
    except FileNotFoundError:
        return "", []
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise _unreadable(round) from error
    if index >= len(words):
        raise NotFound(f"round {round.number} of {round.match} has samples 0 to {len(words) - 1}, not {index}")
    return words[index], names


def _read(folder: Path, round: CommittedRound, name: str, index: int) -> Images:
    try:
        with safe_open(folder / SAMPLE_SOURCES, framework="numpy") as file:
            return np.asarray(file.get_slice(name)[index : index + 1])
    except (OSError, SafetensorError, ValueError) as error:
        raise _unreadable(round) from error


def _unreadable(round: CommittedRound) -> ArenaError:
    where = f"{SAMPLE_SOURCES} of round {round.number} of {round.match}"
    return ArenaError(f"{where} cannot be read; see {command('verify', round.match)}")
