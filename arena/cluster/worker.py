"""A team's worker. Its own module, because a worker imports what it needs and no more: imports are its start-up."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from typing import Any, TypeVar

import ray
from ray import cloudpickle

from arena.play.seats import Seat
from arena.types import ArenaError

C = TypeVar("C", bound=type)


def passing_on(cls: C) -> C:
    """Let every method raise only what can be read at the other end.

    Ray itself loses an error that cannot be pickled or read again, or the worker with it; some that were written by
    others cannot.
    """
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if not name.startswith("_") or name == "__init__":
            setattr(cls, name, _passing_on(method))
    return cls


def _passing_on(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def passing(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except (Exception, SystemExit) as error:
            raise sendable(error) from None

    return passing


def sendable(error: BaseException) -> BaseException:
    """The error, if it comes out of a pickle as what it is; else its type and last line as an ArenaError."""
    try:
        copy = cloudpickle.loads(cloudpickle.dumps(error))
    except Exception:  # whatever a stranger's class does when it is pickled, here or below
        copy = None
    if type(copy) is type(error) and isinstance(error, Exception):
        return error
    try:
        words = str(error).strip().splitlines()
    except Exception:
        words = []
    return ArenaError(": ".join([type(error).__name__, *words[-1:]]))


@passing_on
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
