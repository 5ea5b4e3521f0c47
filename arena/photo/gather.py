"""The photos and videos in some places, one by one: files, folders to any depth, zips."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from PIL import Image

from arena.faces.crop.video import is_video
from arena.faces.decode import Pixels, Unusable, decode
from arena.faces.source import Face, Skipped
from arena.faces.sources.archives import Zip, is_safe, read_member, unpacked
from arena.faces.sources.files import CONTACT_SHEET, read_file, walk

_NO_IMAGE = "not an image"


@dataclass(frozen=True)
class Photo:
    """A photo, or a file that should have been one. `image`: None where it is unusable, and `reason` says why."""

    name: str
    image: Pixels | None = None
    reason: str = ""


@dataclass(frozen=True)
class Film:
    """A video, or a file that should have been one. `path`: where it lies until the next is asked for; or why not."""

    name: str
    path: Path | None = None
    reason: str = ""


def is_many(place: Path) -> bool:
    """Whether a place holds photos and videos and is none itself."""
    return place.is_dir() or (place.is_file() and zipfile.is_zipfile(place))


def files(places: Sequence[Path]) -> dict[str, str]:
    """Every file of every place, photo or not: what it is called within its place, by the name that `gathered` gives.

    Raises ArenaError for a zip that cannot be listed or has no files.
    """
    found = dict[str, str]()
    for place in places:
        if place.is_dir():
            names = [name for name, _, _ in walk(place)[0]]
            found |= {str(place / name): name for name in names}
        elif archive := Zip.open(str(place)):
            found |= {f"{place}/{info.filename}": info.filename for info in archive.members}
        else:
            found[str(place)] = place.name
    return found


def gathered(places: Sequence[Path]) -> Iterator[Photo | Film]:
    """Every photo and video of every place, in order.

    In folders and zips what neither is one nor is called so is passed over. Raises ArenaError for a zip that cannot be
    listed or has no files.
    """
    for place in places:
        if place.is_dir():
            yield from _in_folder(place)
        elif archive := Zip.open(str(place)):
            yield from _in_zip(str(place), archive)
        elif is_video(place):
            yield _film(place)
        else:
            yield _file(place)


def _in_folder(folder: Path) -> Iterator[Photo | Film]:
    found, skipped = walk(folder)
    for name, _, _ in found:
        path = folder / name
        if is_video(name):
            yield Film(str(path), path)
        else:
            yield from _meant(str(path), read_file(name, path, None, None))
    for one in skipped:
        yield _unusable(str(folder / one.name), one.reason)


def _in_zip(place: str, archive: Zip) -> Iterator[Photo | Film]:
    with zipfile.ZipFile(archive.path) as opened:
        for info in archive.members:
            name = f"{place}/{info.filename}"
            if not (is_video(info.filename) and is_safe(info.filename)):
                yield from _meant(name, read_member(opened, info))
                continue
            try:
                with unpacked(opened, info) as path:
                    yield Film(name, path)
            except Unusable as unusable:
                yield Film(name, None, f"cannot be used: {unusable.reason}")


def _film(path: Path) -> Film:
    try:
        path.open("rb").close()
        return Film(str(path), path)
    except OSError as error:
        return Film(str(path), None, f"cannot be read: {error.strerror}")


def _file(path: Path) -> Photo:
    try:
        with path.open("rb") as file:
            return Photo(str(path), decode(file))
    except OSError as error:
        return Photo(str(path), None, f"cannot be read: {error.strerror}")
    except Unusable as unusable:
        return _unusable(str(path), unusable.reason)


def _meant(name: str, face: Face | Skipped) -> Iterator[Photo]:
    """A file among others, unless nobody took it for a photo: a text is none, a text called .jpg is a broken one."""
    if not isinstance(face, Skipped):
        yield Photo(name, face.image)
    elif PurePath(name).name != CONTACT_SHEET and (
        face.reason != _NO_IMAGE or PurePosixPath(name).suffix.lower() in Image.registered_extensions()
    ):
        yield _unusable(name, face.reason)


def _unusable(name: str, reason: str) -> Photo:
    return Photo(name, None, f"cannot be used: {reason}")
