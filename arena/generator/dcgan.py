"""DCGAN (Radford, Metz, Chintala 2016, arXiv:1511.06434), the generator of Team A, and what has been learned since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import nn
from torch.nn.utils.parametrize import register_parametrization

from arena.generator.gan import GanOptions, GanTeam
from arena.networks.blocks import Double, GroupNorm, Grow, Halve, Spectral, pyramid
from arena.registry import register

NORMS = ("batch", "group", "none")
UPSAMPLERS = ("transposed", "nearest")


@dataclass(frozen=True)
class DCGANOptions(GanOptions):
    """Options of DCGAN. The paper's: recipe 2016, width 64, batch 128, steps for a whole dataset."""

    recipe: str = "today"
    """today, or 2016 for the paper's loss, norms, upsampling, Adam and no average; options given beside it hold."""
    width: int = 16
    """Feature maps of the layer next to the image; each layer inward has twice as many, up to 8 times."""
    steps: int = 150
    warmup_steps: int = 600
    learning_rate: float = 1e-3
    """Adam's learning rate. The paper's 2e-4 moves too little in a round (experiments/contest)."""
    pressure: float = 1.5
    margin: float = 0.75
    margin_growth: float = 2.0
    anticipate: int = 30
    robust: str = "translation,colour"
    average: float = 0.9
    norm: str = "group"
    """Norm of the generator: batch, group or none."""
    discriminator_norm: str = "none"
    """Norm of the discriminator: batch, group or none."""
    upsample: str = "nearest"
    """How the generator doubles its maps: nearest, or transposed (the paper's strided convolutions)."""
    spectral: bool = False
    """Spectral norm on every layer of the discriminator (Miyato et al. 2018)."""

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "today": {},
        "2016": {
            "loss": "standard",
            "smoothing": 0.1,
            "r1": 0.0,
            "norm": "batch",
            "discriminator_norm": "batch",
            "upsample": "transposed",
            "average": 0.0,
            "beta2": 0.999,
            "learning_rate": 2e-4,
            "batch": 64,
            "steps": 120,
            "warmup_steps": 400,
            "pressure": 0.3,
            "margin": 0.0,
            "margin_growth": 1.0,
            "anticipate": 0,
            "robust": "",
        },
    }

    formerly: ClassVar[Mapping[str, Any]] = {"recipe": "2016", "margin": 0.0, "margin_growth": 1.0}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1:
            raise ValueError(f"width must be at least 1, not {self.width}")
        if self.recipe not in self.recipes:
            raise ValueError(f"recipe must be one of {', '.join(self.recipes)}, not {self.recipe!r}")
        for name in ("norm", "discriminator_norm"):
            if getattr(self, name) not in NORMS:
                raise ValueError(f"{name} must be one of {', '.join(NORMS)}, not {getattr(self, name)!r}")
        if self.upsample not in UPSAMPLERS:
            raise ValueError(f"upsample must be one of {', '.join(UPSAMPLERS)}, not {self.upsample!r}")


def initialise(module: nn.Module) -> None:
    """Weights from N(0, 0.02), batch norm scales from N(1, 0.02): section 4 of the paper."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def _norm(name: str, maps: int) -> list[nn.Module]:
    if name == "batch":
        return [nn.BatchNorm2d(maps)]
    return [GroupNorm(maps)] if name == "group" else []


class Generator(nn.Sequential):
    """Latents `[N, latent, 1, 1]` to images `[N, 3, S, S]` in [-1, 1]."""

    def __init__(
        self, latent: int, width: int, image_size: int, norm: str = "batch", upsample: str = "transposed"
    ) -> None:
        *inner, first = pyramid(image_size, width)
        double = Double if upsample == "transposed" else Grow
        layers: list[nn.Module] = [nn.ConvTranspose2d(latent, first, 4, 1, 0, bias=norm == "none")]
        layers += [*_norm(norm, first), nn.ReLU(inplace=True)]
        channels = first
        for maps in reversed(inner):
            layers += [double(channels, maps, bias=norm == "none"), *_norm(norm, maps), nn.ReLU(inplace=True)]
            channels = maps
        super().__init__(*layers, double(channels, 3, bias=False), nn.Tanh())
        if norm == "batch":
            self.apply(initialise)


class Discriminator(nn.Sequential):
    """Images `[N, 3, S, S]` in [-1, 1] to logits `[N]`, above 0 for fake."""

    def __init__(self, width: int, image_size: int, norm: str = "batch", spectral: bool = False) -> None:
        first, *inner = pyramid(image_size, width)
        bias = norm == "none"
        layers: list[nn.Module] = [Halve(3, first, 4, bias=bias), nn.LeakyReLU(0.2, inplace=True)]
        channels = first
        for maps in inner:
            layers += [Halve(channels, maps, 4, bias=bias), *_norm(norm, maps), nn.LeakyReLU(0.2, inplace=True)]
            channels = maps
        super().__init__(*layers, nn.Conv2d(channels, 1, 4, 1, 0, bias=False), nn.Flatten(0))
        if norm == "batch":
            self.apply(initialise)
        if spectral:
            for layer in self:
                if isinstance(layer, nn.Conv2d):
                    register_parametrization(layer, "weight", Spectral(layer.out_channels))


@register("generator", "dcgan")
class DCGAN(GanTeam[DCGANOptions]):
    """DCGAN (Radford et al. 2016) with the training found since; the paper's own by `recipe: 2016`."""

    Options = DCGANOptions

    def build_generator(self) -> nn.Module:
        """The network from latents to images."""
        options = self.options
        return Generator(options.latent, options.width, self.brief.image_size, options.norm, options.upsample)

    def build_discriminator(self) -> nn.Module:
        """The network from images to logits."""
        options = self.options
        return Discriminator(options.width, self.brief.image_size, options.discriminator_norm, options.spectral)
