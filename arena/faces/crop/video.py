"""Frames of videos by PyAV, one at a time; and whose faces they show, by file or by the metadata of the DFDC layout."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final, NamedTuple

import numpy as np

from arena.faces.decode import LARGEST, OUT_OF_MEMORY, Pixels, Unusable
from arena.types import FAKE, REAL

SUFFIXES: Final = frozenset({".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".3gp", ".ts"})
METADATA: Final = "metadata.json"


@dataclass(frozen=True)
class Subject:
    """Whose face a video shows. `label`: REAL, FAKE, or None when nobody said."""

    person: str
    label: int | None


class Frame(NamedTuple):
    """A frame of a video: its number from 0, when it is shown (None where the file does not say), and its picture.

    `image`: uint8 `[H, W, 3]`, upright.
    """

    number: int
    seconds: float | None
    image: Pixels


def is_video(name: str | PurePath) -> bool:
    """Whether a file is called like a video."""
    return PurePath(name).suffix.lower() in SUFFIXES


def frames(path: Path, every: int = 1, most: int | None = None) -> Iterator[Frame]:
    """Every `every`-th frame; at most `most` frames.

    Holds one frame in memory. Frames are counted as they are stored, so a variable frame rate changes nothing. Raises
    Unusable when the file is no video, and after the last good frame when it is truncated.
    """
    import av

    given, last = 0, -1
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise Unusable("no video in it")
            stream = container.streams.video[0]
            if stream.width * stream.height > LARGEST:
                raise Unusable("too large")
            for last, frame in enumerate(container.decode(stream)):
                if given == most:
                    return
                if last % every == 0:
                    given += 1
                    # The camera's turn, counter-clockwise, in degrees, as stored by phones.
                    pixels = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
                    yield Frame(last, frame.time, np.rot90(pixels, round(frame.rotation / 90)))
            if last < 0:
                raise Unusable("no frames")
            if last + 1 < stream.frames:
                raise Unusable("truncated")
    except MemoryError:  # PyAV's own is one too
        raise Unusable(OUT_OF_MEMORY) from None
    except av.error.EOFError:
        raise Unusable("truncated") from None
    except av.FFmpegError:
        raise Unusable("not a video or truncated" if last < 0 else "damaged or truncated") from None


def subjects(folder: Path) -> Mapping[str, Subject]:
    """Whose faces the videos of a folder show, by its `metadata.json` in the layout of DFDC; empty without one.

    `{"a.mp4": {"label": "FAKE", "original": "b.mp4"}, ...}`: a fake shows the person of its original, so that both
    stay together in a split. Raises Unusable when the file is damaged.
    """
    try:
        text = (folder / METADATA).read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise Unusable("unreadable") from None
    try:
        return {name: _subject(name, facts) for name, facts in json.loads(text).items()}
    except (ValueError, AttributeError, KeyError, TypeError):
        raise Unusable("corrupt") from None


def _subject(name: str, facts: Mapping[str, str | None]) -> Subject:
    label = {"REAL": REAL, "FAKE": FAKE}[str(facts["label"]).upper()]
    return Subject(Path(facts.get("original") or name).stem, label)
