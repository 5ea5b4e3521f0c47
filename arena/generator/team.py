"""How a generator made of networks trains and plays: one loop for all of them, white-box where Team B shows itself."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from arena import registry
from arena.faces.coding import coder
from arena.generator.augment import augment, check_changes
from arena.generator.bandit import passes
from arena.generator.losses import evasion_loss
from arena.generator.walk import great_circles
from arena.networks.straight import Code, coded
from arena.networks.team import NetworkTeam
from arena.networks.trainable import Trainable, compute_dtype
from arena.networks.training import Step, as_pool, run, seeded, to_images
from arena.seeds import derive, rng
from arena.snapshot import player
from arena.types import LAST, Brief, Critic, Detector, Generator, Images, Material, Snapshot, Training

MARGIN_EASED = 1 / 3
"""What becomes of the margin after a round in which most fakes passed. With a half the teams would just take turns."""
MARGIN_RANGE = 8
"""How many times the option the margin may become, and the how manieth part of it."""
SAMPLING_BATCH = 250
"""Images made at a time: fixed, because another batch size may round differently."""


@dataclass(frozen=True)
class NetworkOptions:
    """Options every generator made of networks has."""

    batch: int = 32
    """Images per step."""
    steps: int = 120
    """Training steps per round."""
    warmup_steps: int = 400
    """Training steps before the first round, so that the first gallery is worth looking at."""
    learning_rate: float = 4e-4
    """Adam's learning rate."""
    pressure: float = 0.3
    """Weight of the term that evades Team B's last snapshot in the white-box rule."""
    margin: float = 0.0
    """How far below zero the opponent's logits are to be brought: the next snapshot differs from the one evaded."""
    margin_growth: float = 1.0
    """The margin grows by this factor after a round in which most fakes were caught, and falls to a third after one in
    which most passed: as much as it takes, for it costs faces. At least an eighth, at most eight times; 1 keeps it."""
    anticipate: int = 0
    """Steps that a copy of Team B's snapshot trains on what Team A published before it is evaded, as B will."""
    robust: str = ""
    """What fakes pass in training before the opponent sees them, so that more than their very pixels evade it: of
    colour, translation, cutout, separated by commas."""
    average: float = 0.99
    """Decay of a moving average of the generator's weights that is used for sampling; 0 samples the weights."""

    def __post_init__(self) -> None:
        for name in ("batch", "steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.anticipate < 0:
            raise ValueError(f"anticipate must not be negative, not {self.anticipate}")
        if not 0 <= self.margin < math.inf:
            raise ValueError(f"margin must not be negative, not {self.margin}")
        if self.warmup_steps < 0 or not 0 <= self.pressure < math.inf or not 0 < self.learning_rate < math.inf:
            raise ValueError("warmup_steps and pressure must not be negative, learning_rate must be positive")
        if not 1 <= self.margin_growth < math.inf:
            raise ValueError(f"margin_growth must be at least 1, not {self.margin_growth}")
        check_changes("robust", self.robust)
        if not 0 <= self.average < 1:
            raise ValueError(f"average must be in [0, 1), not {self.average}")


O = TypeVar("O", bound=NetworkOptions)  # noqa: E741


class NetworkGenerator(NetworkTeam[O], Generator):
    """A generator made of networks. A contender builds them, says what a training step does and how images are made.

    A step returns the losses that `losses` names, float32 `[len(losses)]` on the device, and where it is given a critic
    one more: that of the evasion.
    """

    Options: ClassVar[Any] = NetworkOptions
    plays = ("generator",)
    losses: tuple[str, ...]

    def __init__(self, options: O, brief: Brief) -> None:
        super().__init__(options, brief)
        self.margin = options.margin
        """By how much the opponent is evaded now."""

    def extra(self) -> dict[str, float]:
        """See `NetworkTeam.extra`: the margin where it changes."""
        return {"margin": self.margin} if self.options.margin_growth > 1 else {}

    def take_extra(self, extra: Mapping[str, float]) -> None:
        """See `NetworkTeam.take_extra`."""
        self.margin = extra.get("margin", self.margin)

    @abstractmethod
    def cycle(self, pool: Tensor, critic: Critic | None) -> Sequence[Step]:
        """The training steps that are taken in turn; one that is in it several times is one CUDA graph.

        `pool`: Team A's real faces, uint8 `[N, S, S, 3]`. `critic`: what to evade, of images `[n, 3, S, S]`.
        """

    @abstractmethod
    def latents(self, n: int) -> Tensor:
        """What `n` images are made from, by PyTorch's random state: `[n, ...]`."""

    @abstractmethod
    def render(self, network: nn.Module, latents: Tensor) -> Tensor:
        """Images `[n, 3, S, S]` in [-1, 1] from latents. `network`: the settled generator, in evaluation mode."""

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        """See `types.Team.train`."""
        options, device = self.options, self.brief.device
        steps = options.steps if round else options.warmup_steps
        critic, why = self._critic(round, material)
        course = self.course(round, steps, options.batch, learning_rate_scale)
        course = replace(course, captures=course.captures and not (critic is not None and self._code()))
        self.begin_training(learning_rate_scale)
        pool = as_pool(material.faces.images, device)
        names = (*self.losses, *(("evasion",) if critic is not None else ()))
        with seeded(derive(self.brief.seed, "train", round), device):
            training = run(course, self.cycle(pool, critic), names, self.is_finite, self.on_progress)
        self.images = training.images
        return replace(training, knowledge="none" if critic is None else "whitebox", why=why)

    @torch.no_grad()
    def generate(self, n: int, seed: int) -> Images:
        """See `types.Generator.generate`."""
        network = self.trainables["generator"].settle()
        with seeded(seed, self.brief.device):
            latents = self.latents(n)
        return self._rendered(network, latents)

    @torch.no_grad()
    def interpolate(self, n: int, seed: int, frames: int) -> Images | None:
        """See `types.Generator.interpolate`."""
        network = self.trainables["generator"].settle()
        with seeded(seed, self.brief.device):
            stops = self.latents(n)
        if not stops.is_floating_point():
            return None
        return self._rendered(network, great_circles(stops.float(), frames).to(stops.dtype))

    def _rendered(self, network: nn.Module, latents: Tensor) -> Images:
        batches = [to_images(self.render(network, part)) for part in torch.split(latents, SAMPLING_BATCH)]
        return np.concatenate(batches)

    def descend(self, loss: Tensor, fake: Tensor, critic: Critic | None) -> list[Tensor]:
        """One step of the generator down its own `loss` and, white-box, away from the critic that sees `fake`.

        Returns both losses without gradients; the first alone where there is no critic.
        """
        losses = [loss]
        if critic is not None:
            opinion = critic(augment(fake, self.options.robust)).float()
            losses.append(evasion_loss(opinion + self.margin))
        total = loss if critic is None else loss + self.options.pressure * losses[1]
        generator = self.trainables["generator"]
        generator.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        generator.step()
        return [value.detach() for value in losses]

    def trainable(self, network: nn.Module, *, average: float = 0.0, **adam: Any) -> Trainable:
        """A network with its optimiser as the options say. `adam`: what differs for this one."""
        brief = self.brief
        return Trainable(
            network,
            device=brief.device,
            precision=brief.precision,
            average=average,
            trains=brief.trains,
            **({"learning_rate": self.options.learning_rate} | adam),
        )

    def _critic(self, round: int, material: Material) -> tuple[Critic | None, str]:
        """What to evade: the opponent's critic, which sees fakes coded as it was trained on them, or None and why."""
        if not material.opponents:
            return None, ""
        snapshot, code = material.opponents[0], self._code()
        opponent: Detector = player(snapshot, self.brief.device, self.brief.precision)
        critic = opponent.critic()
        if critic is None:
            return None, f"{opponent.contender} has no gradients to train against"
        self._look_back(opponent, material)
        why = ""
        if self.options.anticipate and any(len(pool.images) for pool in material.fakes):
            try:
                critic = self._anticipated(round, snapshot, material)
            except Exception as error:  # whatever becomes of another team's contender is no failure of this one
                why = f"its copy of {opponent.contender} could not be trained: {error}"
        return coded(critic, code), why

    def _look_back(self, opponent: Detector, material: Material) -> None:
        """More margin or less, by how the last gallery fares with the opponent's snapshot, beside real faces."""
        fakes, growth, first = material.pool(LAST), self.options.margin_growth, self.options.margin
        if growth == 1 or not len(fakes):
            return
        places = rng(derive(self.brief.seed, "adapt", self.images), "reals").choice(len(material.faces), len(fakes))
        try:
            scores = opponent.answer(np.concatenate([material.faces.images[np.sort(places)], fakes])).scores
        except Exception:  # whatever becomes of another team's contender is no failure of this one
            return
        passed = passes(scores[len(places) :], scores[: len(places)]).mean()
        margin = self.margin * (growth if passed < 0.5 else MARGIN_EASED)
        self.margin = min(max(margin, first / MARGIN_RANGE), first * MARGIN_RANGE)

    def _anticipated(self, round: int, snapshot: Snapshot, material: Material) -> Critic:
        """What the opponent may think after its next training: a copy of it, trained on the fakes it is about to see.

        Team A knows what it published. It guesses the rest: Team B has other real faces and draws other batches.
        """
        brief = replace(self.brief, seed=derive(self.brief.seed, "anticipate", round), origin=snapshot.origin)
        options = {**snapshot.options, "steps": self.options.anticipate}
        copy: Detector = registry.find("detector", snapshot.contender).team(brief, options)
        copy.load(snapshot)
        copy.train(round, replace(material, opponents=()))
        critic: Critic = player(copy.snapshot(round), brief.device, brief.precision).critic()
        return critic

    def _code(self) -> Code | None:
        """How the referee codes fakes. Larger files would take seconds a round, and leave little of JPEG."""
        return coder(self.brief.origin, largest=1.0)

    def noise(self, *shape: int) -> Tensor:
        """Normal numbers in the precision the networks compute in."""
        return torch.randn(*shape, device=self.brief.device).to(compute_dtype(self.brief.precision))
