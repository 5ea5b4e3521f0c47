"""How a GAN trains: its generator against a discriminator of its own. Every part of the recipe is an option."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from arena.generator.augment import augment, check_changes
from arena.generator.losses import LOSSES, one_centred, zero_centred
from arena.generator.team import NetworkGenerator, NetworkOptions
from arena.networks.trainable import Trainable, compute_dtype, frozen
from arena.networks.training import Step, draw, to_range
from arena.types import Critic


@dataclass(frozen=True)
class GanOptions(NetworkOptions):
    """Options every GAN has."""

    latent: int = 100
    """Length of the latent vector."""
    beta1: float = 0.5
    """Adam's first moment decay, of both networks."""
    beta2: float = 0.99
    """Adam's second moment decay, of both networks."""
    discriminator_learning_rate: float = 0.0
    """Adam's learning rate of the discriminator (two time-scales, Heusel et al. 2017); 0 for the generator's."""
    loss: str = "relativistic"
    """standard, hinge, relativistic or wasserstein."""
    smoothing: float = 0.0
    """One-sided label smoothing of the standard loss: real images have the target 1 - smoothing."""
    r1: float = 0.5
    """Weight of the R1 penalty, the discriminator's squared gradient at real images; 0 for none."""
    r2: float = 0.0
    """Weight of the same penalty at fake images."""
    gradient_penalty: float = 0.0
    """Weight of WGAN-GP's penalty, which holds the gradient between real and fake images at 1."""
    every: int = 8
    """Steps from one with penalties to the next; their weights are multiplied by it."""
    augment: str = ""
    """What the discriminator's images pass, real and fake: of colour, translation, cutout, separated by commas."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("latent", "every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.batch < 2:
            raise ValueError("batch must be at least 2, batch norm needs more than one image")
        if self.loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}, not {self.loss!r}")
        for name in ("r1", "r2", "gradient_penalty", "discriminator_learning_rate"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must not be negative")
        if not (0 <= self.smoothing < 0.5 and 0 <= self.beta1 < 1 and 0 <= self.beta2 < 1):
            raise ValueError("smoothing must be in [0, 0.5), beta1 and beta2 in [0, 1)")
        if self.smoothing and self.loss != "standard":
            raise ValueError("smoothing belongs to the standard loss")
        check_changes("augment", self.augment)


O = TypeVar("O", bound=GanOptions)  # noqa: E741


class GanTeam(NetworkGenerator[O]):
    """A generator with its own discriminator. A contender says how to build the two networks."""

    Options: ClassVar[Any] = GanOptions
    losses: tuple[str, ...] = ("discriminator", "generator")

    @abstractmethod
    def build_generator(self) -> nn.Module:
        """A network from latents `[N, latent, 1, 1]` to images `[N, 3, S, S]` in [-1, 1]."""

    @abstractmethod
    def build_discriminator(self) -> nn.Module:
        """A network from images `[N, 3, S, S]` in [-1, 1] to logits `[N]`, above 0 for fake."""

    def build(self) -> dict[str, Trainable]:
        """See `NetworkTeam.build`."""
        options = self.options
        adam: dict[str, Any] = {"betas": (options.beta1, options.beta2)}
        generator = self.trainable(self.build_generator(), average=options.average, **adam)
        if not self.brief.trains:
            return {"generator": generator}
        adam["learning_rate"] = options.discriminator_learning_rate or options.learning_rate
        return {"generator": generator, "discriminator": self.trainable(self.build_discriminator(), **adam)}

    def cycle(self, pool: Tensor, critic: Critic | None) -> Sequence[Step]:
        """See `NetworkGenerator.cycle`."""
        options, plain = self.options, partial(self.step, pool, critic)
        if not (options.r1 or options.r2 or options.gradient_penalty):
            return [plain]
        return [partial(self.step, pool, critic, penalised=True), *[plain] * (options.every - 1)]

    def step(self, pool: Tensor, critic: Critic | None, *, penalised: bool = False) -> Tensor:
        """One step of both networks; returns their losses, the discriminator's with its penalties."""
        discriminator = self.trainables["discriminator"].network
        real = self.reals(pool)
        fake = self.trainables["generator"].network(self.latents(self.options.batch))
        loss_d, on_real = self.step_discriminator(real, fake.detach(), penalised=penalised)
        # Train the generator through the updated discriminator and, white-box, through Team B's snapshot.
        with frozen(discriminator):
            on_fake = discriminator(augment(fake, self.options.augment)).float()
        losses = self.descend(LOSSES[self.options.loss].generator(on_fake, on_real), fake, critic)
        return torch.stack([loss_d, *losses])

    def reals(self, pool: Tensor) -> Tensor:
        """A batch of real faces `[N, 3, S, S]` in [-1, 1], half of them mirrored, as the networks take them."""
        return to_range(draw(pool, self.options.batch)).to(compute_dtype(self.brief.precision))

    def step_discriminator(self, real: Tensor, fake: Tensor, *, penalised: bool = False) -> tuple[Tensor, Tensor]:
        """Train the discriminator on a batch of each; returns its loss and its logits of the real ones, detached."""
        options, discriminator = self.options, self.trainables["discriminator"]
        shown, forged = augment(real, options.augment), augment(fake, options.augment)
        if penalised:
            shown, forged = shown.detach().requires_grad_(), forged.detach().requires_grad_()
        # Separate batches: batch norm must not mix real and fake statistics.
        on_real = discriminator.network(shown).float()
        on_fake = discriminator.network(forged).float()
        loss = LOSSES[options.loss].discriminator(on_real, on_fake, options.smoothing)
        if penalised:
            loss = loss + options.every * self._penalty((shown, on_real), (forged, on_fake))
        discriminator.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        discriminator.step()
        return loss.detach(), on_real.detach()

    def _penalty(self, real: tuple[Tensor, Tensor], fake: tuple[Tensor, Tensor]) -> Tensor:
        """The penalties of a step, weighted. `real`, `fake`: images that want gradients, and their logits."""
        options = self.options
        penalty = torch.zeros((), device=real[0].device)
        for weight, images in zip(self.zero_centred_weights(), (real, fake), strict=True):
            if weight:
                penalty = penalty + weight * zero_centred(*images)
        if options.gradient_penalty:
            share = torch.rand(len(real[0]), 1, 1, 1, device=penalty.device).to(real[0].dtype)
            mix = torch.lerp(real[0].detach(), fake[0].detach(), share).requires_grad_()
            logits = self.trainables["discriminator"].network(mix).float()
            penalty = penalty + options.gradient_penalty * one_centred(mix, logits)
        return penalty

    def zero_centred_weights(self) -> tuple[float, float]:
        """Weights of R1 and R2 in this step."""
        return self.options.r1, self.options.r2

    def latents(self, n: int) -> Tensor:
        """See `NetworkGenerator.latents`."""
        return self.noise(n, self.options.latent, 1, 1)

    def render(self, network: nn.Module, latents: Tensor) -> Tensor:
        """See `NetworkGenerator.render`."""
        images: Tensor = network(latents)
        return images
