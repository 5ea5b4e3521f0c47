"""How a generator team trains: its generator against its own discriminator and, white-box, against Team B."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from arena.faces.coding import coder
from arena.generator.losses import discriminator_loss, evasion_loss
from arena.networks.straight import Coded
from arena.networks.trainable import Trainable, compute_dtype, frozen
from arena.networks.training import Course, as_pool, draw, run, seeded, to_images, to_range
from arena.seeds import derive
from arena.snapshot import player
from arena.types import Brief, Images, Role, Snapshot, State, Training, ignore_progress

SAMPLING_BATCH = 250
"""Images made at a time: fixed, because another batch size may round differently."""


@dataclass(frozen=True)
class GanOptions:
    """Options every GAN has. Adam's betas and learning rate: section 4 of the DCGAN paper."""

    latent: int = 100
    """Length of the latent vector."""
    batch: int = 64
    """Images per step."""
    steps: int = 120
    """Training steps per round."""
    warmup_steps: int = 400
    """Training steps before the first round, so that the first gallery is worth looking at."""
    learning_rate: float = 2e-4
    """Adam's learning rate of both networks."""
    beta1: float = 0.5
    """Adam's first moment decay."""
    smoothing: float = 0.1
    """One-sided label smoothing of the discriminator: real images have the target 1 - smoothing."""
    pressure: float = 0.3
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


class GanTeam(ABC, Generic[O]):
    """A generator with its own discriminator. A contender says how to build the two networks."""

    role: ClassVar[Role] = "generator"
    Options: ClassVar[Any] = GanOptions
    contender: ClassVar[str]  # set by `register`

    def __init__(self, options: O, brief: Brief) -> None:
        self.options, self.brief = options, brief
        self.on_progress = ignore_progress
        with seeded(derive(brief.seed, "weights"), brief.device):
            self.generator = self._trainable(self.build_generator(), options.average)
            self.discriminator = self._trainable(self.build_discriminator(), 0.0)
        self._images = 0

    @abstractmethod
    def build_generator(self) -> nn.Module:
        """A network from latents `[N, latent, 1, 1]` to images `[N, 3, S, S]` in [-1, 1]."""

    @abstractmethod
    def build_discriminator(self) -> nn.Module:
        """A network from images `[N, 3, S, S]` in [-1, 1] to logits `[N]`, above 0 for fake."""

    def networks(self) -> dict[str, nn.Module]:
        """The networks in training, by name."""
        return {"generator": self.generator.network, "discriminator": self.discriminator.network}

    def train(
        self, round: int, *, reals: Images, opponent: Snapshot | None, learning_rate_scale: float = 1.0
    ) -> Training:
        """See `types.Generator.train`."""
        options, device = self.options, self.brief.device
        steps = options.steps if round else options.warmup_steps
        course = Course("generator", round, steps, options.batch, self._images, learning_rate_scale, device)
        critic = self._critic(opponent)
        course = dataclasses.replace(course, capturable=not isinstance(critic, Coded))
        for trainable in (self.generator, self.discriminator):
            trainable.scale_learning_rate(learning_rate_scale)
            trainable.network.train()
        pool = as_pool(reals, device)
        names = ("discriminator", "generator", *(("evasion",) if critic is not None else ()))
        with seeded(derive(self.brief.seed, "train", round), device):
            training = run(course, lambda: self._step(pool, critic), names, self._is_finite, self.on_progress)
        self._images = training.images
        return training

    def _step(self, pool: Tensor, critic: nn.Module | None) -> Tensor:
        # Draw a batch of real faces, half of them mirrored, and make as many fakes.
        real = to_range(draw(pool, self.options.batch)).to(compute_dtype(self.brief.precision))
        fake = self.generator.network(self._latents(self.options.batch))

        # Train the discriminator on separate batches: batch norm must not mix real and fake statistics.
        discriminator = self.discriminator.network
        on_real, on_fake = discriminator(real).float(), discriminator(fake.detach()).float()
        loss_d = discriminator_loss(on_real, on_fake, self.options.smoothing)
        self.discriminator.zero_grad()
        loss_d.backward()  # type: ignore[no-untyped-call]
        self.discriminator.step()

        # Train the generator through the updated discriminator and, white-box, through Team B's snapshot.
        with frozen(discriminator):
            loss_g = evasion_loss(discriminator(fake).float())
        losses = [loss_d, loss_g]
        if critic is not None:
            losses.append(evasion_loss(critic(fake).float()))
        total = loss_g + self.options.pressure * losses[2] if critic is not None else loss_g
        self.generator.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        self.generator.step()
        return torch.stack([loss.detach() for loss in losses])

    @torch.no_grad()
    def generate(self, n: int, seed: int) -> Images:
        """See `types.Generator.generate`."""
        network = self.generator.settle()
        with seeded(seed, self.brief.device):
            latents = self._latents(n)
        batches = [to_images(network(latents[i : i + SAMPLING_BATCH])) for i in range(0, n, SAMPLING_BATCH)]
        return np.concatenate(batches)

    def state(self) -> State:
        """See `types.Team.state`."""
        parts = {"generator": self.generator.state(), "discriminator": self.discriminator.state()}
        flat = {f"{part}/{name}": array for part, state in parts.items() for name, array in state.items()}
        return flat | {"images": np.array(self._images, np.int64)}

    def restore(self, state: State) -> None:
        """See `types.Team.restore`."""
        for part, trainable in (("generator", self.generator), ("discriminator", self.discriminator)):
            trainable.restore({name.partition("/")[2]: a for name, a in state.items() if name.startswith(f"{part}/")})
        self._images = int(state["images"])

    def snapshot(self, round: int) -> Snapshot:
        """See `types.Team.snapshot`."""
        name, options = self.contender, dataclasses.asdict(self.options)
        return Snapshot("generator", name, options, self.brief.image_size, round, self.generator.weights())

    def load(self, snapshot: Snapshot) -> None:
        """See `types.Team.load`."""
        self.generator.load_weights(snapshot.weights)

    def _trainable(self, network: nn.Module, average: float) -> Trainable:
        options, brief = self.options, self.brief
        return Trainable(
            network,
            device=brief.device,
            precision=brief.precision,
            learning_rate=options.learning_rate,
            betas=(options.beta1, 0.999),
            average=average,
        )

    def _critic(self, opponent: Snapshot | None) -> nn.Module | None:
        """Team B's frozen network, or None when there is none that gradients can flow through."""
        if opponent is None:
            return None
        team = player(opponent, self.brief.device, self.brief.precision)
        network: nn.Module | None = getattr(team, "network", None)
        if network is None:
            return None
        frozen_network = network.eval().requires_grad_(False)
        # The detector was trained on coded fakes. Larger files would take seconds a round, and leave little of JPEG.
        code = coder(self.brief.origin, largest=1.0)
        return Coded(frozen_network, code).eval() if code is not None else frozen_network

    def _latents(self, n: int) -> Tensor:
        latents = torch.randn(n, self.options.latent, 1, 1, device=self.brief.device)
        return latents.to(compute_dtype(self.brief.precision))

    def _is_finite(self) -> bool:
        return self.generator.is_finite() and self.discriminator.is_finite()
