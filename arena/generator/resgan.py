"""A compact GAN of residual blocks with the training that good small GANs share.

Relativistic loss with zero-centred penalties is what N. Huang et al. (The GAN is dead; long live the GAN!, 2024) found
to be enough without the tricks of the years before. The blocks here are the cheapest that still have a shortcut: one
convolution each.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from arena.generator.gan import GanOptions, GanTeam
from arena.networks.blocks import GroupNorm, Grow, Halve, pyramid
from arena.registry import register


@dataclass(frozen=True)
class ResGANOptions(GanOptions):
    """Options of the residual GAN."""

    latent: int = 128
    """Length of the latent vector."""
    width: int = 32
    """Feature maps of the layer next to the image; each layer inward has twice as many, up to 8 times."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1:
            raise ValueError(f"width must be at least 1, not {self.width}")


class Up(nn.Module):
    """Maps `[N, C, S, S]` to `[N, M, 2 S, 2 S]`: group norm, activation and `Grow`, beside the repeated input.

    The shortcut starts at nothing: a generator that begins as a plain one is ahead for the first minutes.
    """

    def __init__(self, channels: int, maps: int) -> None:
        super().__init__()
        self.body = nn.Sequential(GroupNorm(channels), nn.LeakyReLU(0.2), Grow(channels, maps))
        self.shortcut = nn.Conv2d(channels, maps, 1, bias=False)
        nn.init.zeros_(self.shortcut.weight)

    def forward(self, input: Tensor) -> Tensor:
        """See above."""
        # The 1x1 convolution comes first: on a quarter of the pixels it gives the same as after the repetition.
        grown: Tensor = self.body(input) + interpolate(self.shortcut(input), scale_factor=2.0, mode="nearest")
        return grown


class Down(nn.Module):
    """Maps `[N, C, S, S]` to `[N, M, S / 2, S / 2]`: activation and `Halve`, beside the averaged input."""

    def __init__(self, channels: int, maps: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.LeakyReLU(0.2), Halve(channels, maps, 4, bias=True))
        self.shortcut = nn.Conv2d(channels, maps, 1, bias=False) if channels != maps else nn.Identity()

    def forward(self, input: Tensor) -> Tensor:
        """See above."""
        halved: Tensor = self.body(input) + self.shortcut(avg_pool2d(input, 2))
        return halved


class Generator(nn.Sequential):
    """Latents `[N, latent, 1, 1]` to images `[N, 3, S, S]` in [-1, 1]."""

    def __init__(self, latent: int, width: int, image_size: int) -> None:
        *inner, first = pyramid(image_size, width)
        layers: list[nn.Module] = [nn.ConvTranspose2d(latent, first, 4), nn.Conv2d(first, first, 3, padding=1)]
        channels = first
        for maps in reversed(inner):
            layers.append(Up(channels, maps))
            channels = maps
        super().__init__(*layers, GroupNorm(channels), nn.LeakyReLU(0.2), Grow(channels, 3), nn.Tanh())


class Discriminator(nn.Sequential):
    """Images `[N, 3, S, S]` in [-1, 1] to logits `[N]`, above 0 for fake."""

    def __init__(self, width: int, image_size: int) -> None:
        first, *inner = pyramid(image_size, width)
        layers: list[nn.Module] = [Halve(3, first, 4, bias=True)]
        channels = first
        for maps in inner:
            layers.append(Down(channels, maps))
            channels = maps
        # No bias on the logit: a relativistic loss is of differences of logits, where it would cancel.
        super().__init__(*layers, nn.LeakyReLU(0.2), nn.Conv2d(channels, 1, 4, bias=False), nn.Flatten(0))


@register("generator", "resgan")
class ResGAN(GanTeam[ResGANOptions]):
    """A compact GAN of residual blocks: relativistic loss, lazy R1, group norm, averaged weights."""

    Options = ResGANOptions

    def build_generator(self) -> nn.Module:
        """See `GanTeam.build_generator`."""
        return Generator(self.options.latent, self.options.width, self.brief.image_size)

    def build_discriminator(self) -> nn.Module:
        """See `GanTeam.build_discriminator`."""
        return Discriminator(self.options.width, self.brief.image_size)
