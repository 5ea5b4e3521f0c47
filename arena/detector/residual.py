"""A small residual network that keeps much of the image: the finest maps are an eighth of its side."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from arena.detector.changes import TRACES
from arena.detector.team import NetworkDetector, NetworkOptions
from arena.networks.blocks import Halve, Logit
from arena.registry import register


@dataclass(frozen=True)
class ResidualOptions(NetworkOptions):
    """Options of the residual network."""

    width: int = 32
    """Feature maps of the first layer; the blocks have two, four and four times as many."""
    dropout: float = 0.2
    """Dropout before the last layer."""
    input: Literal["rgb", "high-pass", "neighbours"] = "high-pass"
    """What it sees, as for every network; with rgb it knows fewer fakes that it has not met (experiments/team-b)."""
    steps: int = 150
    learning_rate: float = 2e-3
    """Adam's highest learning rate: it rises over the first 50 steps, or a tenth, of a round and falls as a cosine."""
    average: float = 0.97
    """Decay of the moving average of the weights that plays; 0.99 and more for trainings of a thousand steps."""
    gentle: float = 0.2
    """Share of its first round without blur, noise, resizing and JPEG, to get going."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1 or not (0 <= self.dropout < 1 and 0 <= self.gentle <= 1):
            raise ValueError("width must be at least 1, dropout in [0, 1) and gentle in [0, 1]")


@register("detector", "residual")
class Residual(NetworkDetector[ResidualOptions]):
    """A small residual CNN: three blocks, down to an eighth of the side, averaged weights, a cosine for the steps."""

    Options = ResidualOptions
    captures = False  # the learning rate and the changes differ from step to step

    def build_network(self) -> nn.Module:
        """See `NetworkDetector.build_network`."""
        width = self.options.width
        blocks = [Block(width, 2 * width, 2), Block(2 * width, 4 * width, 2), Block(4 * width, 4 * width, 1)]
        norm = [nn.BatchNorm2d(4 * width), nn.ReLU(inplace=True)]
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(self.options.dropout), Logit(4 * width)]
        return nn.Sequential(Halve(self.channels, width, 4), *blocks, *norm, *head)

    def pace(self, step: int) -> float:
        """See `NetworkDetector.pace`."""
        steps = self.options.steps
        rising = max(1, min(50, steps // 10))
        return min(1.0, (step + 1) / rising) * max(0.02, 0.5 + 0.5 * math.cos(math.pi * step / steps))

    def changes(self, step: int) -> Collection[str]:
        """See `NetworkDetector.changes`."""
        acting = super().changes(step)
        if self.images or step >= self.options.gentle * self.options.steps:
            return acting
        return [name for name in acting if name not in TRACES]


class Block(nn.Module):
    """Two convolutions of normalised maps beside a shortcut, `[N, C, S, S]` to `[N, maps, S / stride, S / stride]`.

    K. He et al., Identity Mappings in Deep Residual Networks, 2016, fig. 4e; the shortcut averages where it halves.
    """

    def __init__(self, channels: int, maps: int, stride: int) -> None:
        super().__init__()
        first = Halve(channels, maps, 4) if stride == 2 else _same(channels, maps, 3)
        self.body = nn.Sequential(
            *(nn.BatchNorm2d(channels), nn.ReLU(inplace=True), first),
            *(nn.BatchNorm2d(maps), nn.ReLU(inplace=True), _same(maps, maps, 3)),
        )
        self.short = nn.Identity() if channels == maps else _same(channels, maps, 1)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """See above."""
        whole: Tensor = self.body(x) + self.short(avg_pool2d(x, self.stride) if self.stride > 1 else x)
        return whole


def _same(channels: int, maps: int, kernel: int) -> nn.Conv2d:
    return nn.Conv2d(channels, maps, kernel, 1, kernel // 2, bias=False)
