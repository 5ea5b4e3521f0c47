"""Free places in a cluster: how many there are, and waiting for them with a word to who waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import ray
from ray.util.placement_group import PlacementGroup, placement_group, remove_placement_group

from arena.types import ArenaError

SEATS = 2
"""Places that a match takes: one a team. The referee sits where the home is and needs none."""
SILENT_SECONDS = 2.0
"""What a cluster with free places may take to give them, before somebody is told that there are none."""
LOOK_SECONDS = 1.0
"""Between two looks whether there is a place; an interrupt is heard at once nevertheless."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for a free place. `seconds`: None for as long as it takes. `say`: told once what is missing."""

    seconds: float | None = None
    say: Callable[[str], None] = lambda text: None

    def wait(self, is_there: Callable[[float], bool], cpus: int, gpus: float) -> None:
        """Wait until `is_there` is true, which may take the given seconds to find out and is asked at least once.

        `cpus`, `gpus`: what is waited for, to say so. Raises ArenaError when patience is at its end.
        """
        start, told = time.monotonic(), False
        while not is_there(LOOK_SECONDS):
            waited = time.monotonic() - start
            if self.seconds is not None and waited >= self.seconds:
                raise ArenaError(f"after {self.seconds:g} seconds there are still no {_missing(cpus, gpus)}")
            if waited >= SILENT_SECONDS and not told:
                self.say(f"waits for {_missing(cpus, gpus)}")
                told = True


FOR_EVER = Patience()


def gpus() -> int:
    """GPUs of the cluster, counted before anything asks for one: a request nobody can meet waits for ever."""
    return int(ray.cluster_resources().get("GPU", 0))


def gpu_share(count: int) -> float:
    """GPUs for each team: one each if there are two, half a one each if they share it."""
    return 1.0 if count >= 2 else 0.5 if count == 1 else 0.0


def free_matches() -> int:
    """How many more matches find free places in the cluster now: two CPUs each, and GPUs where it has any."""
    free, share = ray.available_resources(), gpu_share(gpus())
    by_cpu = int(free.get("CPU", 0) // SEATS)
    return min(by_cpu, int(free.get("GPU", 0) // (SEATS * share))) if share else by_cpu


def reserved(gpu: float, patience: Patience) -> PlacementGroup:
    """The places of both teams, had together: two matches that got one each would wait for each other for ever.

    `gpu`: GPUs for each team. Raises ArenaError when patience is at its end.
    """
    places = placement_group([{"CPU": 1} | ({"GPU": gpu} if gpu else {})] * SEATS, strategy="PACK")
    try:
        patience.wait(places.wait, SEATS, SEATS * gpu)
    except BaseException:
        remove_placement_group(places)
        raise
    return places


def _missing(cpus: int, gpus: float) -> str:
    """What is missing, as in '2 free CPUs and 1 free GPU in the cluster (0 of 8 and 0 of 1 are free)'."""
    free, whole = ray.available_resources(), ray.cluster_resources()
    wanted = [(cpus, "CPU")] + [(gpus, "GPU")] * (gpus > 0)
    needs = " and ".join(f"{number:g} free {kind}{'s' * (number != 1)}" for number, kind in wanted)
    counts = " and ".join(f"{free.get(kind, 0):g} of {whole.get(kind, 0):g}" for _, kind in wanted)
    return f"{needs} in the cluster ({counts} are free)"
