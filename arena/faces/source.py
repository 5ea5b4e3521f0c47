"""Where faces come from: one word of `--faces` becomes a source, a source yields faces and names what it skips.

A new source is one small class derived from `Source` and a line in `sources.opening.KINDS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, Self

import numpy as np
import numpy.typing as npt

from arena.faces.coding import Coding, Way
from arena.faces.framing import Framing

CROP_FIRST: Final = "whole photos and videos go through `arena faces crop` first"
"""What an error says to whoever may have given photos or videos where face crops are wanted."""
VIDEO: Final = "video"
"""Why a video among images is skipped."""


@dataclass(frozen=True)
class Face:
    """One face.

    `image`: uint8 `[H, W, 3]`, RGB, any size. `identity`: who it shows, None when nobody said. `name`: its file.
    `label`: REAL or FAKE where the source says so. `file`: where it lies on disk, None when it is part of something.
    `way`: how its file was coded, None when there is no file.
    """

    image: npt.NDArray[np.uint8]
    identity: str | None
    name: str
    label: int | None = None
    file: Path | None = None
    way: Way | None = None


@dataclass(frozen=True)
class Skipped:
    """A file that cannot be used. `reason`: a short phrase such as 'corrupt', 'too small', 'not an image'."""

    name: str
    reason: str


def printable(name: str) -> str:
    """A file name on one line of a terminal: newlines, control characters and odd bytes are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in name)


class Source(Protocol):
    """A place that faces come from. Derive from it; only the properties without a default must be written."""

    @property
    def description(self) -> str:
        """What people read about it, such as 'the folder photos'."""
        ...

    @property
    def synthetic(self) -> bool:
        """True when no face of it ever existed."""
        return False

    @property
    def count(self) -> int | None:
        """How many faces and skipped files it yields, None when that is not known before the end."""
        return None

    @property
    def recipe(self) -> Mapping[str, Any]:
        """How its images were cropped, as JSON values; empty when nobody said."""
        return {}

    @property
    def coding(self) -> Coding | None:
        """How its files were coded, where it knows; else that is counted while its faces are read."""
        return None

    @property
    def framing(self) -> Framing | None:
        """Where the faces lie in its images, where it knows; else that is measured."""
        return None

    @classmethod
    def open(cls, spec: str) -> Self | None:
        """The source that `spec` names, or None when the word is not meant for this class. Raises ArenaError."""
        return None

    def fingerprint(self) -> str:
        """A cheap key of the content: equal keys mean equal faces. Reads no pixels."""
        ...

    def faces(self, size: int | None = None) -> Iterator[Face | Skipped]:
        """Every face in a fixed order. `size`: the side in pixels it will be shrunk to, if the caller knows."""
        ...
