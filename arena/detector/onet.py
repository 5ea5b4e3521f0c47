"""What a network that finds faces knows of a face, and a logistic regression over it: sees how it is drawn.

U. Ojha et al., Towards Universal Fake Image Detectors that Generalize Across Generative Models, 2023: who learns from
fakes what to look at learns the traces of these fakes; features that were made for something else know none.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from arena.detector.knowledge import KnowingDetector, knowledge
from arena.detector.logistic import LogisticOptions
from arena.registry import register


@dataclass(frozen=True)
class OnetOptions(LogisticOptions):
    """Options of the regression on a face finder's features."""

    penalty: float = 30.0


@register("detector", "onet")
class Onet(KnowingDetector[OnetOptions]):
    """A logistic regression on what MTCNN's last network knows of a face: sees how it is drawn, at any size."""

    Options = OnetOptions
    asks = ("onet",)

    def measure(self, images: Tensor) -> Tensor:
        """See `LogisticDetector.measure`: ONet's features, float32 `[N, 256]`."""
        features: Tensor = knowledge("onet", str(images.device))((images.float() + 1) * 127.5)
        return features
