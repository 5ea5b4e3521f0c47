"""Files that outlast a crash and never were in memory as a whole: arrays as chunks, and what has to be synced.

Safetensors: eight bytes with the length of a JSON header, the header, then the arrays end to end, little-endian.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Content = bytes | Iterable[bytes | memoryview]
"""What a file is to hold. Chunks can be gone through once."""
_KINDS = {"b": "BOOL", "u": "U{bits}", "i": "I{bits}", "f": "F{bits}"}
_ALIGNMENT = 8


def sync(file: IO[Any]) -> None:
    """Put what was written on the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def safetensors_chunks(
    arrays: Mapping[str, Array], metadata: Mapping[str, str] | None = None
) -> Iterator[bytes | memoryview]:
    """The content of a safetensors file. Equal arrays give equal bytes, whatever their order."""
    # The widest types first, so that every array starts at a multiple of its item size.
    ordered = sorted(arrays.items(), key=lambda item: (-item[1].dtype.itemsize, item[0]))
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    end = 0
    for name, array in ordered:
        start, end = end, end + array.nbytes
        header[name] = {"dtype": _dtype_name(array.dtype), "shape": array.shape, "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    yield len(text).to_bytes(8, "little") + text
    for _, array in ordered:
        yield _bytes_of(array)


def npy_chunks(array: Array) -> Iterator[bytes | memoryview]:
    """The content of a `.npy` file."""
    array = np.ascontiguousarray(array)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array))
    yield header.getvalue()
    yield _bytes_of(array)


def _dtype_name(dtype: np.dtype[Any]) -> str:
    if dtype.kind not in _KINDS:
        raise ValueError(f"a safetensors file cannot hold {dtype}")
    return _KINDS[dtype.kind].format(bits=8 * dtype.itemsize)


def _bytes_of(array: Array) -> memoryview:
    """The array's memory, without a copy where it is in order."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return little.reshape(-1).view(np.uint8).data
