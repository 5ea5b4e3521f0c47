"""Out of memory is no answer: told apart from what networks and readers otherwise raise."""

from __future__ import annotations

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
