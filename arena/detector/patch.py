"""Patch by patch: a network that sees no more than a few pixels at once cannot know a face, only the traces in it.

L. Chai et al., What makes fake images detectable? Understanding properties that generalize, 2020: a shallow network
with an opinion on every patch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from arena.detector.calibrated import SCORING_BATCH
from arena.detector.team import NetworkDetector, NetworkOptions
from arena.networks.blocks import Halve, Logit
from arena.networks.training import as_pool, to_range
from arena.registry import register
from arena.types import Heat, Images


@dataclass(frozen=True)
class PatchOptions(NetworkOptions):
    """Options of the patch network."""

    width: int = 32
    """Feature maps of the first layer; the others have twice as many."""
    layers: int = 2
    """3x3 convolutions at half the size: a patch is 5 pixels wide, and 4 more for each of them."""
    input: Literal["rgb", "high-pass", "neighbours"] = "high-pass"
    """What the network sees, as for every network; high-pass makes a patch 2 pixels wider, neighbours 1."""
    shrink: bool = True
    """As for every detector; on, as a patch does not see that its surroundings are mirrored."""
    steps: int = 150
    average: float = 0.97

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1 or not 0 <= self.layers <= 8:
            raise ValueError("width must be at least 1 and layers from 0 to 8")


@register("detector", "patch")
class Patch(NetworkDetector[PatchOptions]):
    """A small receptive field: a logit for every patch of some 15 pixels, averaged; sees traces, not faces."""

    Options = PatchOptions

    def build_network(self) -> nn.Module:
        """See `NetworkDetector.build_network`."""
        return PatchNetwork(self.channels, self.options.width, self.options.layers)

    @torch.no_grad()
    def heat_maps(self, images: Images) -> Heat:
        """See `types.Detector.heat_maps`: the patches' own logits, as far as they speak for the answer."""
        network = cast(PatchNetwork, self.trainables["detector"].settle())
        maps = []
        for i in range(0, len(images), SCORING_BATCH):
            pixels = self._fitted(to_range(as_pool(images[i : i + SCORING_BATCH], self.brief.device)))
            logits = network.patches(pixels).float()
            agreeing = (logits * logits.mean((1, 2, 3), keepdim=True).sign()).clamp_min(0)
            agreeing = interpolate(agreeing, images.shape[1:3], mode="bilinear", align_corners=False)
            most = agreeing.amax((2, 3), keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
            maps.append((agreeing / most)[:, 0].cpu().numpy())
        heat: Heat = np.concatenate(maps)
        return heat


class PatchNetwork(nn.Module):
    """Convolutions without padding worth a surrounding, and a logit for each place of the last maps."""

    def __init__(self, channels: int, width: int, depth: int) -> None:
        super().__init__()
        maps = 2 * width
        self.first = nn.Sequential(
            *(nn.Conv2d(channels, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)),
            *(nn.ReLU(inplace=True), Halve(width, maps, 3), nn.BatchNorm2d(maps), nn.ReLU(inplace=True)),
        )
        layers = [(nn.Conv2d(maps, maps, 3, 1, 1, bias=False), nn.BatchNorm2d(maps)) for _ in range(depth)]
        self.layers = nn.Sequential(*(part for pair in layers for part in (*pair, nn.ReLU(inplace=True))))
        self.logit = Logit(maps)

    def patches(self, images: Tensor) -> Tensor:
        """A logit for each patch of what is seen of images, `[N, C, S, S]`: `[N, 1, S / 2, S / 2]`."""
        maps = self.layers(self.first(images))
        n, channels, *sides = maps.shape
        logits: Tensor = self.logit(maps.permute(0, 2, 3, 1).reshape(-1, channels))
        return logits.view(n, 1, *sides)

    def forward(self, images: Tensor) -> Tensor:
        """The mean logit of each image's patches, `[N]`."""
        return self.patches(images).mean((1, 2, 3))
