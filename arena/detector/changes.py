"""Changes that are no forgery, drawn alike for real and fake: what a detector trains with must be no cue.

A batch is real faces first and fakes last, so who gets the costlier ones is drawn anew for every batch: at fixed places
they would tell real from fake. Nothing turns, so every resampling is two products with a matrix per image.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import torch
from torch import Tensor

from arena.detector.jpeg import jpeg
from arena.networks.trainable import CHANNELS_LAST

FRAMING: Final = ("shrink", "zoom", "shift", "mirror")
LIGHT: Final = ("brightness", "contrast", "colour")
TRACES: Final = ("blur", "noise", "resize", "jpeg")
CHANGES: Final = (*FRAMING, *LIGHT, *TRACES)
"""Where the face lies, how it is lit, and what became of the file: the last hide the finest traces of a generator."""


def change(images: Tensor, on: Collection[str]) -> Tensor:
    """Changed copy of float32 images `[N, 3, S, S]` in [-1, 1], same shape and range.

    `on`: which of CHANGES act. Zoom, shift and light change every image; shrinking, mirroring, blur or sharpening, and
    JPEG half of them; noise and resizing a quarter. Who they are is drawn for each.
    """
    images = images.contiguous()
    if not {"shrink", "zoom", "shift"}.isdisjoint(on):
        images = reframe(images, "zoom" in on, "shift" in on, "shrink" in on)
    if "mirror" in on:
        images = torch.where(between(images, 0, 1) < 0.5, images.flip(3), images)
    changed = images.clone()
    if "resize" in on:
        some = _some(changed, 4)
        changed[some] = resize(changed[some])
    if "blur" in on:
        some = _some(changed, 2)
        changed[some] = soften(changed[some])
    if "noise" in on:
        some = _some(changed, 4)
        changed[some] += between(changed[some], 0, 0.05) * torch.randn_like(changed[some])
    changed = relight(changed, on).clamp_(-1, 1)
    if "jpeg" in on:
        some = _some(changed, 2)
        changed[some] = jpeg(changed[some])
    return changed.contiguous(memory_format=CHANNELS_LAST)


def between(images: Tensor, low: float, high: float, channels: int = 1) -> Tensor:
    """A number in [low, high] per image, or per image and channel: float32 `[N, channels, 1, 1]`."""
    return torch.rand(len(images), channels, 1, 1, device=images.device) * (high - low) + low


def reframe(images: Tensor, zoom: bool = True, shift: bool = True, shrink: bool = True) -> Tensor:
    """Zoomed by 0.85 to 1.25, shifted by up to 10 % of the side along each axis; beyond the edge is its mirror image.

    Half of them are shrunk by up to 2 besides, as fakes are that were drawn larger. One resampling with a cubic kernel,
    wider where it shrinks.
    """
    n, side = len(images), images.shape[-1]
    step = 1 / between(images, 0.85, 1.25).view(n, 1) if zoom else torch.ones(n, 1, device=images.device)
    if shrink:
        step = step * between(images, 0, 2).clamp_min(1).view(n, 1)
    by = 0.1 * side * shift
    down, right = (between(images, -by, by).view(n, 1) for _ in range(2))
    return _seen_at(images, step, down, right)


def moved(images: Tensor, zoom: float, down: float = 0.0, right: float = 0.0) -> Tensor:
    """Images, as for `change`, zoomed and shifted all alike, the latter by parts of the side; as `reframe` does it."""
    step, *by = (torch.full((len(images), 1), value, device=images.device) for value in (1 / zoom, down, right))
    return _seen_at(images, step, *(images.shape[-1] * part for part in by))


def _seen_at(images: Tensor, step: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Images as seen every `step` pixels around a middle that lies so many pixels away, each `[N, 1]`."""
    side = images.shape[-1]
    middle = (side - 1) / 2
    place = middle + (torch.arange(side, device=images.device) - middle) * step
    rows, columns = (_weights(_reflected(place + by, side), step, side) for by in (down, right))
    return _product(rows, images, columns)


def resize(images: Tensor, most: float = 3.0) -> Tensor:
    """Shrunk by a factor drawn per image from [1, most] and enlarged again."""
    n, side = len(images), images.shape[-1]
    few = (side / between(images, 1, most)).round().clamp_min(1).view(n, 1)
    pixel = torch.arange(side, device=images.device)
    shrink = _weights(((pixel + 0.5) * (side / few) - 0.5).clamp_max(side - 1), side / few, side)
    enlarge = _weights((pixel + 0.5) * (few / side) - 0.5, few / few, side, few)
    both = enlarge @ shrink
    return _product(both, images, both)


def soften(images: Tensor) -> Tensor:
    """Blurred by a Gaussian of 0.3 to 1.1 pixels, or (40 %) sharpened by what it takes away, 0.2 to 1.2 times."""
    side = images.shape[-1]
    pixel = torch.arange(side, device=images.device)
    apart = (pixel[:, None] - pixel).square()
    bell = torch.exp(-apart / (2 * between(images, 0.3, 1.1)[:, 0].square()))
    bell = bell / bell.sum(-1, keepdim=True)
    soft = _product(bell, images, bell)
    gain = torch.where(between(images, 0, 1) < 0.4, between(images, 0.2, 1.2), -1.0)
    return images + gain * (images - soft)


def relight(images: Tensor, on: Collection[str]) -> Tensor:
    """In another light: colour is a gain of 0.92 to 1.08 per channel and 0.6 to 1.3 times the saturation.

    Contrast is 0.7 to 1.3 times as much, brightness up to an eighth of the range up or down.
    """
    if "colour" in on:
        images = images * between(images, 0.92, 1.08, 3)
        grey = images.mean(1, keepdim=True)
        images = torch.lerp(grey, images, between(images, 0.6, 1.3))
    if "contrast" in on:
        images = images * between(images, 0.7, 1.3)
    if "brightness" in on:
        images = images + between(images, -0.25, 0.25)
    return images


def _some(images: Tensor, parts: int) -> Tensor:
    """Places of one of so many equal parts of a batch, any of them with equal chance."""
    # Sorted and not `randperm`, which waits for the device.
    return torch.rand(len(images), device=images.device).argsort()[::parts]


def _reflected(place: Tensor, side: int) -> Tensor:
    return side - (side - (place + 0.5).abs()).abs() - 0.5


def _weights(place: Tensor, width: Tensor, side: int, few: Tensor | None = None) -> Tensor:
    """What each of `side` pixels, or the first `few` `[N, 1]`, gives to samples at places `[N, S]`: `[N, S, side]`.

    R. Keys, Cubic Convolution Interpolation for Digital Image Processing, 1981, eq. 15 (a = -1/2), stretched to
    `width` `[N, 1]` pixels where that is more than 1, as Pillow does when it shrinks.
    """
    pixel = torch.arange(side, device=place.device)
    far = ((place[..., None] - pixel).abs_() / width.clamp_min(1)[..., None]).clamp_max_(2)
    near = (1.5 * far - 2.5) * far.square() + 1
    weights = torch.where(far < 1, near, ((2.5 - 0.5 * far) * far - 4) * far + 2)
    if few is not None:
        weights = weights * (pixel < few[..., None])
    return weights / weights.sum(-1, keepdim=True)


def _product(rows: Tensor, images: Tensor, columns: Tensor) -> Tensor:
    """Each image `[3, S, S]` with its matrices `[S, S]` for rows and columns."""
    product: Tensor = rows[:, None] @ images @ columns[:, None].mT
    return product
