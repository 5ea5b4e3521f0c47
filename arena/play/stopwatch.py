"""Where a worker's time goes, and what it takes of the machine."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_MEGABYTE = 1024 if sys.platform == "linux" else 1024**2
"""A megabyte in the unit in which the system tells the memory of a process."""


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
        self._cpu = 0.0

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a block under a name."""
        start, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - start
            self._cpu += time.process_time() - cpu

    def read(self) -> dict[str, float]:
        """The seconds since the last reading."""
        seconds, self._seconds, self._cpu = self._seconds, {}, 0.0
        return seconds

    def usage(self) -> dict[str, float]:
        """What the machine gave to what was timed since the last reading, in MLflow's words.

        `cpu_seconds` are those of all threads, and their share of the time that passed is 100 for one core.
        `peak_memory_megabytes` is the most that the process has ever held, `gpu_peak_memory_megabytes` the most that
        its tensors took since somebody asked, where it computes on a GPU.
        """
        passed = sum(self._seconds.values())
        used = {"cpu_seconds": self._cpu, "cpu_utilization_percentage": 100 * self._cpu / passed if passed else 0.0}
        used["peak_memory_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE
        return used | _gpu_usage()


def _gpu_usage() -> dict[str, float]:
    cuda = sys.modules["torch"].cuda if "torch" in sys.modules else None  # who computes there has imported it
    if cuda is None or not cuda.is_initialized():
        return {}
    devices = range(cuda.device_count())
    peak = sum(cuda.max_memory_allocated(device) for device in devices) / 1024**2
    for device in devices:
        cuda.reset_peak_memory_stats(device)
    return {"gpu_peak_memory_megabytes": peak}
