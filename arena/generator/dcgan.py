"""DCGAN (Radford, Metz, Chintala 2016, arXiv:1511.06434), the generator of Team A."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from arena.generator.team import GanOptions, GanTeam
from arena.networks.blocks import Double, Halve
from arena.registry import register
from arena.types import ArenaError


@dataclass(frozen=True)
class DCGANOptions(GanOptions):
    """Options of DCGAN. The paper's: width 64, batch 128, steps for a whole dataset."""

    width: int = 16
    """Feature maps of the layer next to the image; each layer inward has twice as many, up to 8 times."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1:
            raise ValueError(f"width must be at least 1, not {self.width}")


def initialise(module: nn.Module) -> None:
    """Weights from N(0, 0.02), batch norm scales from N(1, 0.02): section 4 of the paper."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def _widths(image_size: int, width: int) -> list[int]:
    """Feature maps from the image inward: one layer per halving down to 4x4, doubling up to 8 times the width."""
    layers = image_size.bit_length() - 3
    if layers < 1 or image_size != 4 << layers:
        raise ArenaError(f"a DCGAN makes images of 8, 16, 32, 64, 128 ... pixels, not {image_size}: set image_size")
    return [width * min(2**i, 8) for i in range(layers)]


class Generator(nn.Sequential):
    """Latents `[N, latent, 1, 1]` to images `[N, 3, S, S]` in [-1, 1]."""

    def __init__(self, latent: int, width: int, image_size: int) -> None:
        *inner, first = _widths(image_size, width)
        layers: list[nn.Module] = [nn.ConvTranspose2d(latent, first, 4, 1, 0, bias=False), *_norm_relu(first)]
        channels = first
        for maps in reversed(inner):
            layers += [Double(channels, maps), *_norm_relu(maps)]
            channels = maps
        super().__init__(*layers, Double(channels, 3), nn.Tanh())
        self.apply(initialise)


class Discriminator(nn.Sequential):
    """Images `[N, 3, S, S]` in [-1, 1] to logits `[N]`, above 0 for fake."""

    def __init__(self, width: int, image_size: int) -> None:
        first, *inner = _widths(image_size, width)
        layers: list[nn.Module] = [Halve(3, first, 4), nn.LeakyReLU(0.2, inplace=True)]
        channels = first
        for maps in inner:
            layers += [Halve(channels, maps, 4), nn.BatchNorm2d(maps), nn.LeakyReLU(0.2, inplace=True)]
            channels = maps
        super().__init__(*layers, nn.Conv2d(channels, 1, 4, 1, 0, bias=False), nn.Flatten(0))
        self.apply(initialise)


def _norm_relu(maps: int) -> tuple[nn.Module, nn.Module]:
    return nn.BatchNorm2d(maps), nn.ReLU(inplace=True)


@register("generator", "dcgan")
class DCGAN(GanTeam[DCGANOptions]):
    """DCGAN: strided transposed convolutions with batch norm (Radford et al. 2016), latent 100, 64x64."""

    Options = DCGANOptions

    def build_generator(self) -> nn.Module:
        """The network from latents to images."""
        return Generator(self.options.latent, self.options.width, self.brief.image_size)

    def build_discriminator(self) -> nn.Module:
        """The network from images to logits."""
        return Discriminator(self.options.width, self.brief.image_size)
