"""What can be cropped, one by one: photos and videos in folders, single files, and whatever is a source of faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from arena.faces.crop import video
from arena.faces.decode import Pixels, Unusable
from arena.faces.source import Face, Skipped, Source
from arena.faces.sources.files import identity_of, label_of, read_file, walk
from arena.faces.sources.opening import open_source
from arena.types import ArenaError

_NOT_MEANT: Final = frozenset({video.METADATA, "labels.csv", "recipe.json"})


@dataclass(frozen=True)
class Input:
    """A photo or a video. `name`: relative, unique. `version`: changes with its content. `label`: REAL, FAKE, None."""

    name: str
    version: str = ""
    person: str | None = None
    label: int | None = None
    path: Path | None = None
    face: Face | Skipped | None = None

    @property
    def is_video(self) -> bool:
        """True when its name ends like that of a video."""
        return self.path is not None and video.is_video(self.path)

    def frames(self, every: int, most: int | None) -> Iterator[tuple[int | None, Pixels]]:
        """A photo, numbered None, or frames of a video with their numbers. Raises Unusable, maybe after some."""
        if self.path is not None and self.is_video:
            yield from ((frame.number, frame.image) for frame in video.frames(self.path, every, most))
            return
        face = read_file(self.name, self.path, None, None) if self.path else self.face
        if isinstance(face, Skipped):
            raise Unusable(face.reason)
        if face is not None:
            yield None, face.image


@dataclass(frozen=True)
class Inputs:
    """Everything in some places. `count`: how many inputs, None when that is not known before the end."""

    parts: tuple[tuple[str, Sequence[Input] | Source], ...]
    count: int | None

    def __iter__(self) -> Iterator[Input]:
        for prefix, part in self.parts:
            for one in part if isinstance(part, Sequence) else map(_from_source, part.faces()):
                yield replace(one, name=prefix + one.name)


def find_inputs(places: Sequence[str], out: Path) -> Inputs:
    """List the photos and videos in some places, without those below `out`.

    A photo shows the person its folder is called after; a video the one that the `metadata.json` of its folder names,
    else its folder, else its own name. Raises ArenaError when a place does not exist.
    """
    parts: dict[str, Sequence[Input] | Source] = {}
    for place in places:
        prefix = ""
        if len(places) > 1:  # equal names in two places stay apart
            name, n = Path(place).resolve().name, 1
            while (prefix := f"{name}/" if n == 1 else f"{name}-{n}/") in parts:
                n += 1
        try:
            parts[prefix] = _in_place(place, out)
        except OSError as error:
            raise ArenaError(f"{place!r} cannot be read: {error.strerror or error}") from error
    counts = [len(part) if isinstance(part, Sequence) else part.count for part in parts.values()]
    return Inputs(tuple(parts.items()), None if None in counts else sum(count or 0 for count in counts))


def _in_place(place: str, out: Path) -> Sequence[Input] | Source:
    path = Path(place)
    if path.is_dir():
        return _in_folder(path, out)
    if path.is_file() and (video.is_video(path) or not _is_source(place)):
        return [_file(path.parent, path.name, _version(path), {})]
    return open_source(place)


def _is_source(place: str) -> bool:
    try:
        open_source(place)
    except ArenaError:
        return False
    return True


def _version(path: Path) -> str:
    about = path.stat()
    return f"{about.st_size}-{about.st_mtime_ns}"


def _in_folder(root: Path, out: Path) -> list[Input]:
    files, skipped = walk(root)
    found = [Input(one.name, face=one) for one in skipped]
    subjects: dict[PurePosixPath, dict[str, video.Subject] | None] = {}
    for name, size, mark in files:
        file = PurePosixPath(name)
        if file.parent not in subjects:
            folder = root / file.parent
            try:
                ours = folder.resolve().is_relative_to(out.resolve())
                subjects[file.parent] = None if ours else dict(video.subjects(folder))
            except Unusable as unusable:
                subjects[file.parent] = {}
                found.append(Input(str(file.parent / video.METADATA), face=Skipped(name, unusable.reason)))
        known = subjects[file.parent]
        if known is not None and file.name not in _NOT_MEANT:
            found.append(_file(root, name, f"{size}-{mark}", known))
    return found


def _file(root: Path, name: str, version: str, subjects: dict[str, video.Subject]) -> Input:
    one = Input(name, version, identity_of(name), label_of(name), path=root / name)
    if not one.is_video:
        return one
    file = PurePosixPath(name)
    subject = subjects.get(file.name) or video.Subject(one.person or file.stem, one.label)
    return replace(one, person=subject.person, label=subject.label)


def _from_source(face: Face | Skipped) -> Input:
    if isinstance(face, Skipped):
        return Input(face.name, face=face)
    return Input(face.name, person=face.identity, label=face.label, face=face)
