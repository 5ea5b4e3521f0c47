"""Contenders that play by a script, so that every verdict is known before the round."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from arena.registry import register
from arena.seeds import rng
from arena.types import (
    Answer,
    Brief,
    Detector,
    Diverged,
    Generator,
    Images,
    Material,
    Snapshot,
    Sources,
    State,
    Training,
    ignore_progress,
)


@dataclass(frozen=True)
class NoOptions:
    """A scripted contender has nothing to choose."""


@dataclass(frozen=True)
class StubbornOptions:
    """When a stubborn team diverges."""

    round: int = 1
    """The round in which it diverges."""
    healthy_scale: float = 0.0
    """The highest learning rate scale at which it does not."""


class Scripted:
    """What all scripted teams share: a counter as their whole state."""

    Options: ClassVar[Any] = NoOptions
    contender: ClassVar[str]

    def __init__(self, options: Any, brief: Brief) -> None:
        self.options, self.brief = options, brief
        self.on_progress = ignore_progress
        self.trained = 0

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        self.trained += 1
        return Training(1, self.trained, 0.0, {"nothing": 0.0}, learning_rate_scale=learning_rate_scale)

    def state(self) -> State:
        return {"trained": np.array(self.trained)}

    def restore(self, state: State) -> None:
        self.trained = int(state["trained"])

    def snapshot(self, round: int) -> Snapshot:
        options = dataclasses.asdict(self.options)
        return Snapshot(self.role, self.contender, options, self.brief.image_size, round, self.state())

    def load(self, snapshot: Snapshot) -> None:
        self.restore(snapshot.weights)


@register("generator", "stamper")
class Stamper(Scripted, Generator):
    """Noise with a white pixel in the corner, which no procedural face has."""

    def generate(self, n: int, seed: int) -> Images:
        size = self.brief.image_size
        images = rng(seed).integers(0, 200, (n, size, size, 3)).astype(np.uint8)
        images[:, 0, 0] = 255
        return images


@dataclass(frozen=True)
class TellerOptions:
    """What a teller gets wrong."""

    wrong: str = ""
    """name, size or words; nothing by default."""


@register("generator", "teller")
class Teller(Stamper):
    """A stamper that tells what its noise was made of: an original that is its negative, and a mask."""

    Options = TellerOptions

    def sources(self, n: int, seed: int) -> Sources | None:
        images, wrong = self.generate(n, seed), self.options.wrong
        mask = np.zeros_like(images)
        mask[:, 0, 0] = 255
        original = (255 - images)[:, : -1 if wrong == "size" else None]
        words = tuple(f"stamp {i}" for i in range(n - (wrong == "words")))
        return Sources({"Original!" if wrong == "name" else "original": original, "mask": mask}, words)


@register("generator", "stubborn-stamper")
class StubbornStamper(Stamper):
    """A stamper that diverges in one round until its learning rate is low enough."""

    Options = StubbornOptions

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        if round == self.options.round and learning_rate_scale > self.options.healthy_scale:
            raise Diverged("generator", "loss 'nothing'", 1)
        return super().train(round, material, learning_rate_scale=learning_rate_scale)


@register("generator", "giant")
class Giant(Stamper):
    """Hands in images of the wrong size."""

    def generate(self, n: int, seed: int) -> Images:
        return super().generate(n, seed).repeat(2, axis=1)


@register("detector", "stamp-reader")
class StampReader(Scripted, Detector):
    """Calls an image fake when its corner is white."""

    def answer(self, paper: Images) -> Answer:
        return Answer((paper[:, 0, 0] == 255).all(axis=1).astype(np.float64), 0.5)


@register("detector", "always-fake")
class AlwaysFake(Scripted, Detector):
    """Calls everything fake."""

    def answer(self, paper: Images) -> Answer:
        return Answer(np.ones(len(paper)), 0.5)


@register("detector", "coin")
class Coin(Scripted, Detector):
    """Tosses a coin for every image."""

    def answer(self, paper: Images) -> Answer:
        return Answer(rng(self.brief.seed, self.trained).random(len(paper)), 0.5)


@register("detector", "stubborn-reader")
class StubbornReader(StampReader):
    """A stamp reader that diverges in one round until its learning rate is low enough."""

    Options = StubbornOptions

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        if round == self.options.round and learning_rate_scale > self.options.healthy_scale:
            raise Diverged("detector", "loss 'nothing'", 1)
        return super().train(round, material, learning_rate_scale=learning_rate_scale)
