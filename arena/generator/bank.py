"""Real faces that a contender keeps at hand, because its fakes are made of them."""

from __future__ import annotations

import dataclasses
import time
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from arena.seeds import derive, rng
from arena.types import (
    ArenaError,
    Brief,
    Faces,
    FakesAre,
    Generator,
    Identities,
    Images,
    Knowledge,
    Material,
    Points,
    Progress,
    Snapshot,
    State,
    Training,
    ignore_progress,
)

_NAMES = ("images", "identities", "points")


@dataclass(frozen=True, eq=False)
class FaceBank:
    """Some real faces, which a snapshot carries along: what is loaded from it needs no other faces.

    `images`: uint8 `[N, S, S, 3]`. `identities`: int64 `[N]`. `points`: float32 `[N, 5, 2]`, NaN where unknown.
    """

    images: Images
    identities: Identities
    points: Points

    def __len__(self) -> int:
        return len(self.images)

    @classmethod
    def choose(cls, faces: Faces, n: int, seed: int, *, with_points: bool = False) -> FaceBank:
        """At most `n` of the faces, of as many people as can be; `with_points`: only those with all five landmarks."""
        points = faces.points
        if points is None:
            points = np.full((len(faces), 5, 2), np.nan, np.float32)
        usable = np.flatnonzero(np.isfinite(points).all((1, 2))) if with_points else np.arange(len(faces))
        drawn = rng(seed, "bank").permutation(usable)
        chosen = np.sort(drawn[np.argsort(_turn(faces.identities[drawn]), kind="stable")[:n]])
        return cls(np.array(faces.images[chosen]), faces.identities[chosen].astype(np.int64), points[chosen])

    @classmethod
    def empty(cls, size: int) -> FaceBank:
        """A bank without faces, for images of `size` pixels."""
        nothing = np.empty((0, 5, 2), np.float32)
        return cls(np.empty((0, size, size, 3), np.uint8), np.empty(0, np.int64), nothing)

    def arrays(self) -> State:
        """As arrays of a state or a snapshot, named `bank/...`."""
        return {f"bank/{name}": getattr(self, name) for name in _NAMES}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> FaceBank:
        """What `arrays` gave, maybe among others. Raises ArenaError when it is not there."""
        if missing := [name for name in _NAMES if f"bank/{name}" not in arrays]:
            raise ArenaError(f"these weights belong to another contender: there are no {missing[0]} of a bank of faces")
        return cls(*(np.asarray(arrays[f"bank/{name}"]) for name in _NAMES))


def _turn(identities: Identities) -> npt.NDArray[np.int64]:
    """Of each face the how manieth of its person it is, int64 `[N]` from 0."""
    order = np.argsort(identities, kind="stable")
    first = np.r_[True, np.diff(identities[order]) != 0]
    place = np.arange(len(identities))
    turn = np.empty(len(identities), np.int64)
    turn[order] = place - np.maximum.accumulate(np.where(first, place, 0)) if len(place) else 0
    return turn


@dataclass(frozen=True)
class BankOptions:
    """Options of contenders that make their fakes of real faces."""

    bank: int = 400
    """Real faces kept at hand in a round, of as many people as can be; every round draws others."""

    def __post_init__(self) -> None:
        if self.bank < 2:
            raise ValueError(f"bank must be at least 2 faces, not {self.bank}")


O = TypeVar("O", bound=BankOptions)  # noqa: E741


class BankTeam(Generator, Generic[O]):
    """A generator without a network, whose fakes are made of Team A's own faces. A contender says how.

    `numbers` are arrays that it has learnt and that play, such as the counts of a bandit: they are in its state and in
    its snapshots.
    """

    Options: ClassVar[Any] = BankOptions
    fakes_are: FakesAre = "composite"

    def __init__(self, options: O, brief: Brief) -> None:
        self.options, self.brief = options, brief
        self.on_progress = ignore_progress
        self.images = 0
        """Real faces that were at hand in the match so far."""
        self.bank = FaceBank.empty(brief.image_size)

    @abstractmethod
    def make(self, n: int, seed: int) -> Images:
        """`n` fakes of the bank's faces, uint8 `[n, S, S, 3]`; there is at least one."""

    def learn(self, round: int, material: Material) -> tuple[Knowledge, str, Mapping[str, float]]:
        """Learn from what a round offers, with the new bank; returns knowledge, why and losses as in `Training`."""
        return "none", "", {}

    def numbers(self) -> State:
        """What it has learnt."""
        return {}

    def take_numbers(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what `numbers` gave, maybe among others."""

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        """See `types.Team.train`: another bank of faces, and whatever the contender learns with it."""
        begin = time.monotonic()
        seed = derive(self.brief.seed, "bank", round)
        self.bank = FaceBank.choose(material.faces, self.options.bank, seed, with_points=self.needs_points)
        self.images += len(self.bank)
        knowledge, why, losses = self.learn(round, material)
        seconds = time.monotonic() - begin
        self.on_progress(Progress(self.role, round, 1, 1, len(self.bank) / max(seconds, 1e-9), losses))
        return Training(1, self.images, seconds, losses, (), learning_rate_scale, knowledge, why)

    def generate(self, n: int, seed: int) -> Images:
        """See `types.Generator.generate`. Noise as long as there is no face to make a fake of."""
        if not len(self.bank):
            size = self.brief.image_size
            return rng(seed, "noise").integers(0, 256, (n, size, size, 3)).astype(np.uint8)
        return self.make(n, seed)

    def state(self) -> State:
        """See `types.Team.state`."""
        return self._plays() | {"images": np.array(self.images, np.int64)}

    def restore(self, state: State) -> None:
        """See `types.Team.restore`."""
        self._take(state)
        self.images = int(state["images"])

    def snapshot(self, round: int) -> Snapshot:
        """See `types.Team.snapshot`: the bank itself, so that a player has what it needs."""
        options = dataclasses.asdict(self.options)
        return Snapshot(self.role, self.contender, options, self.brief.image_size, round, self._plays())

    def load(self, snapshot: Snapshot) -> None:
        """See `types.Team.load`."""
        self._take(snapshot.weights)

    def _plays(self) -> State:
        return self.bank.arrays() | {name: array.copy() for name, array in self.numbers().items()}

    def _take(self, arrays: State) -> None:
        self.bank = FaceBank.from_arrays(arrays)
        self.take_numbers(arrays)
