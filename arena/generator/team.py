"""How a generator team trains: its generator against its own discriminator and, white-box, against Team B."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from arena.faces.coding import coder
from arena.generator.losses import discriminator_loss, evasion_loss
from arena.generator.walk import great_circles
from arena.networks.straight import Code, through
from arena.networks.team import NetworkTeam
from arena.networks.trainable import Trainable, compute_dtype, frozen
from arena.networks.training import as_pool, draw, run, seeded, to_images, to_range
from arena.seeds import derive
from arena.snapshot import player
from arena.types import Critic, Detector, Generator, Images, Material, Training

SAMPLING_BATCH = 250
"""Images made at a time: fixed, because another batch size may round differently."""


@dataclass(frozen=True)
class GanOptions:
    """Options every GAN has. Adam's betas: section 4 of the DCGAN paper."""

    latent: int = 100
    """Length of the latent vector."""
    batch: int = 64
    """Images per step."""
    steps: int = 120
    """Training steps per round."""
    warmup_steps: int = 400
    """Training steps before the first round, so that the first gallery is worth looking at."""
    learning_rate: float = 8e-4
    """Adam's learning rate of both networks. The paper's 2e-4 moves too little in a round (experiments/contest)."""
    beta1: float = 0.5
    """Adam's first moment decay."""
    smoothing: float = 0.1
    """One-sided label smoothing of the discriminator: real images have the target 1 - smoothing."""
    pressure: float = 1.0
    """Weight of the term that evades Team B's last snapshot in the white-box rule."""
    average: float = 0.0
    """Decay of a moving average of the generator's weights that is used for sampling; 0 samples the weights."""

    def __post_init__(self) -> None:
        for name in ("latent", "batch", "steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.batch < 2:
            raise ValueError("batch must be at least 2, batch norm needs more than one image")
        if self.warmup_steps < 0 or not 0 <= self.pressure < math.inf or not 0 < self.learning_rate < math.inf:
            raise ValueError("warmup_steps and pressure must not be negative, learning_rate must be positive")
        if not (0 <= self.smoothing < 0.5 and 0 <= self.beta1 < 1 and 0 <= self.average < 1):
            raise ValueError("smoothing must be in [0, 0.5), beta1 and average in [0, 1)")


O = TypeVar("O", bound=GanOptions)  # noqa: E741


class GanTeam(NetworkTeam[O], Generator):
    """A generator with its own discriminator. A contender says how to build the two networks."""

    Options: ClassVar[Any] = GanOptions
    plays = ("generator",)

    @abstractmethod
    def build_generator(self) -> nn.Module:
        """A network from latents `[N, latent, 1, 1]` to images `[N, 3, S, S]` in [-1, 1]."""

    @abstractmethod
    def build_discriminator(self) -> nn.Module:
        """A network from images `[N, 3, S, S]` in [-1, 1] to logits `[N]`, above 0 for fake."""

    def build(self) -> dict[str, Trainable]:
        """See `NetworkTeam.build`."""
        generator = self._trainable(self.build_generator(), self.options.average)
        if not self.brief.trains:
            return {"generator": generator}
        return {"generator": generator, "discriminator": self._trainable(self.build_discriminator(), 0.0)}

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        """See `types.Team.train`."""
        options, device = self.options, self.brief.device
        steps = options.steps if round else options.warmup_steps
        critic, why = self._critic(material)
        course = self.course(round, steps, options.batch, learning_rate_scale)
        course = replace(course, captures=course.captures and not (critic is not None and self._code()))
        self.begin_training(learning_rate_scale)
        pool = as_pool(material.faces.images, device)
        names = ("discriminator", "generator", *(("evasion",) if critic is not None else ()))
        with seeded(derive(self.brief.seed, "train", round), device):
            training = run(course, lambda: self._step(pool, critic), names, self.is_finite, self.on_progress)
        self.images = training.images
        return replace(training, knowledge="none" if critic is None else "whitebox", why=why)

    def _step(self, pool: Tensor, critic: Critic | None) -> Tensor:
        generator, discriminator = self.trainables["generator"], self.trainables["discriminator"]
        # Draw a batch of real faces, half of them mirrored, and make as many fakes.
        real = to_range(draw(pool, self.options.batch)).to(compute_dtype(self.brief.precision))
        fake = generator.network(self._latents(self.options.batch))

        # Train the discriminator on separate batches: batch norm must not mix real and fake statistics.
        on_real = discriminator.network(real).float()
        on_fake = discriminator.network(fake.detach()).float()
        loss_d = discriminator_loss(on_real, on_fake, self.options.smoothing)
        discriminator.zero_grad()
        loss_d.backward()  # type: ignore[no-untyped-call]
        discriminator.step()

        # Train the generator through the updated discriminator and, white-box, through Team B's snapshot.
        with frozen(discriminator.network):
            loss_g = evasion_loss(discriminator.network(fake).float())
        losses = [loss_d, loss_g]
        if critic is not None:
            losses.append(evasion_loss(critic(fake).float()))
        total = loss_g + self.options.pressure * losses[2] if critic is not None else loss_g
        generator.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        generator.step()
        return torch.stack([loss.detach() for loss in losses])

    @torch.no_grad()
    def generate(self, n: int, seed: int) -> Images:
        """See `types.Generator.generate`."""
        network = self.trainables["generator"].settle()
        with seeded(seed, self.brief.device):
            latents = self._latents(n)
        batches = [to_images(network(latents[i : i + SAMPLING_BATCH])) for i in range(0, n, SAMPLING_BATCH)]
        return np.concatenate(batches)

    def _trainable(self, network: nn.Module, average: float) -> Trainable:
        options, brief = self.options, self.brief
        return Trainable(
            network,
            device=brief.device,
            precision=brief.precision,
            learning_rate=options.learning_rate,
            betas=(options.beta1, 0.999),
            average=average,
            trains=brief.trains,
        )

    def _critic(self, material: Material) -> tuple[Critic | None, str]:
        """What to evade: the opponent's critic, which sees fakes coded as it was trained on them, or None and why."""
        if not material.opponents:
            return None, ""
        opponent: Detector = player(material.opponents[0], self.brief.device, self.brief.precision)
        critic, code = opponent.critic(), self._code()
        if critic is None:
            return None, f"{opponent.contender} has no gradients to train against"
        return (critic if code is None else lambda images: critic(through(images, code))), ""

    def _code(self) -> Code | None:
        """How the referee codes fakes. Larger files would take seconds a round, and leave little of JPEG."""
        return coder(self.brief.origin, largest=1.0)

    def _latents(self, n: int) -> Tensor:
        latents = torch.randn(n, self.options.latent, 1, 1, device=self.brief.device)
        return latents.to(compute_dtype(self.brief.precision))

    @torch.no_grad()
    def interpolate(self, n: int, seed: int, frames: int) -> Images | None:
        """See `types.Generator.interpolate`."""
        network = self.trainables["generator"].settle()
        with seeded(seed, self.brief.device):
            stops = self._latents(n)
        path = great_circles(stops.float(), frames).to(stops.dtype)
        batches = [to_images(network(path[i : i + SAMPLING_BATCH])) for i in range(0, len(path), SAMPLING_BATCH)]
        return np.concatenate(batches)
