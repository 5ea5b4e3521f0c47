"""How long a match will take, before it starts: a few steps of both teams on noise, timed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from arena import registry
from arena.faces.parts.shapes import usual_points
from arena.play.config import MatchConfig
from arena.types import LAST, Brief, Faces, Images, Material, Pool, Role, Snapshot

FEW, MORE = 2, 10
"""Steps of the two timed trainings: their difference is what a step takes, the rest is done once a round. It is a whole
cycle of the lazy penalties of a GAN."""


@dataclass(frozen=True)
class Forecast:
    """Seconds of training: before the first round, of a round where both teams train at once, and of the match."""

    opening: float
    round: float
    rounds: int

    @property
    def total(self) -> float:
        """Of the whole match; exams and start-up come on top."""
        return self.opening + self.rounds * self.round


@dataclass(frozen=True)
class _Cost:
    """What a team's training takes: seconds of a step, and of what is done `once` a round.

    `steps`, `warmup_steps`: how many there are in a round, and before the first one.
    """

    per_step: float
    once: float
    steps: int
    warmup_steps: int

    @property
    def round(self) -> float:
        """Seconds of a whole round."""
        return self.once + self.steps * self.per_step


def forecast(config: MatchConfig, device: str, precision: Literal["fp32", "bf16"]) -> Forecast | None:
    """What training will take on this machine; None where Team B's options name no steps to count."""
    brief = Brief(config.image_size, seed=0, device=device, precision=precision)
    critic, opponent = _cost("detector", config, brief, None)
    if critic is None:
        return None
    maker, _ = _cost("generator", config, brief, opponent if config.knowledge == "whitebox" else None)
    if maker is None:
        return None
    opening = maker.warmup_steps * maker.per_step
    # On one device both teams share it; two CPU threads are two devices.
    rounds = (maker.round, critic.round)
    return Forecast(opening, max(rounds) if device == "cpu" else sum(rounds), config.rounds)


def _cost(
    role: Role, config: MatchConfig, brief: Brief, opponent: Snapshot | None
) -> tuple[_Cost | None, Snapshot | None]:
    """What a team's training takes, and its snapshot after a few steps of it. None for both where nobody can say."""
    from arena.networks.team import NetworkTeam  # here: the command line knows forecasts and starts without torch

    choice = getattr(config, role)
    contender = registry.find(role, choice.name)
    cls, options = contender.cls.trained(contender.options(choice.options))
    material = _material(role, config, opponent)
    if not hasattr(options, "steps"):
        if role == "detector":
            return None, None
        whole: float = cls(options, brief).train(1, material).seconds  # no network: a round is soon over
        return _Cost(0.0, whole, 0, 0), None
    warmup = getattr(options, "warmup_steps", options.steps)
    seconds = []
    for steps in (FEW, MORE):
        team = cls(dataclasses.replace(options, steps=steps), brief)
        if isinstance(team, NetworkTeam):  # one that grows has half the match behind it
            team.images = (warmup + config.rounds * options.steps // 2) * getattr(options, "batch", 0)
        seconds.append(team.train(1, material).seconds)
    per_step = max(0.0, seconds[1] - seconds[0]) / (MORE - FEW)
    once = max(0.0, seconds[1] - MORE * per_step)
    return _Cost(per_step, once, options.steps, warmup), team.snapshot(1)


def _material(role: Role, config: MatchConfig, opponent: Snapshot | None) -> Material:
    points = usual_points({}, config.image_size).astype(np.float32)
    faces = Faces(_noise(config, 400), np.arange(400), np.tile(points, (400, 1, 1)))
    opponents = () if opponent is None else (opponent,)
    return Material(faces, (Pool(LAST, _noise(config, 200)),), opponents if role == "generator" else ())


def _noise(config: MatchConfig, n: int) -> Images:
    side: Any = config.image_size
    return np.random.default_rng(0).integers(0, 256, (n, side, side, 3)).astype(np.uint8)


def foretold(found: Forecast | None) -> str:
    """One sentence on how long training will take here."""
    if found is None:
        return "how long training will take cannot be said before: not all of it is counted in steps"
    opening, each, total = (in_words(seconds) for seconds in (found.opening, found.round, found.total))
    return f"training will take about {total}: {opening} before the first round, {each} a round"


def in_words(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 172800 else f"{seconds / 86400:.1f} days"
