"""Detectors over a published network: what their contenders share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

import torch
from torch import nn

from arena.detector.team import NetworkDetector, NetworkOptions
from arena.networks import backbones
from arena.networks.backbones import Backbone
from arena.networks.trainable import MOMENTS, Trainable
from arena.types import ArenaError, Faces


@dataclass(frozen=True)
class BackboneOptions(NetworkOptions):
    """Options of a detector over a published network."""

    backbone: str = "efficientnet_b0"
    """The network, by its name in timm."""
    pretrained: bool = False
    """Whether it starts from its ImageNet weights. They must be in timm's cache already; nothing is downloaded."""
    input_side: int = 0
    """Side in pixels to which the images are brought for the network; 0 leaves them as they are."""
    optimiser: Literal["adam", "sgd"] = "adam"
    """Adam, or sgd: stochastic gradient descent with a momentum of 0.9."""
    learning_rate: float = 1e-3
    """The optimiser's learning rate."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.optimiser not in MOMENTS:
            raise ValueError(f"optimiser must be adam or sgd, not {self.optimiser!r}")
        if self.input_side < 0:
            raise ValueError("input_side must be a number of pixels, or 0")
        if self.input == "neighbours":
            raise ValueError("input must be rgb or high-pass: a published network takes three channels")


O = TypeVar("O", bound=BackboneOptions)  # noqa: E741


class BackboneDetector(NetworkDetector[O]):
    """A detector over a network of timm. Its `build_network` begins with `self.backbone()`."""

    Options: ClassVar[Any] = BackboneOptions

    @classmethod
    def fetch(cls, options: BackboneOptions) -> Mapping[str, str]:
        """See `types.Team.fetch`: the ImageNet weights, where they are wanted."""
        return backbones.fetch(options.backbone, options.pretrained)

    def check(self, faces: Faces) -> None:
        """See `types.Team.check`: also whether the network takes images as small as these."""
        super().check(faces)
        side = self.brief.image_size
        try:
            with torch.no_grad():
                self.critic()(torch.zeros(1, 3, side, side, device=self.brief.device))
        except RuntimeError as error:
            raise ArenaError(
                f"{self.options.backbone} cannot take images of {self.input_size or side} pixels; raise "
                f"detector.options.input_side ({str(error).splitlines()[0]})"
            ) from error

    @property
    def input_size(self) -> int | None:
        """See `NetworkDetector.input_size`."""
        return self.options.input_side or None

    def backbone(self) -> Backbone:
        """The network without its classifier. What it normalises is pixels that `level` has not levelled."""
        options = self.options
        are_pixels = options.input == "rgb" and not options.level
        return Backbone(options.backbone, options.pretrained and self.brief.trains, normalise=are_pixels)

    def trainable(self, network: nn.Module, **optimiser: Any) -> Trainable:
        """See `NetworkDetector.trainable`."""
        return super().trainable(backbones.take_any_dtype(network), optimiser=self.options.optimiser, **optimiser)
