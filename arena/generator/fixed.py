"""A generator that learns nothing: what it plays follows from its options, and a round changes only a count."""

from __future__ import annotations

import dataclasses
from typing import Any, Generic, TypeVar

import numpy as np

from arena.types import Brief, Generator, Material, Snapshot, State, Training, ignore_progress

O = TypeVar("O")  # noqa: E741


class FixedGenerator(Generator, Generic[O]):
    """What generators share that have nothing to train. A contender says what it generates."""

    def __init__(self, options: O, brief: Brief) -> None:
        self.options: Any = options
        self.brief = brief
        self.on_progress = ignore_progress
        self.rounds = 0
        """Rounds it has been asked to train for."""

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        """See `types.Team.train`: no step is taken."""
        self.rounds += 1
        return Training(steps=0, images=0, seconds=0.0, losses={}, learning_rate_scale=learning_rate_scale)

    def state(self) -> State:
        """See `types.Team.state`."""
        return {"rounds": np.array(self.rounds, np.int64)}

    def restore(self, state: State) -> None:
        """See `types.Team.restore`."""
        self.rounds = int(state["rounds"])

    def snapshot(self, round: int) -> Snapshot:
        """See `types.Team.snapshot`: its options say it all."""
        options = dataclasses.asdict(self.options)
        return Snapshot(self.role, self.contender, options, self.brief.image_size, round, weights={})

    def load(self, snapshot: Snapshot) -> None:
        """See `types.Team.load`."""
