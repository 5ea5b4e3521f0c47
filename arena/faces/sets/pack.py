"""Pack a source into one file, all or nothing; and a packed file as a source."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from arena.faces.coding import Coding
from arena.faces.decode import RECIPE
from arena.faces.framing import Framing
from arena.faces.sets.packed import FaceSet, Packer, Recipe, is_packed, open_packed
from arena.faces.source import CROP_FIRST, VIDEO, Face, Skipped, Source
from arena.files import sync, sync_folder
from arena.types import ArenaError

OnImages = Callable[[int, int | None], None]
"""Called with the number of files done and their total, None while that is unknown."""


def pack(
    source: Source, path: Path, size: int, on_progress: OnImages = lambda done, total: None, fakes: bool = False
) -> FaceSet:
    """Write every usable face of a source to `path`, which appears when it is whole and on disk, and open it.

    Faces that are labelled fake are skipped unless `fakes`. Raises ArenaError when not one face can be used, OSError
    when the file cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            packer = Packer(file, size, fakes)
            done = 0
            for done, face in enumerate(source.faces(size), start=1):
                packer.add(face)
                if done % 64 == 0:
                    on_progress(done, source.count)
            on_progress(done, source.count)
            if not len(packer):
                why = ", ".join(f"{len(names)} {reason}" for reason, names in packer.skipped.items())
                hint = f"; {CROP_FIRST}" if VIDEO in packer.skipped else ""
                raise ArenaError(f"not one face in {source.description} can be used: {why or 'it is empty'}{hint}")
            packer.finish(
                source.description,
                source.synthetic,
                {"decoded": RECIPE, **source.recipe},
                source.coding,
                source.framing,
            )
            sync(file)
        partial.replace(path)
        sync_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)
    return open_packed(path)


@dataclass(frozen=True)
class Packed(Source):
    """A packed file as a source, to be resized or packed again."""

    packed: FaceSet

    @property
    def description(self) -> str:
        """What was packed."""
        return self.packed.source

    @property
    def synthetic(self) -> bool:
        """As packed."""
        return self.packed.synthetic

    @property
    def count(self) -> int:
        """Number of faces."""
        return len(self.packed.images)

    @property
    def recipe(self) -> Recipe:
        """As packed."""
        return self.packed.recipe

    @property
    def coding(self) -> Coding | None:
        """As packed."""
        return self.packed.coding

    @property
    def framing(self) -> Framing | None:
        """As packed."""
        return self.packed.framing

    @classmethod
    def open(cls, spec: str) -> Self | None:
        """Any file that starts like a packed one, whatever its name. Raises ArenaError when it is damaged."""
        path = Path(spec)
        return cls(open_packed(path)) if path.is_file() and is_packed(path) else None

    def fingerprint(self) -> str:
        """SHA-256 of the pixels and of who they show."""
        return f"packed {self.packed.digest} {self.packed.index_digest}"

    def faces(self, size: int | None = None) -> Iterator[Face | Skipped]:
        """Every face in order."""
        for i, image in enumerate(self.packed.images):
            yield Face(image, self.packed.person(i), self.packed.names[i])


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `out` when it is full and vanishes on an error.

    Raises ArenaError when `out` is not empty, or it cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ArenaError(f"{out} exists and is not empty; give another folder")
    partial = out.with_name(f".{out.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        partial.replace(out)
        sync_folder(out.parent)
    except OSError as error:
        raise ArenaError(f"{out} cannot be written: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
