"""Faces decoded once: a memory-mapped uint8 array and a JSON index beside it, under a key of the content.

    CACHE/faces-KEY/images.npy    uint8 [N, size, size, 3]
    CACHE/faces-KEY/index.json    identity and name of each face, what was skipped and why, SHA-256 of the pixels

The folder appears under its name only when it is whole and on disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from arena.faces.decode import RECIPE, square
from arena.faces.source import Skipped, Source, open_source
from arena.types import ArenaError, Images

LAYOUT: Final = 1
"""Version of the files in a cache folder."""

SIZES: Final = range(16, 1025)
"""Sides in pixels that faces can be resized to."""

OnImages = Callable[[int, int | None], None]
"""Called with the number of files done and their total, None while that is unknown."""


@dataclass(frozen=True)
class FaceSet:
    """Faces of one size, ready to train on.

    `images`: uint8 `[N, size, size, 3]`, a read-only memory map. `identities`: int64 `[N]`, who each face shows; a
    face that nobody put a name to is an identity of its own. `names`, `people`: file and identity (or None) of each
    face. `synthetic`: nobody in it ever existed. `digest`: SHA-256 of the pixels. `skipped`: names of unusable files
    by reason. `path`: the folder to give to `open_cache`, in this process or another.
    """

    images: Images
    identities: npt.NDArray[np.int64]
    names: list[str]
    people: list[str | None]
    source: str
    synthetic: bool
    digest: str
    skipped: dict[str, list[str]]
    path: Path


@dataclass
class _Index:
    """What `index.json` holds."""

    source: str
    synthetic: bool
    size: int
    count: int = 0
    digest: str = ""
    names: list[str] = field(default_factory=list)
    people: list[str | None] = field(default_factory=list)
    skipped: dict[str, list[str]] = field(default_factory=dict)
    layout: int = LAYOUT

    def skip(self, one: Skipped) -> None:
        self.skipped.setdefault(one.reason, []).append(one.name)


def prepare(spec: str, cache_dir: Path, size: int = 64, on_progress: OnImages = lambda done, total: None) -> FaceSet:
    """Decode a source into the cache, or open what is there already for the same content and size.

    `spec`: as on the command line, see `open_source`. Every image is cut to its centred square and resized. Files
    that cannot be used, and images equal to an earlier one, are skipped and named in `FaceSet.skipped`. Raises
    ArenaError when the source does not exist, not one image of it can be used, or the cache cannot be written.
    """
    if size not in SIZES:
        raise ArenaError(f"the image size must be between {SIZES[0]} and {SIZES[-1]} pixels, not {size}")
    source = open_source(spec)
    key = hashlib.sha256(f"{LAYOUT} {RECIPE} {size} {source.fingerprint()}".encode()).hexdigest()[:24]
    path = cache_dir / f"faces-{key}"
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _alone(cache_dir / f".{key}.lock"):
            return _opened(path) or _build(source, spec, path, size, on_progress)
    except OSError as error:
        raise ArenaError(f"the faces of {spec!r} cannot be cached in {cache_dir}: {error}") from error


def open_cache(path: Path) -> FaceSet:
    """Open a folder that `prepare` wrote. Raises ArenaError when it is missing or its files do not fit together."""
    try:
        index = _Index(**json.loads((path / "index.json").read_text()))
        images = np.load(path / "images.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise ArenaError(
            f"there is no whole cache of faces at {path} ({error}); delete the folder to build it again"
        ) from error
    if index.layout != LAYOUT:
        raise ArenaError(f"the cache of faces at {path} is of another version; delete the folder to build it again")
    shape = (index.count, index.size, index.size, 3)
    if images.dtype != np.uint8 or images.shape != shape or not len(index.names) == len(index.people) == index.count:
        raise ArenaError(f"the cache of faces at {path} is damaged; delete the folder to build it again")
    return FaceSet(
        images=images,
        identities=number_identities(index.people),
        names=index.names,
        people=index.people,
        source=index.source,
        synthetic=index.synthetic,
        digest=index.digest,
        skipped=index.skipped,
        path=path,
    )


def number_identities(people: list[str | None]) -> npt.NDArray[np.int64]:
    """Number the identities int64 `[N]` in order of appearance; every None is an identity of its own.

    >>> number_identities(["ann", None, "bob", "ann", None]).tolist()
    [0, 1, 2, 0, 3]
    """
    known: dict[object, int] = {}
    return np.array([known.setdefault(i if one is None else one, len(known)) for i, one in enumerate(people)], np.int64)


def _opened(path: Path) -> FaceSet | None:
    """The finished cache at `path`; a damaged one is removed."""
    try:
        return open_cache(path)
    except ArenaError:
        shutil.rmtree(path, ignore_errors=True)
        return None


def _build(source: Source, spec: str, path: Path, size: int, on_progress: OnImages) -> FaceSet:
    partial = path.with_name(f".{path.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a process that died; the lock says that nobody writes here
    partial.mkdir()
    try:
        index = _Index(source.description, source.synthetic, size)
        with (partial / "images.npy").open("wb") as file:
            _decode_into(file, source, index, on_progress)
            _sync(file)
        if index.count == 0:
            raise ArenaError(f"not one face of {spec!r} can be used: {_summary(index.skipped) or 'it is empty'}")
        with (partial / "index.json").open("w") as text:
            json.dump(asdict(index), text)  # ASCII, so that file names of any bytes survive
            _sync(text)
        partial.replace(path)
        _sync_folder(path.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return open_cache(path)


def _decode_into(file: IO[bytes], source: Source, index: _Index, on_progress: OnImages) -> None:
    """Write the pixels as a .npy file and fill the index."""
    start = _write_header(file, (0, index.size, index.size, 3))
    digest, known = hashlib.sha256(), set[bytes]()
    for done, face in enumerate(source.faces(index.size), start=1):
        if done % 64 == 0:
            on_progress(done, source.count)
        if isinstance(face, Skipped):
            index.skip(face)
            continue
        pixels = square(face.image, index.size).tobytes()
        fingerprint = hashlib.blake2b(pixels, digest_size=16).digest()
        if fingerprint in known:  # twice the same image could leak from one part into another
            index.skip(Skipped(face.name, "duplicate"))
            continue
        known.add(fingerprint)
        digest.update(pixels)
        file.write(pixels)
        index.names.append(face.name)
        index.people.append(face.identity)
    index.count, index.digest = len(index.names), digest.hexdigest()
    on_progress(index.count + sum(map(len, index.skipped.values())), source.count)
    file.seek(0)
    if _write_header(file, (index.count, index.size, index.size, 3)) != start:
        raise AssertionError("the header of a .npy file changed its length")


def _write_header(file: IO[bytes], shape: tuple[int, ...]) -> int:
    """Write a .npy header and return its length, which NumPy keeps the same while the first axis grows."""
    header: dict[str, Any] = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.tell()


def _summary(skipped: dict[str, list[str]]) -> str:
    return ", ".join(f"{len(names)} {reason}" for reason, names in skipped.items())


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock file, so that of two processes one builds and the other waits and finds it built."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sync(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
