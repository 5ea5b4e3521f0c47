"""A generator trained alone on real faces until it has seen so many images: no detector, no exam."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arena import locks, registry
from arena.play.seats import Seat
from arena.snapshot import read_snapshot, to_chunks
from arena.store.disk import readable_errors, replace_file
from arena.training.ground import MAKERS, Ground
from arena.training.kept import keep, recall
from arena.training.steady import SteadySeat
from arena.types import ArenaError, OnProgress, Snapshot, ignore_progress

STRIDE = 10_000
"""Images after which a generator in training is put on the disk."""


@dataclass(frozen=True)
class Growth:
    """A generator to be trained: who, for how many images, with which options, by which seed."""

    name: str
    images: int
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


def is_grown(name: str) -> bool:
    """Whether a generator has to be trained for long before its fakes are worth anything. Raises ArenaError."""
    return any(option.name == "batch" for option in registry.find("generator", name).declared)


def grow(
    ground: Ground,
    growth: Growth,
    path: Path,
    on_progress: OnProgress = ignore_progress,
    on_event: Callable[[str], None] = lambda text: None,
) -> Snapshot:
    """The snapshot at `path`, which is trained on the makers' faces when it is not there, going on where it stopped.

    By one process at a time; whoever wants the same one waits for it. Raises ArenaError, also for a contender that is
    not trained in steps.
    """
    if path.exists():
        return read_snapshot(path)
    if not is_grown(growth.name):
        raise ArenaError(f"{growth.name} is not trained in steps; name it without a number of images")
    lock = path.with_suffix(".lock")
    with readable_errors(f"the folder {path.parent}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    if locks.is_held(lock):
        on_event(f"another process trains this {growth.name}: waiting for it")
    with locks.hold(lock):
        if not path.exists():
            _train(ground, growth, path, on_progress, on_event)
        lock.unlink(missing_ok=True)
    return read_snapshot(path)


def _train(
    ground: Ground, growth: Growth, path: Path, on_progress: OnProgress, on_event: Callable[[str], None]
) -> None:
    options = registry.find("generator", growth.name).options(growth.options)
    options = dataclasses.replace(options, steps=max(1, min(STRIDE, growth.images) // options.batch))
    rounds = max(1, round(growth.images / (options.steps * options.batch)))

    brief = ground.brief("generator", growth.name, growth.seed)
    faces = ground.parts[MAKERS]
    team = Seat("generator", growth.name, dataclasses.asdict(options), brief, faces, on_progress)
    seat, state = SteadySeat(team, on_event), path.with_suffix(".state")
    known = recall(state)
    if known is not None:
        seat.restore(known.state)
    for number in range(1 if known is None else known.about["round"] + 1, rounds + 1):
        seat.train(number)
        keep(state, seat.latest.state, {"round": number})
    with readable_errors(f"the folder {path.parent}"):
        replace_file(path, to_chunks(dataclasses.replace(seat.latest.snapshot, round=rounds)))
        state.unlink(missing_ok=True)
