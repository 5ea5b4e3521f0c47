"""The photos in some places, decoded one by one: files, folders to any depth, zips."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from arena.faces.decode import Pixels, Unusable, decode
from arena.faces.source import Skipped
from arena.faces.sources.archives import Zip
from arena.faces.sources.files import CONTACT_SHEET, read_face, walk

_NO_IMAGE = "not an image"


@dataclass(frozen=True)
class Photo:
    """A photo, or a file that should have been one. `image`: None where it is unusable, and `reason` says why."""

    name: str
    image: Pixels | None = None
    reason: str = ""


def is_many(place: Path) -> bool:
    """Whether a place holds photos and is none itself."""
    return place.is_dir() or (place.is_file() and zipfile.is_zipfile(place))


def photos(places: Sequence[Path]) -> Iterator[Photo]:
    """Every photo of every place, in order. In folders and zips what neither is nor is called an image is passed over.

    Raises ArenaError for a zip that cannot be listed or has no files.
    """
    for place in places:
        if place.is_dir():
            yield from _in_folder(place)
        elif is_many(place):
            archive = Zip.open(str(place))
            for face in archive.faces() if archive else ():
                if not isinstance(face, Skipped):
                    yield Photo(f"{place}/{face.name}", face.image)
                elif _is_meant(face):
                    yield _unusable(f"{place}/{face.name}", face.reason)
        else:
            yield _file(place)


def _in_folder(folder: Path) -> Iterator[Photo]:
    files, skipped = walk(folder)
    for name, _, _ in files:
        path = folder / name
        found = read_face(name, lambda path=path: path.open("rb"), None, None, None)  # type: ignore[misc]
        if not isinstance(found, Skipped):
            yield Photo(str(path), found.image)
        elif _is_meant(found):
            yield _unusable(str(path), found.reason)
    for one in skipped:
        yield _unusable(str(folder / one.name), one.reason)


def _file(path: Path) -> Photo:
    try:
        with path.open("rb") as file:
            return Photo(str(path), decode(file))
    except OSError as error:
        return Photo(str(path), None, f"cannot be read: {error.strerror}")
    except Unusable as unusable:
        return _unusable(str(path), unusable.reason)


def _unusable(name: str, reason: str) -> Photo:
    return Photo(name, None, f"cannot be used: {reason}")


def _is_meant(skipped: Skipped) -> bool:
    """Whether somebody took a file for a photo: a text among photos is none, a text called .jpg is a broken one."""
    path = PurePosixPath(skipped.name)
    if path.name == CONTACT_SHEET:
        return False
    return skipped.reason != _NO_IMAGE or path.suffix.lower() in Image.registered_extensions()
