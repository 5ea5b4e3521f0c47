"""Progressive growing (Karras, Aila, Laine and Lehtinen 2018, arXiv:1710.10196): from 4x4 pixels to the match's size.

A team has the layers of its stage and no others. Where a stage begins the new layers join the old ones with their
weights, moments and averages, and where its fade ends the layer to colours that faded out is gone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu
from torch.nn.utils.parametrize import register_parametrization

from arena.generator.gan import GanOptions, GanTeam
from arena.networks.blocks import Grow, Halve, pyramid
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


@dataclass(frozen=True)
class Stage:
    """Where the growth stands. `number`: images have 4 * 2**number pixels a side. `alpha`: in [0, 1], the new layers'
    share of what is seen; 1 once they have faded in.
    """

    number: int
    alpha: float = 1.0

    @classmethod
    def at(cls, images: float, per_stage: int, last: int) -> Stage:
        """The stage after so many training images; the first needs no fade, the `last` does not end."""
        number = min(int(images / per_stage), last)
        alpha = min(1.0, 2 * (images / per_stage - number)) if number else 1.0
        return cls(number, alpha)

    @property
    def fades(self) -> bool:
        """Whether the layers of the stage before are still seen."""
        return self.alpha < 1

    def __str__(self) -> str:
        return f"{4 << self.number} px" + (f", fading in {self.alpha:.0%}".replace("%", " %") if self.fades else "")


class Equalised(nn.Module):
    """A weight times the constant of He et al. 2015: Adam's steps are then as large for every layer (section 4.1)."""

    def __init__(self, inputs: int, gain: float) -> None:
        super().__init__()
        self.scale = gain / math.sqrt(inputs)

    def forward(self, weight: Tensor) -> Tensor:
        """See above."""
        return weight * self.scale


def equalised(layer: nn.Conv2d | nn.ConvTranspose2d, gain: float = math.sqrt(2)) -> nn.Module:
    """The layer with weights from N(0, 1) that are scaled in every pass.

    The bias is scaled alike, which the paper leaves out: at the learning rate that a training of minutes asks for, the
    brightness of all images would swing with it.
    """
    nn.init.normal_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    # A transposed convolution is used once, on maps of one pixel: every output has one input of each map.
    inputs = len(layer.weight) if isinstance(layer, nn.ConvTranspose2d) else layer.weight[0].numel()
    for name in ("weight", "bias") if layer.bias is not None else ("weight",):
        register_parametrization(layer, name, Equalised(inputs, gain))
    return layer


def unscaled(layer: nn.Module) -> Tensor:
    """The weight of an equalised layer before it is scaled."""
    return layer.get_parameter("parametrizations.weight.original")


def pixel_norm(maps: Tensor) -> Tensor:
    """Every pixel's vector of features `[N, C, S, S]` brought to a mean square of one (section 4.2)."""
    return maps * torch.rsqrt(maps.float().square().mean(1, keepdim=True) + 1e-8).to(maps.dtype)


class Normed(nn.Module):
    """A convolution, its activation and pixel norm."""

    def __init__(self, layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
        super().__init__()
        self.layer = equalised(layer)

    def forward(self, input: Tensor) -> Tensor:
        """See above."""
        return pixel_norm(leaky_relu(self.layer(input), 0.2))


class Deviation(nn.Module):
    """One map more: the standard deviation of features over the batch, a mean over all of them (section 3)."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps `[N, C, S, S]` to `[N, C + 1, S, S]`."""
        deviation = (maps.float().var(0, unbiased=False) + 1e-8).sqrt().mean().to(maps.dtype)
        return torch.cat([maps, deviation.expand(len(maps), 1, *maps.shape[2:])], 1)


def _colours(stage: Stage) -> tuple[int, ...]:
    """The stages whose layer between features and colours is in use."""
    return (stage.number - 1, stage.number) if stage.fades else (stage.number,)


class Generator(nn.Module):
    """Latents `[N, latent, 1, 1]` to images of a stage, `[N, 3, s, s]`. `widths`: feature maps of every stage."""

    def __init__(self, latent: int, widths: Sequence[int], stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        first = widths[0]
        blocks = [nn.Sequential(Normed(nn.ConvTranspose2d(latent, first, 4)), Normed(_same(first)))]
        for number in range(1, stage.number + 1):
            channels, maps = widths[number - 1 : number + 1]
            blocks.append(nn.Sequential(Normed(Grow(channels, maps)), Normed(_same(maps))))
        self.blocks = nn.ModuleList(blocks)
        self.colour = nn.ModuleDict({str(n): equalised(nn.Conv2d(widths[n], 3, 1), 1.0) for n in _colours(stage)})
        if stage.number:  # new layers fade in from grey, not from colours of chance
            nn.init.normal_(unscaled(self.colour[str(stage.number)]), std=0.05)

    def forward(self, latents: Tensor) -> Tensor:
        """See above."""
        maps = pixel_norm(latents)
        *old, new = self.blocks
        for block in old:
            maps = block(maps)
        images: Tensor = self.colour[str(self.stage.number)](new(maps))
        if self.stage.fades:
            small = self.colour[str(self.stage.number - 1)](maps)
            images = torch.lerp(interpolate(small, scale_factor=2.0, mode="nearest"), images, self.stage.alpha)
        return images


class Discriminator(nn.Module):
    """Images of a stage `[N, 3, s, s]` to logits `[N]`, above 0 for fake. `widths`: feature maps of every stage."""

    def __init__(self, widths: Sequence[int], stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        first = widths[0]
        last = [Deviation(), equalised(nn.Conv2d(first + 1, first, 3, padding=1)), nn.LeakyReLU(0.2)]
        last += [equalised(nn.Conv2d(first, first, 4)), nn.LeakyReLU(0.2)]
        # No bias on the logit, which a loss of differences of logits would not train.
        blocks = [nn.Sequential(*last, equalised(nn.Conv2d(first, 1, 1, bias=False), 1.0), nn.Flatten(0))]
        for number in range(1, stage.number + 1):
            maps, channels = widths[number - 1 : number + 1]
            halve = equalised(Halve(channels, maps, 4, bias=True))
            layers = [equalised(_same(channels)), nn.LeakyReLU(0.2), halve, nn.LeakyReLU(0.2)]
            blocks.append(nn.Sequential(*layers))
        self.blocks = nn.ModuleList(blocks)
        self.colour = nn.ModuleDict({str(n): equalised(nn.Conv2d(3, widths[n], 1)) for n in _colours(stage)})

    def forward(self, images: Tensor) -> Tensor:
        """See above."""
        *old, new = self.blocks
        maps: Tensor = new(self._seen(images, self.stage.number))
        if self.stage.fades:
            maps = torch.lerp(self._seen(avg_pool2d(images, 2), self.stage.number - 1), maps, self.stage.alpha)
        for block in reversed(old):
            maps = block(maps)
        return maps

    def _seen(self, images: Tensor, number: int) -> Tensor:
        return leaky_relu(self.colour[str(number)](images), 0.2)


def _same(maps: int) -> nn.Conv2d:
    return nn.Conv2d(maps, maps, 3, padding=1)


def shrunk(images: Tensor, stage: Stage) -> Tensor:
    """Images `[N, 3, S, S]` as a stage sees them: averaged to its size and as much sharper as it has faded in."""
    small = avg_pool2d(images, images.shape[-1] // (4 << stage.number))
    if stage.fades:
        blurred = interpolate(avg_pool2d(small, 2), scale_factor=2.0, mode="nearest")
        small = torch.lerp(blurred, small, stage.alpha)
    return small


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
        """The stage that the last step was taken in, and the share of its new layers."""
        return {"stage": float(self.stage.number), "alpha": self.stage.alpha}

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
