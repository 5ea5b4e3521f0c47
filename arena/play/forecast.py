"""How long a match will take, before it starts: a few steps of both teams on noise, timed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from arena import registry
from arena.play.config import MatchConfig
from arena.types import LAST, ROLES, Brief, Faces, Images, Material, Pool, Role, Snapshot

FEW, MORE = 2, 6
"""Steps of the two timed trainings: their difference is what a step takes, the rest is done once a round."""


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


def forecast(config: MatchConfig, device: str, precision: Literal["fp32", "bf16"]) -> Forecast | None:
    """What training will take on this machine; None where a team's options name no steps to count."""
    per_step, once = {}, {}
    opponent: Snapshot | None = None
    for role in reversed(ROLES):  # a white-box generator needs a detector
        team, choice = None, getattr(config, role)
        options = registry.find(role, choice.name).options(choice.options)
        if not hasattr(options, "steps"):
            return None
        seconds = []
        for steps in (FEW, MORE):
            brief = Brief(config.image_size, seed=0, device=device, precision=precision)
            team = registry.find(role, choice.name).cls(dataclasses.replace(options, steps=steps), brief)
            seconds.append(team.train(1, _material(role, config, opponent)).seconds)
        per_step[role] = max(0.0, seconds[1] - seconds[0]) / (MORE - FEW)
        once[role] = max(0.0, seconds[1] - MORE * per_step[role])
        if role == "detector" and config.knowledge == "whitebox":
            opponent = team.snapshot(1) if team is not None else None
    asked = {role: getattr(config, role).options["steps"] for role in ROLES}
    warmup = config.generator.options.get("warmup_steps", asked["generator"])
    rounds = [asked[role] * per_step[role] + once[role] for role in ROLES]
    # On one device both teams share it; two CPU threads are two devices.
    longest = max(rounds) if device == "cpu" else sum(rounds)
    return Forecast(warmup * per_step["generator"], longest, config.rounds)


def _material(role: Role, config: MatchConfig, opponent: Snapshot | None) -> Material:
    faces = Faces(_noise(config, 400), np.arange(400), np.full((400, 5, 2), config.image_size / 2, np.float32))
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
