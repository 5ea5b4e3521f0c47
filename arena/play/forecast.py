"""How long a match will take, before it starts: a little training of both teams on noise, timed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import mean
from typing import Any, Literal

import numpy as np

from arena import registry
from arena.faces.parts.shapes import usual_points
from arena.play.config import MatchConfig
from arena.types import LAST, Brief, Faces, Images, Material, Pool, Role, Snapshot, Training

FEW, MORE = {"steps": 2, "samples": 100}, {"steps": 10, "samples": 500}
"""How much two trainings are timed with: their difference is what a step or an image takes, the rest is done once a
round. Ten steps are a whole cycle of the lazy penalties of a GAN, 500 images two batches of a regression: on 2,100
faces of 64 pixels `texture` was foretold 14 s of one core and took 18, `spectrum` 2.5 and 2.1."""
_LEAST = {"steps": 1, "samples": 4}
FACES = 200
"""Real faces of a timed training. A detector is timed with twice as many, too: it scores those it holds out."""
SPOTS = 3
"""Where a network that grows is timed, in its warm-up and in the rest of the match: in the middle of each third. The
warm-up of `progan` as it comes took 26 s of one core and was foretold 25; the middle of the match alone said 73."""


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


def forecast(
    config: MatchConfig, device: str, precision: Literal["fp32", "bf16"], faces: int = FACES
) -> Forecast | None:
    """What training will take on this machine; None where nothing in Team B's options says how much it trains.

    `faces`: real faces that Team B will have.
    """
    # The mildest false-alarm rate: as few faces as are timed with would not do for a strict one.
    brief = Brief(config.image_size, seed=0, device=device, precision=precision, false_alarm_rate=0.5)
    critic = _Rehearsal.of("detector", config, brief, None)
    if not critic.amounts:
        return None
    of_critic, opponent = critic.time(faces)
    maker = _Rehearsal.of("generator", config, brief, opponent if config.knowledge == "whitebox" else None)
    of_maker, _ = maker.time(FACES)
    # On one device both teams share it; two CPU threads are two devices.
    rounds = (of_maker.round, of_critic.round)
    return Forecast(of_maker.opening, max(rounds) if device == "cpu" else sum(rounds), config.rounds)


@dataclass(frozen=True)
class _Cost:
    """Seconds of a team's training: of a round, and before the first one."""

    round: float
    opening: float = 0.0


@dataclass(frozen=True)
class _Rehearsal:
    """Trainings of one team on noise, each a small share of a round, timed. `contender`: the team's class."""

    contender: Any
    options: Any
    config: MatchConfig
    brief: Brief
    opponents: tuple[Snapshot, ...]

    @classmethod
    def of(cls, role: Role, config: MatchConfig, brief: Brief, opponent: Snapshot | None) -> _Rehearsal:
        """The team whose training a round of this side of the match is."""
        choice = getattr(config, role)
        contender = registry.find(role, choice.name)
        opponents = () if opponent is None else (opponent,)
        team, options = contender.cls.trained(contender.options(choice.options))
        return cls(team, options, config, brief, opponents)

    @property
    def amounts(self) -> list[tuple[str, int]]:
        """See `_amounts`."""
        return list(_amounts(self.options))

    def time(self, faces: int) -> tuple[_Cost, Snapshot | None]:
        """What training takes with so many real faces, and a snapshot after a little of it where there is more."""
        if not self.amounts:  # no network: a round is soon over
            return _Cost(self._train(self.options, FACES)[1].seconds), None
        begun, end = (self._images(rounds) for rounds in (0, self.config.rounds))
        # Not timed, as the first has to do what no other has to.
        team, first = self._train(_portion(self.options, self._share(FEW)), FACES, (begun + end) / 2)
        spots = _middles(begun, end) if first.grown else [(begun + end) / 2]
        found = [self._at(images) for images in spots]
        opening = [self._at(images) for images in _middles(0, begun)] if first.grown and begun else found
        length, once = (mean(values) for values in zip(*found, strict=True))
        warmup = getattr(self.options, "warmup_steps", 0) / getattr(self.options, "steps", 1)
        more = (self._of_faces(length, once) * (faces - FACES)) if faces > FACES else 0.0
        return _Cost(length + once + more, warmup * mean(length for length, _ in opening)), team.snapshot(1)

    def _at(self, images: float) -> tuple[float, float]:
        """Seconds of a round, after so many training images: of what grows with its length, and of what does not."""
        few, more = self._share(FEW), self._share(MORE)
        brief, long = (self._train(_portion(self.options, share), FACES, images)[1].seconds for share in (few, more))
        length = max(0.0, long - brief) / (more - few)
        return length, max(0.0, long - more * length)

    def _of_faces(self, length: float, once: float) -> float:
        """Seconds that each real face more takes, given what a round takes with FACES of them."""
        few = self._share(FEW)
        seconds = self._train(_portion(self.options, few), 2 * FACES)[1].seconds
        return max(0.0, seconds - once - few * length) / FACES

    def _share(self, amount: Mapping[str, int]) -> float:
        """The share of a round that is no more than this amount, in whatever it is counted."""
        return min(amount[name] / whole for name, whole in self.amounts)

    def _images(self, rounds: int) -> int:
        """Training images that a network has seen after the warm-up and so many rounds."""
        warmup, steps, batch = (getattr(self.options, name, 0) for name in ("warmup_steps", "steps", "batch"))
        return int((warmup + rounds * steps) * batch)

    def _train(self, options: Any, faces: int, images: float = 0.0) -> tuple[Any, Training]:
        """Train a new team. `images`: those it has seen before, by which a network grows."""
        from arena.networks.team import NetworkTeam  # here: the command line knows forecasts and starts without torch

        team = self.contender(options, self.brief)
        if isinstance(team, NetworkTeam):
            team.images = round(images)
        return team, team.train(1, self._material(faces))

    def _material(self, faces: int) -> Material:
        points = usual_points({}, self.config.image_size).astype(np.float32)
        reals = Faces(self._noise(faces), np.arange(faces), np.tile(points, (faces, 1, 1)))
        return Material(reals, (Pool(LAST, self._noise(200)),), self.opponents)

    def _noise(self, n: int) -> Images:
        side: Any = self.config.image_size
        return np.random.default_rng(0).integers(0, 256, (n, side, side, 3)).astype(np.uint8)


def _middles(begin: float, end: float) -> list[float]:
    """The middles of SPOTS equal parts of what lies between."""
    return [begin + (i + 0.5) / SPOTS * (end - begin) for i in range(SPOTS)]


def _amounts(options: Any) -> Iterator[tuple[str, int]]:
    """How much is trained in a round, and what it is counted in; of a committee, of each member."""
    for member in _members(options).values():
        yield from _amounts(member)
    for name in FEW:
        if hasattr(options, name):
            yield name, getattr(options, name)
            return  # who takes steps has samples for something that is done once


def _portion(options: Any, share: float) -> Any:
    """The options of a training that is a share of a round; of a committee, of each member's."""
    if members := _members(options):
        inner = {name: dataclasses.asdict(_portion(member, share)) for name, member in members.items()}
        return dataclasses.replace(options, inner=inner)
    changed = {name: max(_LEAST[name], round(share * amount)) for name, amount in _amounts(options)}
    return dataclasses.replace(options, **changed)


def _members(options: Any) -> dict[str, Any]:
    """The options of a committee's members; of any other contender none."""
    inner, names = getattr(options, "inner", None) or {}, getattr(options, "members", ())
    return {name: registry.find("detector", name).options(inner[name]) for name in names if name in inner}


def foretold(found: Forecast | None) -> str:
    """One sentence on how long training will take here."""
    if found is None:
        return "how long training will take cannot be said before: nothing says how much the detector trains"
    opening, each, total = (in_words(seconds) for seconds in (found.opening, found.round, found.total))
    return f"training will take about {total}: {opening} before the first round, {each} a round"


def in_words(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 172800 else f"{seconds / 86400:.1f} days"
