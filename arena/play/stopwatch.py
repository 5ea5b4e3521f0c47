"""Where a worker's time goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up seconds by name until it is read.

    >>> watch = Stopwatch()
    >>> with watch("train"):
    ...     pass
    >>> sorted(watch.read()), watch.read()
    (['train'], {})
    """

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a block under a name."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - start

    def read(self) -> dict[str, float]:
        """The seconds since the last reading."""
        seconds, self._seconds = self._seconds, {}
        return seconds
