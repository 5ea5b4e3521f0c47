"""Where faces come from: one word of `--faces` becomes a source, a source yields faces and names what it skips.

A new source is one small class derived from `Source` and a line in `_kinds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from arena.types import ArenaError


@dataclass(frozen=True)
class Face:
    """One face.

    `image`: uint8 `[H, W, 3]`, RGB, any size. `identity`: who it shows, None when nobody said. `name`: its file.
    `label`: REAL or FAKE where the source says so. `file`: where it lies on disk, None when it is part of something.
    """

    image: npt.NDArray[np.uint8]
    identity: str | None
    name: str
    label: int | None = None
    file: Path | None = None


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


def open_source(spec: str) -> Source:
    """The source that a word on the command line names. Raises ArenaError when there is none, or it is empty.

    `procedural` or `procedural:N` draws N faces that show nobody. A folder, a zip or a tar holds images; the folder
    that an image lies in is its identity, images at the top have none. A CSV names images and who they show. `lfw`
    and `celeba` are public sets. A packed file holds faces of one size.
    """
    try:
        for kind in _kinds():
            source = kind.open(spec)
            if source is not None:
                return source
    except OSError as error:  # no permission, a name too long, a disk that is gone
        raise ArenaError(f"the faces at {spec!r} cannot be read: {error.strerror or error}") from error
    raise ArenaError(
        f"there are no faces at {spec!r}: it is neither a folder, zip, tar, labels CSV or packed file "
        f"nor one of the words procedural, lfw, celeba"
    )


def _kinds() -> tuple[type[Source], ...]:
    # Imported here because the sources import this module for `Face`.
    from arena.faces.archives import Tar, Zip
    from arena.faces.drawn import Procedural
    from arena.faces.files import Folder
    from arena.faces.pack import Packed
    from arena.faces.public import Celeba, Lfw
    from arena.faces.tables import Table

    return Procedural, Lfw, Celeba, Packed, Table, Folder, Zip, Tar
