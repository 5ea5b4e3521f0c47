"""An autoencoder that rebuilds Team A's own real faces: fakes with the content of real ones and traces of synthesis.

Pixels, features and an adversary: L1 on pixels, L1 on the features of its own discriminator (Larsen et al.,
Autoencoding beyond pixels, 2016; the form is that of Wang et al., pix2pixHD, 2018, equation 5), and a GAN's loss.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from arena.generator.augment import augment
from arena.generator.bank import FaceBank
from arena.generator.gan import GanOptions, GanTeam
from arena.generator.losses import LOSSES
from arena.generator.resgan import Discriminator, Down
from arena.networks.blocks import Double, GroupNorm, Grow, Halve, Resize, Shuffle, pyramid
from arena.networks.trainable import compute_dtype, frozen
from arena.networks.training import as_pool, seeded, to_range
from arena.registry import register
from arena.seeds import derive, rng
from arena.types import ArenaError, Brief, Critic, FakesAre, Images, Material, Snapshot, Sources, State, Training

UPSAMPLERS: dict[str, Callable[[int, int], nn.Module]] = {
    "transposed": lambda channels, maps: Double(channels, maps, bias=True),
    "nearest": Grow,
    "bilinear": Resize,
    "shuffle": Shuffle,
}


@dataclass(frozen=True)
class ReconstructorOptions(GanOptions):
    """Options of the autoencoder."""

    latent: int = 16
    """Maps of the code: what is left of a face are latent x side x side numbers."""
    side: int = 8
    """Side of the code's maps in pixels, a power of two from 4 to half the image's."""
    width: int = 24
    """Feature maps of the layer next to the image; each layer inward has twice as many, up to 8 times."""
    upsample: str = "nearest"
    """How the decoder doubles its maps: transposed, nearest, bilinear or shuffle."""
    skips: bool = False
    """Whether the decoder also gets the encoder's maps of its size (a U-Net), past the code."""
    variational: bool = False
    """Whether the code is drawn from a normal distribution that the encoder gives (Kingma and Welling 2014)."""
    divergence: float = 0.001
    """Weight of the divergence from a standard normal distribution, per pixel value, where it is variational."""
    pixels: float = 1.0
    """Weight of the L1 error of pixels in [-1, 1]."""
    features: float = 0.2
    """Weight of the L1 error of the discriminator's features, a mean over its layers."""
    adversary: float = 0.05
    """Weight of the adversarial loss."""
    bank: int = 500
    """Real faces kept at hand to be rebuilt, of as many people as can be; every round draws others."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1 or self.bank < 2:
            raise ValueError("width must be at least 1, bank at least 2")
        if self.side < 4 or self.side & (self.side - 1):
            raise ValueError(f"side must be a power of two from 4, not {self.side}")
        if self.upsample not in UPSAMPLERS:
            raise ValueError(f"upsample must be one of {', '.join(UPSAMPLERS)}, not {self.upsample!r}")
        for name in ("divergence", "pixels", "features", "adversary"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must not be negative")


class Autoencoder(nn.Module):
    """Images `[N, 3, S, S]` in [-1, 1] to images of their codes, and how far those diverge from a normal distribution.

    The divergence, a scalar per pixel value, is 0 where the code is not variational. A code is drawn in training only.
    """

    def __init__(self, options: ReconstructorOptions, image_size: int) -> None:
        super().__init__()
        if options.side >= image_size:
            raise ArenaError(f"a code of side {options.side} has to be smaller than images of {image_size}: set side")
        widths = pyramid(image_size, options.width)[: int(math.log2(image_size // options.side))]
        self.skips, self.variational, inmost = options.skips, options.variational, widths[-1]
        down: list[nn.Module] = [Halve(3, widths[0], 4, bias=True)]
        down += [Down(channels, maps) for channels, maps in pairwise(widths)]
        self.encoder = nn.ModuleList(down)
        self.to_code = nn.Conv2d(inmost, options.latent * (2 if options.variational else 1), 1)
        self.from_code = nn.Conv2d(options.latent, inmost, 3, padding=1)
        double = UPSAMPLERS[options.upsample]
        inward = [3, *widths[:-1]]
        self.decoder = nn.ModuleList(
            nn.Sequential(GroupNorm(channels), nn.LeakyReLU(0.2), double(channels, maps))
            for channels, maps in zip(reversed(widths), reversed(inward), strict=True)
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """See above."""
        passed, maps = [], images
        for layer in self.encoder:
            maps = layer(maps)
            passed.append(maps)
        code, divergence = self._code(self.to_code(maps))
        maps = self.from_code(code)
        for layer in self.decoder:
            maps = layer(maps + passed.pop() if self.skips else maps)
        return torch.tanh(maps), divergence / images[0].numel()

    def _code(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """The code and the sum of its divergences per image, a mean over images."""
        if not self.variational:
            return encoded, torch.zeros((), device=encoded.device)
        mean, logarithm = (part.float() for part in encoded.chunk(2, 1))
        # Kullback-Leibler divergence from N(0, 1), Kingma and Welling 2014, appendix B.
        divergence = (mean.square() + logarithm.exp() - 1 - logarithm).sum((1, 2, 3)).mean() / 2
        code = mean + torch.randn_like(mean) * (logarithm / 2).exp() if self.training else mean
        return code.to(encoded.dtype), divergence


def features(discriminator: nn.Module, images: Tensor) -> list[Tensor]:
    """What each layer of a discriminator makes of images, from the first to the logits."""
    found = []
    for layer in discriminator.children():
        images = layer(images)
        found.append(images)
    return found


def feature_error(real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """L1 error of features as a share of their size, a mean over the layers before the logits."""
    pairs = list(zip(real, fake, strict=True))[:-3]
    return torch.stack([l1_loss(b.float(), a.float()) / a.float().abs().mean() for a, b in pairs]).mean()


@register("generator", "reconstructor")
class Reconstructor(GanTeam[ReconstructorOptions]):
    """An autoencoder with an adversary that rebuilds Team A's own real faces."""

    Options = ReconstructorOptions
    fakes_are: FakesAre = "composite"
    losses = ("discriminator", "generator", "pixels", "features")

    def __init__(self, options: ReconstructorOptions, brief: Brief) -> None:
        super().__init__(options, brief)
        self.bank = FaceBank.empty(brief.image_size)

    def build_generator(self) -> nn.Module:
        """The autoencoder: it takes images, no latents."""
        return Autoencoder(self.options, self.brief.image_size)

    def build_discriminator(self) -> nn.Module:
        """See `GanTeam.build_discriminator`."""
        return Discriminator(self.options.width, self.brief.image_size)

    def step(self, pool: Tensor, critic: Critic | None, *, penalised: bool = False) -> Tensor:
        """See `GanTeam.step`; the errors of pixels and features come after the losses of the two networks."""
        options, discriminator = self.options, self.trainables["discriminator"].network
        real = self.reals(pool)
        fake, divergence = self.trainables["generator"].network(real)
        loss_d, on_real = self.step_discriminator(real, fake.detach(), penalised=penalised)
        with torch.no_grad():
            of_real = features(discriminator, real)
        with frozen(discriminator):
            of_fake = features(discriminator, fake)
            on_fake = discriminator(augment(fake, options.augment)) if options.augment else of_fake[-1]
        adversary = LOSSES[options.loss].generator(on_fake.float(), on_real)
        pixels, unlike = l1_loss(fake.float(), real.float()), feature_error(of_real, of_fake)
        loss = options.adversary * adversary + options.pixels * pixels + options.features * unlike
        _, *evasion = self.descend(loss + options.divergence * divergence, fake, critic)
        return torch.stack([loss_d, adversary.detach(), pixels.detach(), unlike.detach(), *evasion])

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        """See `types.Team.train`; what it rebuilds until the next round is drawn then."""
        training = super().train(round, material, learning_rate_scale=learning_rate_scale)
        self.bank = FaceBank.choose(material.faces, self.options.bank, derive(self.brief.seed, "bank", round))
        return training

    def generate(self, n: int, seed: int) -> Images:
        """See `types.Generator.generate`. Noise as long as there is no face to rebuild."""
        if not len(self.bank):
            shape = (n, self.brief.image_size, self.brief.image_size, 3)
            return rng(seed, "noise").integers(0, 256, shape).astype(np.uint8)
        return super().generate(n, seed)

    def sources(self, n: int, seed: int) -> Sources | None:
        """See `types.Generator.sources`: the faces that were rebuilt."""
        if not len(self.bank):
            return None
        with seeded(seed, self.brief.device):
            places = self.latents(n)
        return Sources({"original": self.originals(places).cpu().numpy()}, ("",) * n)

    def latents(self, n: int) -> Tensor:
        """Places in the bank, int64 `[n]`: every face once, then mirrored (places from the bank's end), and so on."""
        faces = max(len(self.bank), 1)
        drawn = [torch.randperm(faces, device=self.brief.device) + i % 2 * faces for i in range(-(-n // faces))]
        return torch.cat(drawn)[:n]

    def render(self, network: nn.Module, latents: Tensor) -> Tensor:
        """See `NetworkGenerator.render`."""
        images: Tensor = network(to_range(self.originals(latents)).to(compute_dtype(self.brief.precision)))[0]
        return images

    def originals(self, places: Tensor) -> Tensor:
        """The real faces at places as `latents` gives them, uint8 `[n, S, S, 3]`."""
        faces = as_pool(self.bank.images, self.brief.device)[places % len(self.bank)]
        return torch.where((places >= len(self.bank)).view(-1, 1, 1, 1), faces.flip(2), faces)

    def state(self) -> State:
        """See `types.Team.state`."""
        return super().state() | self.bank.arrays()

    def restore(self, state: State) -> None:
        """See `types.Team.restore`."""
        super().restore(state)
        self.bank = FaceBank.from_arrays(state)

    def snapshot(self, round: int) -> Snapshot:
        """See `types.Team.snapshot`: with the bank, so that a player has what it rebuilds."""
        snapshot = super().snapshot(round)
        return replace(snapshot, weights=snapshot.weights | self.bank.arrays())

    def load(self, snapshot: Snapshot) -> None:
        """See `types.Team.load`."""
        super().load(snapshot)
        self.bank = FaceBank.from_arrays(snapshot.weights)
