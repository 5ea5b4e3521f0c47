"""Progressive growing (Karras, Aila, Laine and Lehtinen 2018, arXiv:1710.10196): from 4x4 pixels to the match's size.

A team has the layers of its stage and no others. Where a stage begins the new layers join the old ones with their
weights, moments and averages, and where its fade ends the layer to colours that faded out is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import interpolate

from arena.generator.gan import GanOptions, GanTeam
from arena.networks.blocks import pyramid
from arena.networks.growing import Discriminator, Generator, Stage, shrunk
from arena.networks.trainable import Trainable
from arena.networks.training import Step, seeded
from arena.registry import register
from arena.seeds import derive
from arena.types import Brief, Critic, Material, Snapshot, State, Training


@dataclass(frozen=True)
class ProGANOptions(GanOptions):
    """Options of progressive growing. The paper's loss and Adam; its learning rate is half of this one."""

    latent: int = 128
    learning_rate: float = 2e-3
    beta1: float = 0.0
    loss: str = "wasserstein"
    r1: float = 0.0
    gradient_penalty: float = 10.0
    every: int = 1
    width: int = 16
    """Feature maps of the layer next to the largest images; each layer inward has twice as many, up to 8 times."""
    images_per_stage: int = 8000
    """Training images from one stage to the next; the new layers fade in during the first half of them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1 or self.images_per_stage < 1:
            raise ValueError("width and images_per_stage must be at least 1")


@register("generator", "progan")
class ProGAN(GanTeam[ProGANOptions]):
    """Progressive growing (Karras et al. 2018) from 4x4 pixels to the match's size; stages advance with images seen."""

    Options = ProGANOptions
    captures = False  # the share of the new layers changes with every step

    def __init__(self, options: ProGANOptions, brief: Brief) -> None:
        self.stage, self._scale = Stage(0), 1.0
        inward = pyramid(brief.image_size, options.width)
        self.widths = [options.width * min(2 ** len(inward), 8), *reversed(inward)]
        super().__init__(options, brief)

    def build_generator(self) -> nn.Module:
        """The generator of the present stage."""
        return Generator(self.options.latent, self.widths, self.stage)

    def build_discriminator(self) -> nn.Module:
        """The discriminator of the present stage."""
        return Discriminator(self.widths, self.stage)

    def begin_training(self, learning_rate_scale: float) -> None:
        """See `NetworkTeam.begin_training`."""
        self._scale = learning_rate_scale
        super().begin_training(learning_rate_scale)

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        """See `types.Team.train`."""
        training = super().train(round, material, learning_rate_scale=learning_rate_scale)
        return replace(training, grown=str(self.stage))

    def cycle(self, pool: Tensor, critic: Critic | None) -> Sequence[Step]:
        """See `NetworkGenerator.cycle`."""
        self._seen = self.images
        return super().cycle(pool, critic)

    def step(self, pool: Tensor, critic: Critic | None, *, penalised: bool = False) -> Tensor:
        """See `GanTeam.step`: at the stage of the middle of the batch, where new layers have a share from the first."""
        options = self.options
        self.become(Stage.at(self._seen + options.batch / 2, options.images_per_stage, len(self.widths) - 1))
        self._seen += options.batch
        return super().step(pool, critic, penalised=penalised)

    def reals(self, pool: Tensor) -> Tensor:
        """See `GanTeam.reals`: of the stage's size."""
        return shrunk(super().reals(pool), self.stage)

    def zero_centred_weights(self) -> tuple[float, float]:
        """See `GanTeam.zero_centred_weights`: as they are for the same images enlarged to the match's size.

        There the gradient by a pixel spreads over k x k pixels and its square is the k x k-th part. Without it a
        discriminator of 8x8 pixels is held so flat that it cannot tell colours.
        """
        share = (4 << self.stage.number) ** 2 / self.brief.image_size**2
        return share * self.options.r1, share * self.options.r2

    def descend(self, loss: Tensor, fake: Tensor, critic: Critic | None) -> list[Tensor]:
        """See `NetworkGenerator.descend`: the critic sees what is played, images of the match's size."""
        return super().descend(loss, fake if critic is None else self._enlarged(fake), critic)

    def render(self, network: nn.Module, latents: Tensor) -> Tensor:
        """See `NetworkGenerator.render`: images of a small stage are enlarged by repetition."""
        return self._enlarged(super().render(network, latents))

    def become(self, stage: Stage) -> None:
        """Go to a stage; layers that stay keep their weights and whatever else belongs to them."""
        grown = (stage.number, stage.fades) != (self.stage.number, self.stage.fades)
        self.stage = stage
        if grown:
            old = self.trainables
            with seeded(derive(self.brief.seed, "weights", stage.number), self.brief.device):
                self.trainables = self.build()
            if self.brief.trains:
                for name, trainable in self.trainables.items():
                    _inherit(trainable, old[name])
                self.begin_training(self._scale)
        for trainable in self.trainables.values():
            for network in (trainable.network, trainable.averaged):
                network.stage = stage  # type: ignore[assignment]

    def extra(self) -> dict[str, float]:
        """Beside what others have, the stage that the last step was taken in, and the share of its new layers."""
        return super().extra() | {"stage": float(self.stage.number), "alpha": self.stage.alpha}

    def restore(self, state: State) -> None:
        """See `types.Team.restore`."""
        self.become(_stage(state))
        super().restore(state)

    def load(self, snapshot: Snapshot) -> None:
        """See `types.Team.load`."""
        self.become(_stage(snapshot.extra))
        super().load(snapshot)

    def _enlarged(self, images: Tensor) -> Tensor:
        size = self.brief.image_size
        return interpolate(images, size=(size, size), mode="nearest").clamp(-1, 1)


def _stage(numbers: Mapping[str, Any]) -> Stage:
    return Stage(int(numbers["stage"]), float(numbers["alpha"]))


def _inherit(young: Trainable, old: Trainable) -> None:
    fresh = young.state()
    young.restore(fresh | {name: array for name, array in old.state().items() if name in fresh})
