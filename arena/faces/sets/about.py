"""What takes long to find out about a set of faces: found out when first asked for, then read from a file.

The files lie in a folder that can be written to, under a key of the content, so a pack may be moved, read-only or
packed again: `faces-KEY.people.npy`, `faces-KEY.points.npy`, `faces-KEY.framing.json`.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from arena.faces.framing import Finds, Framing, landmarks, measure
from arena.faces.sets.leaks import join_near_duplicates
from arena.faces.sets.packed import FaceSet
from arena.faces.sets.split import Index
from arena.files import sync, sync_folder
from arena.locks import hold
from arena.types import ArenaError

T = TypeVar("T")
S = TypeVar("S", bound=np.generic)


def joined_identities(faces: FaceSet, folder: Path) -> Index:
    """Who each face shows, int64 `[N]`, where people who share a near-duplicate photo count as one."""

    def join() -> bytes:
        return _npy(join_near_duplicates(faces.images, faces.identities))

    return _kept(faces, folder, "people.npy", join, lambda data: _array(data, (len(faces.images),), np.int64))


def framing_of(faces: FaceSet, folder: Path, finder: Callable[[], Finds]) -> Framing | None:
    """Where the faces lie, as the source said or as `finder()` finds; None where it finds none."""
    if faces.framing is not None:
        return faces.framing

    def look() -> bytes:
        found = measure(faces.images, finder())
        return json.dumps(found and found.to_json()).encode()

    def read(data: bytes) -> Framing | None:
        values = json.loads(data)
        return values and Framing.from_json(values)

    return _kept(faces, folder, "framing.json", look, read)


def points_of(faces: FaceSet, folder: Path, finder: Callable[[], Finds]) -> npt.NDArray[np.float32]:
    """Five landmarks of each face, float32 `[N, 5, 2]`, (x, y) in its pixels; NaN where `finder()` finds none."""
    return _kept(
        faces,
        folder,
        "points.npy",
        lambda: _npy(landmarks(faces.images, finder())),
        lambda data: _array(data, (len(faces.images), 5, 2), np.float32),
    )


def _kept(faces: FaceSet, folder: Path, what: str, make: Callable[[], bytes], read: Callable[[bytes], T]) -> T:
    """What the file says, which is made when it is missing or damaged; of two processes one makes it.

    Raises ArenaError when the folder cannot be written to.
    """
    name = f"{hashlib.sha256(f'{faces.digest} {faces.index_digest}'.encode()).hexdigest()[:24]}.{what}"
    path, partial = folder / f"faces-{name}", folder / f".faces-{name}.partial"
    try:
        if path.exists() and (known := _read(path, read)):
            return known[0]
        folder.mkdir(parents=True, exist_ok=True)
        with hold(folder / f".{name}.lock"):
            if path.exists() and (known := _read(path, read)):
                return known[0]
            data = make()
            with partial.open("wb") as file:
                file.write(data)
                sync(file)
            partial.replace(path)
            sync_folder(folder)
            return read(data)
    except OSError as error:
        raise ArenaError(f"what is known about {faces.source} cannot be kept in {folder}: {error}") from error


def _read(path: Path, read: Callable[[bytes], T]) -> tuple[T] | None:
    try:
        return (read(path.read_bytes()),)
    except (ValueError, KeyError, TypeError, EOFError):
        return None


def _npy(array: npt.NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _array(data: bytes, shape: tuple[int, ...], dtype: type[S]) -> npt.NDArray[S]:
    array: npt.NDArray[S] = np.load(io.BytesIO(data), allow_pickle=False)
    if array.shape != shape or array.dtype != dtype:
        raise ValueError(f"{array.dtype} {array.shape} instead of {dtype} {shape}")
    return array
