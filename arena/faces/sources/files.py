"""Folders of images. The folder an image lies in is its identity; images at the top have none."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Final, Self

from arena.faces.coding import Way, way_of
from arena.faces.crop.video import is_video
from arena.faces.decode import NO_IMAGE, Unusable, decode
from arena.faces.source import VIDEO, Face, Skipped, Source
from arena.types import FAKE, REAL, ArenaError

Entry = tuple[str, int, int]
"""A file as a source lists it: relative name, size in bytes, and a mark that changes with the content."""


CONTACT_SHEET: Final = "contact-sheet.png"
"""What `crop` writes beside the crops: many faces, and none to train on."""

_LABELS = {"real": REAL, "fake": FAKE}


def identity_of(name: str) -> str | None:
    """The innermost folder of a relative path; None at the top, and in a folder called real or fake.

    Only its name counts, so that `train/ann` and `test/ann` are one person and cannot end up in two parts.
    """
    folder = PurePosixPath(name).parent.name
    return None if folder.lower() in _LABELS else folder or None


def label_of(name: str) -> int | None:
    """REAL or FAKE when a folder of the path is called so, in any case; else None."""
    folders = [part.lower() for part in PurePosixPath(name).parent.parts]
    return next((_LABELS[folder] for folder in reversed(folders) if folder in _LABELS), None)


def content_key(kind: str, entries: Iterable[Entry]) -> str:
    """SHA-256 over the names, sizes and marks of all files."""
    key = hashlib.sha256(kind.encode())
    for name, size, mark in entries:
        raw = name.encode("utf-8", "surrogatepass")
        key.update(f"{len(raw)} {size} {mark} ".encode() + raw)
    return key.hexdigest()


def read_face(
    name: str, opener: Callable[[], IO[bytes]], size: int | None, identity: str | None, label: int | None
) -> Face | Skipped:
    """Decode one picture. Whatever is wrong with it becomes the reason of a Skipped."""
    if PurePosixPath(name).name == CONTACT_SHEET:
        return Skipped(name, "contact sheet")
    ways: list[Way] = []
    try:
        with opener() as file:
            image = decode(file, size, lambda opened: ways.append(way_of(opened)))
            return Face(image, identity, name, label, way=ways[0])
    except Unusable as unusable:
        return Skipped(name, VIDEO if unusable.reason == NO_IMAGE and is_video(name) else unusable.reason)
    except FileNotFoundError:
        return Skipped(name, "broken link")
    except OSError:
        return Skipped(name, "unreadable")


def read_file(
    name: str, path: Path, size: int | None, identity: str | None, label: int | None = None
) -> Face | Skipped:
    """Decode one file on disk, as `read_face` does."""
    face = read_face(name, lambda: path.open("rb"), size, identity, label)
    return face if isinstance(face, Skipped) else replace(face, file=path)


def inside(name: str) -> PurePosixPath:
    """A relative path for a name that may be absolute or climb with `..`: it stays below any folder it is put in."""
    return PurePosixPath(*(part.replace("..", "__") for part in PurePosixPath(name).parts if part.strip("/")))


@dataclass(frozen=True)
class Folder(Source):
    """A folder of images, searched to any depth, links followed once."""

    root: Path
    files: tuple[Entry, ...]
    skipped: tuple[Skipped, ...]

    @property
    def description(self) -> str:
        """What people read about it."""
        return f"the folder {self.root}"

    @property
    def count(self) -> int:
        """Number of files, of images or not."""
        return len(self.files) + len(self.skipped)

    @classmethod
    def open(cls, spec: str) -> Self | None:
        """Any existing directory. Raises ArenaError when there is not one file in it."""
        root = Path(spec)
        if not root.is_dir():
            return None
        files, skipped = walk(root)
        if not files:
            raise ArenaError(f"the folder {spec} has no files in it; put images there, each person's in an own folder")
        return cls(root, tuple(files), tuple(skipped))

    def fingerprint(self) -> str:
        """Names, sizes and modification times."""
        return content_key("folder", self.files)

    def faces(self, size: int | None = None) -> Iterator[Face | Skipped]:
        """Every image by name, images reached through a link last, then what was no file at all."""
        for name, length, _ in self.files:
            if length == 0:
                yield Skipped(name, "empty")
            else:
                yield read_file(name, self.root / name, size, identity_of(name), label_of(name))
        yield from self.skipped


def walk(root: Path) -> tuple[list[Entry], list[Skipped]]:
    """Regular files below `root`, sorted, linked ones last; and what could not be entered or is no file."""
    files: list[tuple[bool, Entry]] = []
    skipped: list[Skipped] = []
    seen: set[tuple[int, int]] = set()
    folders, linked = [root], list[Path]()
    while folders or linked:
        # Links come last: a folder goes by its own name even if a link to it stands earlier in the alphabet.
        folder = folders.pop() if folders else linked.pop(0)
        prefix = "" if folder == root else f"{folder.relative_to(root).as_posix()}/"
        try:
            here = folder.stat()
            if (here.st_dev, here.st_ino) in seen:  # a link back to where we have been
                continue
            seen.add((here.st_dev, here.st_ino))
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            skipped.append(Skipped(prefix.rstrip("/"), "unreadable"))
            continue
        for entry in entries:
            name = prefix + entry.name
            try:
                about = entry.stat()
            except OSError:
                skipped.append(Skipped(name, "broken link"))
                continue
            if stat.S_ISDIR(about.st_mode):
                (linked if entry.is_symlink() else folders).append(folder / entry.name)
            elif stat.S_ISREG(about.st_mode):
                files.append((entry.is_symlink(), (name, about.st_size, about.st_mtime_ns)))
            else:  # opening a pipe or a device would block for ever
                skipped.append(Skipped(name, "not a file"))
    return [file for _, file in sorted(files)], skipped
