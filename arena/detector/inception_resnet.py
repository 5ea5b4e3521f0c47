"""A published network with a small head of its own: the detector of a DFDC project, for faces out of videos.

The original turned its training faces by up to 270 degrees and upside down; faces here are upright, in training and in
every exam, and the changes that real and fake share take the place of that.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from arena.detector.backbone import BackboneDetector, BackboneOptions
from arena.networks.blocks import Logit
from arena.registry import register


@dataclass(frozen=True)
class InceptionResnetOptions(BackboneOptions):
    """Options of the network and its head. The original: 160 px, ImageNet weights, early stopping."""

    backbone: str = "inception_resnet_v2"
    """The network, by its name in timm: smaller are mobilenetv2_100 and mnasnet_100, larger is nasnetalarge."""
    input_side: int = 80
    """Side in pixels to which the images are brought: the original's 160, or at least 75; 0 leaves them as they are."""
    batch: int = 16
    steps: int = 60
    learning_rate: float = 1e-4
    hidden: int = 512
    """Numbers between the network's features, a mean over its last maps, and the logit."""
    dropout: float = 0.5
    """Dropout before the last layer."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hidden < 1 or not 0 <= self.dropout < 1:
            raise ValueError("hidden must be at least 1 and dropout in [0, 1)")


@register("detector", "inception-resnet")
class InceptionResnet(BackboneDetector[InceptionResnetOptions]):
    """InceptionResNetV2, or any network of timm, and a hidden layer of 512 before the logit."""

    Options = InceptionResnetOptions

    def build_network(self) -> nn.Module:
        """See `NetworkDetector.build_network`."""
        body, hidden = self.backbone(), self.options.hidden
        head = [
            nn.Linear(body.features, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(self.options.dropout),
            Logit(hidden),
        ]
        return nn.Sequential(body, *head)
