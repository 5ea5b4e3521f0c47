"""Evader: another contender's fakes, with a perturbation that makes Team B's last snapshot call them real."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from arena import registry
from arena.faces.coding import Coding, coder
from arena.networks.attacks import Objective, bim, called_real, fgsm, from_unit, pgd, to_unit
from arena.networks.straight import coded, through
from arena.networks.team import joined, part_of
from arena.networks.training import seeded
from arena.registry import register
from arena.seeds import derive
from arena.snapshot import from_bytes, player, to_bytes
from arena.types import (
    ArenaError,
    Brief,
    Critic,
    Detector,
    Faces,
    FakesAre,
    Generator,
    Images,
    Material,
    OnProgress,
    Snapshot,
    Sources,
    State,
    Team,
    Training,
)

ATTACK_BATCH = 250
"""Images perturbed at a time: fixed, because another batch size may round differently."""
INNER, OPPONENT = "inner", "opponent"
QUALITIES = (50, 95)
"""Of the JPEG files that a robust perturbation goes through, drawn evenly."""
SMALLEST = 0.5
"""Of the sizes it is shrunk to and enlarged from, as a share of the image's."""


@dataclass(frozen=True)
class EvaderOptions:
    """Options of the evader. Few long steps with momentum carry over to a detector that has trained on since better
    than many short ones (experiments/evader)."""

    contender: str = "dcgan"
    """The contender whose fakes are perturbed."""
    inner: dict[str, Any] | None = None
    """Options of that contender; what is not given is its default."""
    attack: Literal["fgsm", "bim", "pgd"] = "pgd"
    """One step (fgsm), many (bim), or many from a random start (pgd)."""
    eps: int = 8
    """The most that a pixel changes, in grey levels of 255; 0 plays the contender's very fakes."""
    alpha: float = 4.0
    """The change of a step in grey levels; fgsm takes one of eps."""
    steps: int = 5
    """Steps of bim and pgd."""
    momentum: float = 1.0
    """Decay of the gradients' running mean in bim and pgd, which fools a detector that has trained on; 0 for none."""
    robust: bool = True
    """Whether the perturbation is made to survive JPEG and resizing: each step also looks through one of each."""

    def __post_init__(self) -> None:
        if not 0 <= self.eps <= 255 or not 0 < self.alpha <= 255 or self.steps < 1 or not 0 <= self.momentum <= 1:
            raise ValueError(
                "eps is grey levels from 0 to 255, alpha those of a step, above 0; steps is at least 1 and momentum "
                "in [0, 1]"
            )
        if self.attack not in ("fgsm", "bim", "pgd"):
            raise ValueError(f"attack must be fgsm, bim or pgd, not {self.attack!r}")
        if self.contender == "evader":
            raise ValueError("an evader cannot wrap an evader: give another contender and a larger eps")
        try:
            contender = registry.find("generator", self.contender)
            options = contender.options(self.inner)
        except ArenaError as error:
            raise ValueError(str(error)) from error
        object.__setattr__(self, "inner", dataclasses.asdict(options))  # so that a stored config says all

    @staticmethod
    def inner_as_stored(options: Mapping[str, Any]) -> dict[str, Any]:
        """See `types.Team.Options`."""
        if not options.get("inner"):
            return dict(options)
        contender = registry.find("generator", options.get("contender", EvaderOptions.contender))
        return {**options, "inner": contender.as_stored(options["inner"])}


@register("generator", "evader")
class Evader(Generator):
    """Another contender's fakes with a perturbation against Team B's last snapshot: FGSM, BIM or PGD within eps."""

    Options = EvaderOptions

    def __init__(self, options: EvaderOptions, brief: Brief) -> None:
        self.options, self.brief = options, brief
        self.inner: Generator = registry.find("generator", options.contender).team(brief, options.inner)
        self.opponent: Snapshot | None = None
        """Whom it evades: nobody before it was shown a snapshot that has gradients."""

    @property
    def fakes_are(self) -> FakesAre:
        """See `types.Generator.fakes_are`: a perturbation makes nobody of somebody."""
        return self.inner.fakes_are

    @property
    def on_progress(self) -> OnProgress:
        """The observer of the contender that trains."""
        return self.inner.on_progress

    @on_progress.setter
    def on_progress(self, observer: OnProgress) -> None:
        self.inner.on_progress = observer

    @classmethod
    def fetch(cls, options: EvaderOptions) -> Mapping[str, str]:
        """See `types.Team.fetch`."""
        contender = registry.find("generator", options.contender)
        fetched: Mapping[str, str] = contender.cls.fetch(contender.options(options.inner))
        return fetched

    @classmethod
    def trained(cls, options: EvaderOptions) -> tuple[type[Team], Any]:
        """See `types.Team.trained`: the contender's; fakes are perturbed when they are drawn."""
        contender = registry.find("generator", options.contender)
        return contender.cls, contender.options(options.inner)

    def check(self, faces: Faces) -> None:
        """See `types.Team.check`."""
        self.inner.check(faces)

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        """Train the contender on the same material, and evade the opponent of this round from now on."""
        training = self.inner.train(round, material, learning_rate_scale=learning_rate_scale)
        self.opponent = None
        if not material.opponents or not self.options.eps:
            return training
        if self._critic(material.opponents[0]) is None:
            why = f"{material.opponents[0].contender} has no gradients to evade, so nothing is perturbed"
            return training if training.why else replace(training, why=why)
        self.opponent = material.opponents[0]
        return replace(training, knowledge="whitebox", why="")

    def generate(self, n: int, seed: int) -> Images:
        """See `types.Generator.generate`."""
        return self._evading(self.inner.generate(n, seed), seed)

    def examine(self, n: int, seed: int) -> Images:
        """See `types.Generator.examine`."""
        return self._evading(self.inner.examine(n, seed), seed)

    def sources(self, n: int, seed: int) -> Sources | None:
        """See `types.Generator.sources`: the contender's."""
        return self.inner.sources(n, seed)

    def _evading(self, fakes: Images, seed: int) -> Images:
        critic = None if self.opponent is None else self._critic(self.opponent)
        if critic is None:
            return fakes
        objective, device = self._objective(critic), self.brief.device
        with seeded(derive(seed, "perturbation"), device):
            starts = range(0, len(fakes), ATTACK_BATCH)
            return np.concatenate([self._perturbed(fakes[i : i + ATTACK_BATCH], objective) for i in starts])

    def state(self) -> State:
        """See `types.Team.state`."""
        opponent = b"" if self.opponent is None else to_bytes(self.opponent)
        return joined({INNER: self.inner.state()}) | {OPPONENT: np.frombuffer(opponent, np.uint8)}

    def restore(self, state: State) -> None:
        """See `types.Team.restore`."""
        self.inner.restore(part_of(state, INNER))
        opponent = np.asarray(state[OPPONENT]).tobytes()
        self.opponent = from_bytes(opponent, "the opponent of the evader") if opponent else None

    def snapshot(self, round: int) -> Snapshot:
        """See `types.Team.snapshot`: made of the contender's and, to be evaded again, the opponent's."""
        parts = {INNER: replace(self.inner.snapshot(round), origin=self.brief.origin)}
        return Snapshot(
            role=self.role,
            contender=self.contender,
            options=dataclasses.asdict(self.options),
            image_size=self.brief.image_size,
            round=round,
            weights={},
            parts=parts if self.opponent is None else parts | {OPPONENT: self.opponent},
        )

    def load(self, snapshot: Snapshot) -> None:
        """See `types.Team.load`."""
        self.inner.load(snapshot.parts[INNER])
        self.opponent = snapshot.parts.get(OPPONENT)

    def _critic(self, opponent: Snapshot) -> Critic | None:
        detector: Detector = player(opponent, self.brief.device, self.brief.precision)
        return detector.critic()

    def _objective(self, critic: Critic) -> Objective:
        """How real the opponent calls fakes as it will see them and, to be robust, after a change at random."""
        shown = called_real(coded(critic, coder(self.brief.origin)))
        if not self.options.robust:
            return shown
        return lambda images: shown(images) + shown(_changed(images))

    def _perturbed(self, fakes: Images, objective: Objective) -> Images:
        options = self.options
        eps, alpha = options.eps / 255, options.alpha / 255
        images = to_unit(fakes, self.brief.device)
        if options.attack == "fgsm":
            moved = fgsm(objective, images, eps)
        else:
            climb = bim if options.attack == "bim" else pgd
            moved = climb(objective, images, eps, alpha, options.steps, options.momentum)
        # eps is whole grey levels and so are the fakes: rounding cannot leave the interval between them.
        return from_unit(moved)


def _changed(images: Tensor) -> Tensor:
    """Images `[N, 3, S, S]` in [0, 1] through a JPEG file and another size, both drawn; JPEG straight through."""
    size = images.shape[-1]
    share, quality = torch.rand(()), torch.randint(QUALITIES[0], QUALITIES[1] + 1, ())
    smaller = max(1, round(size * (1 - (1 - SMALLEST) * float(share))))
    way = {"format": "JPEG", "quality": int(quality), "sampling": "4:2:0", "side": size, "share": 1.0}
    coding = Coding.from_json({"files": 1, "ways": [way]})
    stored = (through(images * 2 - 1, coding.apply) + 1) / 2
    shrunk = interpolate(stored, (smaller, smaller), mode="bilinear", align_corners=False, antialias=True)
    return interpolate(shrunk, (size, size), mode="bilinear", align_corners=False)
