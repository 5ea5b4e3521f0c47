"""Zips and tars of images, read without unpacking. The folder an image lies in is its identity."""

from __future__ import annotations

import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final, Self

from arena.faces.decode import Unusable
from arena.faces.source import Face, Skipped, Source
from arena.faces.sources.files import content_key, identity_of, label_of, read_face
from arena.types import ArenaError

LARGEST_FILE: Final = 512 * 2**20
"""Bytes of the largest member that is unpacked. More is no photo but a bomb."""


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
                name = info.filename
                if not is_safe(name):
                    yield Skipped(name, "unsafe path")
                else:
                    yield read_face(name, partial(_unzip, archive, info), size, identity_of(name), label_of(name))


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


def is_safe(name: str) -> bool:
    """False for archive members that point outside the archive: absolute, with a drive, or with `..`."""
    parts = name.replace("\\", "/").split("/")
    return ".." not in parts and parts[0] != "" and not (len(parts[0]) == 2 and parts[0][1] == ":")


def _unzip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    if info.file_size == 0:
        raise Unusable("empty")
    if info.file_size > LARGEST_FILE:
        raise Unusable("too large")
    if info.flag_bits & 1:
        raise Unusable("encrypted")
    try:
        return io.BytesIO(archive.read(info))
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise Unusable("corrupt") from None


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
