"""Networks that grow with their training: Karras, Aila, Laine and Lehtinen 2018, arXiv:1710.10196.

A network has the layers of its stage and, while these fade in, the way to colours of the stage before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu
from torch.nn.utils.parametrize import register_parametrization

from arena.networks.blocks import Grow, Halve


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
