"""The statistics of an image's texture, whatever it shows: no network, and minutes to train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from arena.detector.logistic import LogisticDetector, LogisticOptions, in_parts
from arena.networks.texture import SMALLEST, texture
from arena.registry import register
from arena.types import ArenaError, Faces

_AT_ONCE = 50
"""Images measured at a time: the bands of one of 64 pixels take a megabyte."""


@dataclass(frozen=True)
class TextureOptions(LogisticOptions):
    """Options of the regression on texture: more numbers, so a firmer hand."""

    penalty: float = 30.0
    steady: bool = True

    formerly: ClassVar[Mapping[str, Any]] = {"steady": False}


@register("detector", "texture")
class Texture(LogisticDetector[TextureOptions]):
    """A logistic regression on steerable-pyramid statistics: moments, correlations across scales and orientations."""

    Options = TextureOptions

    def check(self, faces: Faces) -> None:
        """See `types.Team.check`."""
        if self.brief.image_size < SMALLEST:
            raise ArenaError(f"texture measures images of {SMALLEST} pixels and more, not of {self.brief.image_size}")
        super().check(faces)

    def measure(self, images: Tensor) -> Tensor:
        """See `LogisticDetector.measure`: `networks.texture`."""
        return in_parts(texture, images, _AT_ONCE)
