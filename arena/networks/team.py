"""A team made of networks: one state, one snapshot, however many there are."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from torch import nn

from arena.networks.trainable import Trainable
from arena.networks.training import Course, seeded
from arena.seeds import derive
from arena.types import ArenaError, Brief, Role, Snapshot, State, ignore_progress

O = TypeVar("O")  # noqa: E741


class NetworkTeam(ABC, Generic[O]):
    """What all teams of networks share. A team says how to build them, which of them play, and how they train.

    `counters` are numbers that belong to the state, such as images seen; `extra` those that belong to the snapshot.
    """

    role: ClassVar[Role]
    Options: ClassVar[Any]
    contender: ClassVar[str]
    plays: ClassVar[tuple[str, ...] | None] = None
    """Names of the networks that are in a snapshot; None for all of them."""
    captures: ClassVar[bool] = True
    """Whether a training step can be one CUDA graph: the same operations on the same memory in every step."""

    def __init__(self, options: O, brief: Brief) -> None:
        self.options, self.brief = options, brief
        self.on_progress = ignore_progress
        self.images = 0
        """Training images seen in the match so far."""
        with seeded(derive(brief.seed, "weights"), brief.device):
            self.trainables = self.build()

    @abstractmethod
    def build(self) -> dict[str, Trainable]:
        """Every network of the team with its optimiser, by name; a player builds those that play."""

    def networks(self) -> dict[str, nn.Module]:
        """The networks in training, by name."""
        return {name: trainable.network for name, trainable in self.trainables.items()}

    def extra(self) -> dict[str, float]:
        """What a snapshot holds beside weights, such as an alarm threshold."""
        return {}

    def take_extra(self, extra: Mapping[str, float]) -> None:
        """Take over what `extra` gave."""

    def begin_training(self, learning_rate_scale: float) -> None:
        """Put every network into training mode, with `scale` times its learning rate."""
        for trainable in self.trainables.values():
            trainable.scale_learning_rate(learning_rate_scale)
            trainable.network.train()

    def course(self, round: int, steps: int, batch: int, learning_rate_scale: float) -> Course:
        """The course of a round of training on this team's device."""
        captures = self.captures and self.brief.device.startswith("cuda")
        return Course(self.role, round, steps, batch, self.images, learning_rate_scale, self.brief.device, captures)

    def is_finite(self) -> bool:
        """Whether every weight and every buffer of every network is a finite number."""
        return all(trainable.is_finite() for trainable in self.trainables.values())

    def state(self) -> State:
        """See `types.Team.state`."""
        counters = {"images": np.array(self.images, np.int64)}
        counters |= {name: np.array(value) for name, value in self.extra().items()}
        return joined({name: trainable.state() for name, trainable in self.trainables.items()}) | counters

    def restore(self, state: State) -> None:
        """See `types.Team.restore`."""
        for name, trainable in self.trainables.items():
            trainable.restore(_network(state, name))
        self.images = int(state["images"])
        self.take_extra({name: float(state[name]) for name in self.extra() if name in state})

    def snapshot(self, round: int) -> Snapshot:
        """See `types.Team.snapshot`."""
        weights = {name: self.trainables[name].weights() for name in self._players()}
        return Snapshot(
            role=self.role,
            contender=self.contender,
            options=dataclasses.asdict(self.options),  # type: ignore[call-overload]
            image_size=self.brief.image_size,
            round=round,
            weights=joined(weights),
            extra=self.extra(),
        )

    def load(self, snapshot: Snapshot) -> None:
        """See `types.Team.load`."""
        for name in self._players():
            self.trainables[name].load_weights(_network(snapshot.weights, name))
        self.take_extra(snapshot.extra)

    def _players(self) -> tuple[str, ...]:
        return tuple(self.trainables) if self.plays is None else self.plays


def joined(parts: Mapping[str, State]) -> State:
    """The arrays of several parts as one state: each name has its part and a slash in front."""
    return {f"{part}/{name}": array for part, arrays in parts.items() for name, array in arrays.items()}


def part_of(arrays: Mapping[str, Any], part: str) -> State:
    """The arrays of one part of what `joined` made; empty when it has none."""
    return {name[len(part) + 1 :]: array for name, array in arrays.items() if name.startswith(f"{part}/")}


def _network(arrays: Mapping[str, Any], name: str) -> State:
    found = part_of(arrays, name)
    if not found:
        raise ArenaError(f"these weights belong to another contender: there are none for its network {name!r}")
    return found
