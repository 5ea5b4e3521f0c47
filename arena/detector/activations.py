"""What networks that find faces see in one, map by map, and a logistic regression over it: knows traces at any size.

That features which no fake has taught say much about fakes of any kind is U. Ojha et al., Towards Universal Fake Image
Detectors that Generalize Across Generative Models, 2023; that means and deviations of maps say what an image is made of
is X. Huang and S. Belongie, Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from arena.detector.knowledge import KnowingDetector, knowledge
from arena.detector.logistic import LogisticOptions, in_parts
from arena.networks.inputs import seen
from arena.networks.trainable import CHANNELS_LAST
from arena.registry import register

SIDES: Final = (48, 96)
"""Sides in pixels at which a face's pixels are looked at: how it is drawn, at any size."""
LARGER: Final = 1.5
"""By how much its fine detail is enlarged, and to 96 pixels at least: at its own size it tells less."""
GAIN: Final = 4.0
"""Times the fine detail, which is faint beside the pixels that these networks know."""
_AT_ONCE = 8
"""Images measured at a time: the first maps of one take a megabyte, and a cache holds few (twice as fast as 50)."""


@dataclass(frozen=True)
class ActivationsOptions(LogisticOptions):
    """Options of the regression on a face finder's maps: more numbers, so a firmer hand."""

    samples: int = 8000
    penalty: float = 30.0
    steady: bool = True


@register("detector", "activations")
class Activations(KnowingDetector[ActivationsOptions]):
    """A logistic regression on what MTCNN's networks see in a face and in its fine detail: knows traces at any size."""

    Options = ActivationsOptions
    asks = ("rnet", "onet")

    def measure(self, images: Tensor) -> Tensor:
        """See `LogisticDetector.measure`: 1224 numbers, of `sight`."""
        return in_parts(sight, images.float(), _AT_ONCE)


def sight(images: Tensor) -> Tensor:
    """From images `[N, 3, S, S]` in [-1, 1] to numbers `[N, 1224]`.

    The last features of ONet and RNet; then mean and deviation of every map of RNet for the pixels at each of `SIDES`,
    and for what a 3x3 blur takes away from them, enlarged.
    """
    onet, rnet = (knowledge(name, str(images.device)) for name in ("onet", "rnet"))
    pixels, fine = (_grey_levels(one) for one in (images, GAIN * seen(images, "high-pass")))
    large = max(SIDES[-1], round(LARGER * images.shape[-1]))
    looks = [rnet.statistics(pixels, side) for side in SIDES]
    return torch.cat([onet(pixels), rnet(pixels), *looks, rnet.statistics(fine, large)], 1)


def _grey_levels(images: Tensor) -> Tensor:
    return ((images + 1) * 127.5).contiguous(memory_format=CHANNELS_LAST)
