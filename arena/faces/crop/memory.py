"""Out of memory is no answer: told apart from what networks and readers otherwise raise, and put off."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from arena.types import ArenaError

_SIGNS = ("out of memory", "allocate memory", "bad_alloc", "alloc_failed", "could not create a memory object")
"""How torch, CUDA and their libraries say it in a RuntimeError, in small letters."""


class OutOfMemory(ArenaError):  # noqa: N818 - what has happened
    """There is not enough memory to look at an image."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of Python, torch or a library below it says that memory has run out."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(sign in text for sign in _SIGNS))


@contextmanager
def enough_memory(what: str) -> Iterator[None]:
    """Turn such an error within the block into OutOfMemory. `what`: was to be done, as in 'judge the photo'."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemory(f"there is not enough memory to {what}") from error


def give_back() -> None:
    """Give the system what was freed; does nothing where the C library knows no such thing.

    The GNU C library keeps freed pieces of megabytes between those in use, and networks ask for pieces of another size
    with every number of faces, so a process that goes on and on takes more than twice what it uses.
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
