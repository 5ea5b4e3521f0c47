"""A team's worker. Its own module, because a worker imports what it needs and no more: imports are its start-up."""

from __future__ import annotations

import os
from typing import Any

import ray

from arena.play.seats import Seat


class WatchedSeat(Seat):
    """A seat whose progress can be asked for while it trains."""

    @ray.method(concurrency_group="watch")  # type: ignore[untyped-decorator]
    def progress(self) -> Any:
        """See `Seat.progress`."""
        return super().progress()

    @ray.method(concurrency_group="watch")  # type: ignore[untyped-decorator]
    def pid(self) -> int:
        """The worker's process id."""
        return os.getpid()
