"""Faces decoded once: a packed file under a key of the content, which appears under its name only when it is whole."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from arena.faces.decode import RECIPE
from arena.faces.sets.pack import OnImages, Packed, pack
from arena.faces.sets.packed import MAGIC, FaceSet, open_packed
from arena.faces.sources.opening import open_source
from arena.locks import hold
from arena.types import ArenaError

__all__ = ["SIZES", "FaceSet", "OnImages", "open_cache", "pack_file", "prepare"]

SIZES: Final = range(16, 1025)
"""Sides in pixels that faces can be resized to."""


def prepare(spec: str, cache_dir: Path, size: int = 64, on_progress: OnImages = lambda done, total: None) -> FaceSet:
    """Decode a source into the cache, or open what is there already for the same content and size.

    `spec`: as on the command line, see `open_source`; a packed file of the same size is opened where it lies. Every
    image is cut to its centred square and resized. Files that cannot be used, and images equal to an earlier one, are
    skipped and named in `FaceSet.skipped`. Raises ArenaError when the source does not exist, not one image of it can
    be used, or the cache cannot be written.
    """
    check_size(size)
    source = open_source(spec)
    if isinstance(source, Packed) and source.packed.images.shape[1] == size:
        return source.packed
    # The format is part of the key, so that what an older version packed is packed again and knows of its coding.
    key = hashlib.sha256(MAGIC + f"{RECIPE} {size} {source.fingerprint()}".encode()).hexdigest()[:24]
    path = cache_dir / f"faces-{key}.arena"
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with hold(cache_dir / f".{key}.lock"):  # of two processes one builds, the other waits and finds it built
            _sweep(cache_dir)
            return _opened(path) or pack(source, path, size, on_progress)
    except OSError as error:
        raise ArenaError(f"the faces of {spec!r} cannot be cached in {cache_dir}: {error}") from error


def pack_file(spec: str, path: Path, size: int = 64, on_progress: OnImages = lambda done, total: None) -> FaceSet:
    """Pack a source into a file of one's own. Raises ArenaError as `prepare` does, or when the file is a folder."""
    check_size(size)
    try:
        return pack(open_source(spec), path, size, on_progress)
    except OSError as error:
        raise ArenaError(f"the faces of {spec!r} cannot be packed into {path}: {error}") from error


def open_cache(path: Path) -> FaceSet:
    """Open `FaceSet.path` again, here or in another process. Raises ArenaError when it is missing or damaged."""
    return open_packed(path)


def check_size(size: int) -> None:
    """Raise ArenaError when faces cannot be resized to `size` pixels."""
    if size not in SIZES:
        raise ArenaError(f"the image size must be between {SIZES[0]} and {SIZES[-1]} pixels, not {size}")


def _opened(path: Path) -> FaceSet | None:
    """The finished cache at `path`; a damaged one counts as none and will be replaced."""
    try:
        return open_packed(path)
    except ArenaError:
        return None


def _sweep(cache_dir: Path) -> None:
    """Remove what killed processes left half-written: nobody holds its lock."""
    for partial in cache_dir.glob(".faces-*.partial"):
        key = partial.name.removeprefix(".faces-").removesuffix(".partial").removesuffix(".arena")
        with hold(cache_dir / f".{key}.lock", patience=0) as is_dead:
            if is_dead:
                partial.unlink(missing_ok=True)
