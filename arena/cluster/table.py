"""Seats both teams and the referee as actors and waits for them.

Actors are disposable. A worker that dies raises Lost; the match then leaves this table, sets a new one and gives the
teams back what they handed in after the last acknowledged round. Ray's own restart is not used: it would run the
constructor again and lose the state, so the match would have to do the same work in a second way.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import (
    OutOfMemoryError,
    RayActorError,
    RayError,
    RayTaskError,
    UnserializableException,
)
from ray.util.placement_group import remove_placement_group
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy, PlacementGroupSchedulingStrategy

from arena import children
from arena.cluster.environment import prepare_environment
from arena.cluster.waiting import FOR_EVER, Patience, gpu_share, gpus, reserved
from arena.cluster.worker import WatchedSeat
from arena.play.desk import Desk
from arena.play.table import Setup
from arena.types import ArenaError, Lost, OnProgress, Role, ignore_progress

TICK = 0.25
"""Seconds between two looks at the progress of the teams."""
KNOCK = 10.0
"""Seconds in which somebody has to answer at the address of a cluster. Ray itself would try for minutes."""


@contextlib.contextmanager
def connected(address: str = "local") -> Iterator[None]:
    """A Ray cluster for the length of the block: a fresh one on this machine, or the one at `address`.

    Raises ArenaError when it cannot be reached or started, or is lost within the block.
    """
    _knock(address)
    prepare_environment(address)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}
    if address == "local":
        # Two trainings need two CPUs' worth of slots even where there is one core.
        options |= {"include_dashboard": False, "num_cpus": max(os.cpu_count() or 1, 2)}
    try:
        with contextlib.chdir(children.NOWHERE):  # where Ray's processes stay, and what its workers import from first
            ray.init(address=address, **options)
    except Exception as error:  # Ray raises just that when a node takes too long to start
        raise ArenaError(f"no Ray cluster at {address!r}: {str(error).splitlines()[0]}") from error
    # What Ray has to say about a worker that died, among much else, is said by the match in one sentence of its own.
    ray._private.worker._worker_logs_enabled = False
    try:
        yield
    except ConnectionError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ArenaError(f"the Ray cluster at {address!r} is gone ({reason}); resume when it is back") from error
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raise ArenaError where nobody answers at a cluster's HOST:PORT; words that only Ray knows are left to it."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), KNOCK).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ArenaError(f"no Ray cluster at {address!r}: {reason}") from error


def on_worker(function: Callable[..., Any], *args: Any, num_gpus: float = 0.0, patience: Patience) -> Any:
    """Run a function where a team would run. Raises ArenaError when no place gets free in time."""
    answer = ray.remote(num_cpus=1, num_gpus=num_gpus)(function).remote(*args)
    patience.wait(lambda seconds: bool(ray.wait([answer], timeout=seconds)[0]), 1, num_gpus)
    return ray.get(answer)


class _Remote:
    """A handle whose methods return references at once."""

    def __init__(self, actor: Any) -> None:
        self.actor = actor

    def __getattr__(self, name: str) -> Callable[..., Any]:
        remote: Callable[..., Any] = getattr(self.actor, name).remote
        return remote


@dataclass
class RayTable:
    """Both teams and the referee as Ray actors: one worker and one thread each on CPUs, a GPU or a share of one."""

    setup: Setup
    on_progress: OnProgress = ignore_progress
    patience: Patience = FOR_EVER

    def __post_init__(self) -> None:
        setup = self.setup
        self._gpu = gpu_share(gpus()) if setup.device.startswith("cuda") else 0.0
        self._places = reserved(self._gpu, self.patience)
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        # The referee reads and writes the home, so it sits where the home is. It works while the teams wait.
        referee = ray.remote(num_cpus=0, scheduling_strategy=here, max_restarts=0)(Desk)
        desk = (setup.root, setup.match, setup.config, setup.faces, None, setup.known, setup.fakes_are)
        self.referee = _Remote(referee.remote(*desk))
        self.generator, self.detector = self._seat("generator"), self._seat("detector")

    def _seat(self, role: Role) -> _Remote:
        options: dict[str, Any] = {"num_cpus": 1, "num_gpus": self._gpu, "max_restarts": 0, "max_task_retries": 0}
        options["concurrency_groups"] = {"watch": 1}
        options["scheduling_strategy"] = PlacementGroupSchedulingStrategy(self._places)
        team = ray.remote(**options)(WatchedSeat)
        brief, faces = self.setup.brief(role), self.referee.faces(role)
        return _Remote(team.remote(role, *self.setup.choice(role), brief, faces))

    def settle(self, value: Any) -> Any:
        """Wait for a reference and pass on the progress of the teams meanwhile."""
        try:
            while not ray.wait([value], timeout=TICK)[0]:
                self._watch()
            return ray.get(value)
        except RayError as error:
            raise _what_happened(error) from error

    def leave(self) -> None:
        """End the actors; their state is on disk."""
        for seat in (self.generator, self.detector, self.referee):
            with contextlib.suppress(RayError, ValueError, ConnectionError):
                ray.kill(seat.actor)
        with contextlib.suppress(RayError, ValueError, ConnectionError):
            remove_placement_group(self._places)

    def pids(self) -> dict[str, int]:
        """Process ids of the workers by seat, for those who measure them."""
        seats = {"generator": self.generator, "detector": self.detector, "referee": self.referee}
        return {name: ray.get(seat.pid()) for name, seat in seats.items()}

    def _watch(self) -> None:
        if self.on_progress is ignore_progress:
            return
        for seat in (self.generator, self.detector):
            with contextlib.suppress(RayError):
                progress = ray.get(seat.progress(), timeout=1)
                if progress is not None:
                    self.on_progress(progress)


def _what_happened(error: RayError) -> Exception:
    """What a worker raised, as itself, or as an ArenaError where it cannot be had; Lost when the worker is gone."""
    cause = error.cause if isinstance(error, RayTaskError) else error
    if not isinstance(cause, RayError):
        return cause if isinstance(cause, Exception) else ArenaError(_last_line(error))
    # Workers pass on what can be read where they are; but here the module of an error may be missing.
    raised = type(cause) is RayError or isinstance(cause, UnserializableException)
    if raised or (isinstance(cause, RayActorError) and cause.actor_init_failed):
        return ArenaError(_last_line(error))
    text = " ".join(str(cause).split())
    workers = {WatchedSeat.__name__: "a team's worker", Desk.__name__: "the referee's worker"}
    who = next((worker for name, worker in workers.items() if name in text), None)
    if isinstance(cause, OutOfMemoryError) or "running low on memory" in text:
        return Lost(f"{who or 'a worker'} was ended by Ray because its machine is nearly out of memory")
    return Lost(f"{who} died" if who else f"a worker was lost ({type(cause).__name__})")


def _last_line(error: Exception) -> str:
    """How a traceback ends: with the type, without its module, and the words of what was raised."""
    name, colon, words = str(error).strip().splitlines()[-1].strip().partition(": ")
    return name.rpartition(".")[2] + colon + words
