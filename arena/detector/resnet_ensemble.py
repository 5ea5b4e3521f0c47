"""Several small ResNets for each size of image, their probabilities averaged: Fake_image's answer to whole fakes.

Its published inference left batch norm in training mode, on batches of one; here every score is an evaluation.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import affine_grid, binary_cross_entropy_with_logits, grid_sample, logsigmoid

from arena.detector.changes import between
from arena.detector.last_layer import SteadyDetector, SteadyOptions
from arena.detector.team import resized
from arena.networks.small_resnet import small_resnet
from arena.registry import register
from arena.types import Brief

SIZES: Final = (64, 128, 256)
"""Sides in pixels that the models were made for: an image goes to the largest that is not larger, or to the first."""


@dataclass(frozen=True)
class ResnetEnsembleOptions(SteadyOptions):
    """Options of the ensemble; the original's models trained for 10 epochs."""

    width: int = 16
    """Feature maps of a model's first stage; the others have twice and four times as many."""
    models: int = 3
    """Models of each size."""
    sizes: tuple[int, ...] = ()
    """Sizes that have models, some of 64, 128 and 256; none given: the one for the match's images."""
    batch: int = 50
    steps: int = 40
    rotation: float = 4.0
    """Training images, real and fake alike, are also turned by up to so many degrees."""
    face_filter: bool = True
    """Whether a photo in which no face is found is called fake, as in the original."""
    steady: bool = True

    formerly: ClassVar[Mapping[str, Any]] = {**SteadyOptions.formerly, "steady": False}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1 or self.models < 1 or not 0 <= self.rotation <= 180:
            raise ValueError("width and models must be at least 1 and rotation in [0, 180]")
        if not set(self.sizes) <= set(SIZES):
            raise ValueError(f"sizes must be some of {', '.join(map(str, SIZES))}, not {list(self.sizes)}")


@register("detector", "resnet-ensemble")
class ResnetEnsemble(SteadyDetector[ResnetEnsembleOptions]):
    """Small ResNets for 64, 128 or 256 pixels, three a size, probabilities averaged; a photo without a face is fake."""

    Options = ResnetEnsembleOptions

    def __init__(self, options: ResnetEnsembleOptions, brief: Brief) -> None:
        super().__init__(options, brief)
        self.no_face = "fake" if options.face_filter else "whole"

    def build_network(self) -> nn.Module:
        """See `NetworkDetector.build_network`."""
        sizes = self.options.sizes or (size_for(self.brief.image_size, SIZES),)
        return Ensemble(sizes, self.options.models, self.options.width, self.channels)

    def loss(self, images: Tensor, labels: Tensor, step: int) -> Tensor:
        """See `NetworkDetector.loss`: every model's own, for each learns as if it were alone."""
        if self.options.augment and self.options.rotation:
            images = turned(images, self.options.rotation)
        logits = cast(Ensemble, self.network).opinions(self._fitted(images))
        return binary_cross_entropy_with_logits(logits, labels.expand_as(logits))


class Ensemble(nn.Module):
    """Small ResNets by the size of the images they look at. From images `[N, C, S, S]` to logits, float32 `[N]`."""

    def __init__(self, sizes: Collection[int], models: int, width: int, channels: int) -> None:
        super().__init__()
        several = {
            str(size): nn.ModuleList(small_resnet(size, width, channels) for _ in range(models)) for size in sizes
        }
        self.models = nn.ModuleDict(several)

    def opinions(self, images: Tensor) -> Tensor:
        """What every model of every size says of the images, logits `[models, N]`."""
        return torch.cat([self._opinions(images, int(size)) for size in self.models])

    def forward(self, images: Tensor) -> Tensor:
        """The logit of the mean probability of the models that are for images of this size."""
        logits = self._opinions(images, size_for(images.shape[-1], [int(size) for size in self.models]))
        return torch.logsumexp(logsigmoid(logits), 0) - torch.logsumexp(logsigmoid(-logits), 0)

    def _opinions(self, images: Tensor, size: int) -> Tensor:
        fitted = resized(images, size)
        models = cast(nn.ModuleList, self.models[str(size)])
        return torch.stack([model(fitted).float() for model in models])


def size_for(side: int, sizes: Collection[int]) -> int:
    """The size whose models judge an image of a side: the largest that is not larger, or the smallest there is."""
    return max((size for size in sizes if size <= side), default=min(sizes))


def turned(images: Tensor, degrees: float) -> Tensor:
    """Images, float32 `[N, 3, S, S]`, each turned by up to so many degrees; beyond the edge is their mirror image."""
    angle = between(images, -degrees, degrees).view(-1) * (math.pi / 180)
    cosine, sine, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    turn = torch.stack([cosine, -sine, zero, sine, cosine, zero], 1).view(-1, 2, 3)
    places = affine_grid(turn, list(images.shape), align_corners=False)
    found = grid_sample(images, places, mode="bicubic", padding_mode="reflection", align_corners=False)
    return found.clamp(-1, 1).contiguous(memory_format=torch.channels_last)
