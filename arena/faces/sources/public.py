"""Public sets by name, through the loaders of scikit-learn and torchvision: `lfw` and `celeba`.

What one may do with them is in docs/faces.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from arena.faces.source import Face, Skipped, Source
from arena.faces.sources.files import Folder, content_key, read_file
from arena.types import ArenaError

LFW_CROP: Final = 150
"""Central pixels kept of LFW's 250: its makers enlarged the detected box by 2.2 (to 250), this is the box plus 30 %.

G. Huang et al., Labeled Faces in the Wild, 2007, section 2.
"""


def _named(spec: str, word: str) -> Path | None:
    """The folder of `word` or `word:FOLDER`, None for any other word."""
    name, _, folder = spec.partition(":")
    if name != word:
        return None
    return Path(folder).expanduser() if folder else Path.home() / ".cache" / "arena" / word


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _download_lfw(home: Path) -> None:
    from sklearn.datasets import fetch_lfw_people

    try:
        # Asked for the one person with 530 photos, the loader downloads all but reads few.
        fetch_lfw_people(data_home=str(home), min_faces_per_person=500, resize=0.1)
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise ArenaError(
            f"Labeled Faces in the Wild could not be downloaded to {home} ({_first_line(error)}); try "
            f"again online, or give the folder of an earlier download as lfw:FOLDER"
        ) from error


@dataclass(frozen=True)
class Lfw(Source):
    """`lfw` or `lfw:FOLDER`: Labeled Faces in the Wild, downloaded once into the folder by scikit-learn."""

    folder: Folder

    @property
    def description(self) -> str:
        """What people read about it."""
        return "Labeled Faces in the Wild"

    @property
    def count(self) -> int:
        """Number of photos."""
        return self.folder.count

    @classmethod
    def open(cls, spec: str) -> Self | None:
        """`lfw` or `lfw:FOLDER`. Raises ArenaError when it can be neither found nor downloaded."""
        home = _named(spec, "lfw")
        if home is None:
            return None
        photos = home / "lfw_home" / "lfw_funneled"
        if not photos.is_dir():
            _download_lfw(home)
        elif (home / "lfw_home" / "lfw-funneled.tgz").exists():  # removed by the loader when all is unpacked
            raise ArenaError(f"Labeled Faces in the Wild was not unpacked to the end; delete {home / 'lfw_home'}")
        folder = Folder.open(str(photos))
        if folder is None:
            raise ArenaError(f"Labeled Faces in the Wild is not at {photos}, where scikit-learn puts it")
        return cls(folder)

    def fingerprint(self) -> str:
        """Names, sizes and times of the photos, and the crop."""
        return f"lfw {LFW_CROP} {self.folder.fingerprint()}"

    def faces(self, size: int | None = None) -> Iterator[Face | Skipped]:
        """The central part of every photo."""
        for face in self.folder.faces():
            if isinstance(face, Skipped):
                yield face
            else:
                top, left = ((side - LFW_CROP) // 2 for side in face.image.shape[:2])
                crop = face.image[max(top, 0) :, max(left, 0) :][:LFW_CROP, :LFW_CROP]
                way = face.way and face.way.within(max(left, 0), max(top, 0), min(crop.shape[:2]))
                yield Face(crop, face.identity, face.name, way=way)


@dataclass(frozen=True)
class Celeba(Source):
    """`celeba` or `celeba:FOLDER`: aligned CelebA with its identities, downloaded once by torchvision."""

    root: Path
    names: tuple[str, ...]
    identities: tuple[int, ...]

    @property
    def description(self) -> str:
        """What people read about it."""
        return "CelebA, aligned"

    @property
    def count(self) -> int:
        """Number of photos."""
        return len(self.names)

    @classmethod
    def open(cls, spec: str) -> Self | None:
        """`celeba` or `celeba:FOLDER`. Raises ArenaError when it can be neither found nor downloaded."""
        root = _named(spec, "celeba")
        if root is None:
            return None
        from torchvision.datasets import CelebA

        try:
            photos = CelebA(str(root), split="all", target_type="identity", download=True)
        except Exception as error:  # gdown, urllib and torchvision each fail in their own way
            raise ArenaError(
                f"CelebA could not be downloaded to {root} ({_first_line(error)}); put img_align_celeba and the "
                f"annotation files into {root / 'celeba'}, or give another folder as celeba:FOLDER"
            ) from error
        return cls(root, tuple(photos.filename), tuple(photos.identity[:, 0].tolist()))

    def fingerprint(self) -> str:
        """Its place, names and identities; its photos never change."""
        people = ((name, identity, 0) for name, identity in zip(self.names, self.identities, strict=True))
        return content_key(f"celeba {self.root.resolve()}", people)

    def faces(self, size: int | None = None) -> Iterator[Face | Skipped]:
        """Every photo; the caller's centred square holds head and hair."""
        for name, identity in zip(self.names, self.identities, strict=True):
            path = self.root / "celeba" / "img_align_celeba" / name
            yield read_file(name, path, size, f"{identity:05d}")
