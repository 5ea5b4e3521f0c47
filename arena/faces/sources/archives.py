"""Zips and tars of images, read without unpacking. The folder an image lies in is its identity."""

from __future__ import annotations

import io
import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Final, Self

from arena.faces.decode import Unusable
from arena.faces.source import Face, Skipped, Source
from arena.faces.sources.files import content_key, identity_of, label_of, read_face
from arena.types import ArenaError

LARGEST_FILE: Final = 512 * 2**20
"""Bytes of the largest member that is read into memory. More is no photo but a bomb."""
LARGEST_UNPACKED: Final = 4 * 2**30
"""Bytes of the largest member that is unpacked to disk for a while."""

_DAMAGES: Final = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(NotImplementedError, RuntimeError, ValueError),
)
"""What reading a damaged zip raises."""


@dataclass(frozen=True)
class Zip(Source):
    """A zip of images, read member by member; nothing is unpacked to disk."""

    path: Path
    members: tuple[zipfile.ZipInfo, ...]

    @property
    def description(self) -> str:
        """What people read about it."""
        return f"the zip {self.path}"

    @property
    def count(self) -> int:
        """Number of members, images or not."""
        return len(self.members)

    @classmethod
    def open(cls, spec: str) -> Self | None:
        """Any file that is a zip, whatever its name. Raises ArenaError when it is empty or its directory damaged."""
        path = Path(spec)
        if not (path.is_file() and zipfile.is_zipfile(path)):
            return None
        try:
            with zipfile.ZipFile(path) as archive:
                members = tuple(info for info in archive.infolist() if not info.is_dir())
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise ArenaError(f"the zip {spec} is damaged ({error}); make or download it again") from error
        if not members:
            raise ArenaError(f"the zip {spec} has no files in it; put images there, each person's in an own folder")
        return cls(path, members)

    def fingerprint(self) -> str:
        """Names, sizes and checksums, as the zip's own directory has them."""
        return content_key("zip", ((info.filename, info.file_size, info.CRC) for info in self.members))

    def faces(self, size: int | None = None) -> Iterator[Face | Skipped]:
        """Every image in the order of the zip."""
        with zipfile.ZipFile(self.path) as archive:
            for info in self.members:
                yield read_member(archive, info, size)


@dataclass(frozen=True)
class Tar(Source):
    """A tar of images, compressed or not, read once from front to back; nothing is unpacked to disk."""

    path: Path

    @property
    def description(self) -> str:
        """What people read about it."""
        return f"the tar {self.path}"

    @classmethod
    def open(cls, spec: str) -> Self | None:
        """Any file that is a tar, whatever its name."""
        path = Path(spec)
        return cls(path) if path.is_file() and tarfile.is_tarfile(path) else None

    def fingerprint(self) -> str:
        """Path, size and modification time: a tar has no directory, and a compressed one is slow to list."""
        about = self.path.stat()
        return content_key("tar", [(str(self.path.resolve()), about.st_size, about.st_mtime_ns)])

    def faces(self, size: int | None = None) -> Iterator[Face | Skipped]:
        """Every image in the order of the tar; one that is cut off or damaged ends early and says so."""
        try:
            with tarfile.open(self.path, "r:*") as archive:
                for member in archive:
                    if member.isdir():
                        continue
                    name = member.name
                    if not is_safe(name):
                        yield Skipped(name, "unsafe path")
                    elif not member.isfile():
                        yield Skipped(name, "not a file")
                    else:
                        yield read_face(name, partial(_untar, archive, member), size, identity_of(name), label_of(name))
        except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError):
            yield Skipped(self.path.name, "truncated")


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int | None = None) -> Face | Skipped:
    """One image of a zip, as `read_face` does."""
    name = info.filename
    if not is_safe(name):
        return Skipped(name, "unsafe path")
    return read_face(name, partial(_unzip, archive, info), size, identity_of(name), label_of(name))


@contextmanager
def unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[Path]:
    """A member that has to be a file, such as a video, as one that is gone after the block.

    Raises Unusable for one that is damaged or larger than `LARGEST_UNPACKED`.
    """
    with tempfile.NamedTemporaryFile(prefix="arena-", suffix=PurePosixPath(info.filename).suffix) as file:
        _check(info, LARGEST_UNPACKED)
        try:
            with archive.open(info) as member:
                shutil.copyfileobj(member, file, 2**20)
            file.flush()
        except _DAMAGES:
            raise Unusable("corrupt") from None
        except OSError as error:
            raise Unusable(f"it could not be unpacked: {error.strerror or error}") from None
        yield Path(file.name)


def is_safe(name: str) -> bool:
    """False for archive members that point outside the archive: absolute, with a drive, or with `..`."""
    parts = name.replace("\\", "/").split("/")
    return ".." not in parts and parts[0] != "" and not (len(parts[0]) == 2 and parts[0][1] == ":")


def _unzip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    _check(info, LARGEST_FILE)
    try:
        return io.BytesIO(archive.read(info))
    except _DAMAGES:
        raise Unusable("corrupt") from None


def _check(info: zipfile.ZipInfo, most: int) -> None:
    """Raise Unusable for a member that cannot be read, or has more than so many bytes."""
    if info.file_size == 0:
        raise Unusable("empty")
    if info.file_size > most:
        raise Unusable("too large")
    if info.flag_bits & 1:
        raise Unusable("encrypted")


def _untar(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    if member.size == 0:
        raise Unusable("empty")
    if member.size > LARGEST_FILE:
        raise Unusable("too large")
    file = archive.extractfile(member)
    if file is None:
        raise Unusable("not a file")
    data = file.read()
    if len(data) < member.size:
        raise Unusable("truncated")
    return io.BytesIO(data)
