"""The source that needs no file: procedural faces, drawn on demand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from arena.faces.framing import Framing
from arena.faces.sets.pack import OnImages, whole_folder
from arena.faces.source import Face, Source
from arena.faces.sources.tables import TABLE, write_rows
from arena.images import png
from arena.types import ArenaError

FACES = 6000
SHOTS = 6
"""Images of one identity."""
SEED = 20
"""Seed of the embedded set, so that it is the same set everywhere."""
_BATCH = 64

FRAMING = Framing(
    points=((0.364, 0.464), (0.647, 0.469), (0.506, 0.66), (0.39, 0.791), (0.621, 0.791)),
    spread=((0.034, 0.035), (0.031, 0.034), (0.059, 0.036), (0.033, 0.038), (0.03, 0.037)),
    box=(0.192, 0.147, 0.799, 0.976),
    found=0.9933,
    searched=300,
)
"""Where the renderer puts a face: measured once by MTCNN, so that a match on drawn faces waits for nothing."""


@dataclass(frozen=True)
class Procedural(Source):
    """`procedural` or `procedural:N`: N synthetic faces, six of each identity."""

    n: int = FACES
    seed: int = SEED

    @property
    def synthetic(self) -> bool:
        """Yes: nobody in it ever existed."""
        return True

    @property
    def description(self) -> str:
        """What people read about it."""
        return f"{self.n} synthetic faces, drawn by a procedural renderer; they say nothing about photos"

    @property
    def count(self) -> int:
        """Number of faces."""
        return self.n

    @property
    def framing(self) -> Framing:
        """The renderer's."""
        return FRAMING

    @classmethod
    def open(cls, spec: str) -> Self | None:
        """`procedural` or `procedural:N`. Raises ArenaError when N is no positive number."""
        word, colon, n = spec.partition(":")
        if word != "procedural":
            return None
        if not colon:
            return cls()
        if not (n.isascii() and n.isdigit() and int(n) > 0):
            raise ArenaError(f"{spec!r}: the number of procedural faces must be a positive whole number, not {n!r}")
        return cls(int(n))

    def fingerprint(self) -> str:
        """Number, shots and seed, and the renderer's own source text: a changed renderer draws other faces."""
        text = hashlib.sha256()
        for path in sorted((Path(__file__).parents[1] / "procedural").glob("*.py")):
            text.update(path.read_bytes())
        return f"procedural {self.n} {SHOTS} {self.seed} {text.hexdigest()}"

    def faces(self, size: int | None = None) -> Iterator[Face]:
        """Draw every face at `size` pixels (64 when not told)."""
        from arena.faces.procedural import render

        for start in range(0, self.n, _BATCH):
            index = np.arange(start, min(start + _BATCH, self.n))
            images = render(self.seed, index // SHOTS, index % SHOTS, size or 64)
            for i, image in zip(index.tolist(), images, strict=True):
                yield Face(image, f"synthetic-{i // SHOTS:06d}", f"synthetic-{i // SHOTS:06d}/{i % SHOTS}.png")


def make(out: Path, n: int, size: int = 64, seed: int = SEED, on_progress: OnImages = lambda done, total: None) -> None:
    """Write `n` procedural faces as PNGs that say they are synthetic, a folder per identity, with a labels CSV.

    Raises ArenaError when `n` is not positive, `out` is not empty, or it cannot be written.
    """
    if n < 1:
        raise ArenaError(f"the number of faces to make must be positive, not {n}")
    rows = []
    with whole_folder(out) as folder:
        for done, face in enumerate(Procedural(n, seed).faces(size), start=1):
            (folder / face.name).parent.mkdir(exist_ok=True)
            (folder / face.name).write_bytes(png(face.image[None], "synthetic"))
            rows.append({"path": face.name, "identity": face.identity})
            on_progress(done, n)
        write_rows(folder / TABLE, ("path", "identity"), rows)
