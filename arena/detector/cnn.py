"""A plain CNN, the detector of Team B: strided convolutions, batch norm, one logit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from arena.detector.last_layer import SteadyDetector, SteadyOptions
from arena.networks.blocks import Halve, Logit
from arena.registry import register


@dataclass(frozen=True)
class CNNOptions(SteadyOptions):
    """Options of the plain CNN."""

    width: int = 32
    """Feature maps of the first layer; each of the four layers has twice as many as the one before."""
    steps: int = 50
    """Training steps per round: with more of them Team A can hardly win a round (experiments/contest)."""
    dropout: float = 0.2
    """Dropout before the last layer."""
    input: Literal["rgb", "high-pass", "neighbours"] = "high-pass"
    """What it sees, as for every network; with rgb it knows fewer fakes that it has not met (experiments/contest)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1 or not 0 <= self.dropout < 1:
            raise ValueError("width must be at least 1 and dropout in [0, 1)")


@register("detector", "cnn")
class CNN(SteadyDetector[CNNOptions]):
    """A plain CNN: four strided convolutions with batch norm, mean over the image, one logit."""

    Options = CNNOptions

    def build_network(self) -> nn.Module:
        """See `NetworkDetector.build_network`."""
        layers: list[nn.Module] = []
        channels = self.channels
        for i in range(4):
            maps = self.options.width * 2**i
            layers += [Halve(channels, maps, 3), nn.BatchNorm2d(maps), nn.ReLU(inplace=True)]
            channels = maps
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(self.options.dropout), Logit(channels)]
        return nn.Sequential(*layers, *head)
