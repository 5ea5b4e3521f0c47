"""Seats both teams and the referee as actors and waits for them.

Actors are disposable. A worker that dies raises Lost; the match then leaves this table, sets a new one and gives the
teams back what they handed in after the last acknowledged round. Ray's own restart is not used: it would run the
constructor again and lose the state, so the match would have to do the same work in a second way.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from arena.cluster.environment import prepare_environment
from arena.cluster.worker import WatchedSeat
from arena.play.desk import Desk
from arena.play.table import Setup
from arena.types import ArenaError, Lost, OnProgress, Role, ignore_progress

TICK = 0.25
"""Seconds between two looks at the progress of the teams."""


@contextlib.contextmanager
def connected(address: str = "local") -> Iterator[None]:
    """A Ray cluster for the length of the block: a fresh one on this machine, or the one at `address`.

    Raises ArenaError when it cannot be reached or started, or is lost within the block.
    """
    prepare_environment(address)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}
    if address == "local":
        # Two trainings need two CPUs' worth of slots even where there is one core.
        options |= {"include_dashboard": False, "num_cpus": max(os.cpu_count() or 1, 2)}
    try:
        ray.init(address=address, **options)
    except Exception as error:  # Ray raises just that when a node takes too long to start
        raise ArenaError(f"no Ray cluster at {address!r}: {str(error).splitlines()[0]}") from error
    try:
        yield
    except ConnectionError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ArenaError(f"the Ray cluster at {address!r} is gone ({reason}); resume when it is back") from error
    finally:
        ray.shutdown()


def gpus() -> int:
    """GPUs of the cluster, counted before anything asks for one: a request nobody can meet waits for ever."""
    return int(ray.cluster_resources().get("GPU", 0))


def gpu_share(count: int) -> float:
    """GPUs for each team: one each if there are two, half a one each if they share it."""
    return 1.0 if count >= 2 else 0.5 if count == 1 else 0.0


def on_worker(function: Callable[..., Any], *args: Any, num_gpus: float = 0.0) -> Any:
    """Run a function where a team would run."""
    return ray.get(ray.remote(num_cpus=1, num_gpus=num_gpus)(function).remote(*args))


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

    def __post_init__(self) -> None:
        setup = self.setup
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        # The referee reads and writes the home, so it sits where the home is. It works while the teams wait.
        referee = ray.remote(num_cpus=0, scheduling_strategy=here, max_restarts=0)(Desk)
        desk = (setup.root, setup.match, setup.config, setup.faces, None, setup.known)
        self.referee = _Remote(referee.remote(*desk))
        self.generator, self.detector = self._seat("generator"), self._seat("detector")
        self.referee.rehearse()

    def _seat(self, role: Role) -> _Remote:
        options: dict[str, Any] = {"num_cpus": 1, "max_restarts": 0, "max_task_retries": 0}
        options["concurrency_groups"] = {"watch": 1}
        if self.setup.device.startswith("cuda"):
            options["num_gpus"] = gpu_share(gpus())
        team = ray.remote(**options)(WatchedSeat)
        brief, faces = self.setup.brief(role), self.referee.faces(role)
        return _Remote(team.remote(role, *self.setup.choice(role), brief, faces))

    def settle(self, value: Any) -> Any:
        """Wait for a reference and pass on the progress of the teams meanwhile."""
        try:
            while not ray.wait([value], timeout=TICK)[0]:
                self._watch()
            return ray.get(value)
        except RayTaskError as error:
            cause = error.cause
            if isinstance(cause, RayActorError):
                raise Lost(_who_died(cause)) from cause
            raise (cause if isinstance(cause, Exception) else error) from error
        except RayError as error:
            raise Lost(_who_died(error)) from error

    def leave(self) -> None:
        """End the actors; their state is on disk."""
        for seat in (self.generator, self.detector, self.referee):
            with contextlib.suppress(RayError, ValueError, ConnectionError):
                ray.kill(seat.actor)

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


def _who_died(error: BaseException) -> str:
    text = " ".join(str(error).split())
    for seat in ("WatchedSeat", "Desk"):
        if seat in text:
            return "a team's worker died" if seat == "WatchedSeat" else "the referee's worker died"
    return f"a worker was lost ({type(error).__name__})"
