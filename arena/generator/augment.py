"""Differentiable augmentation: real and fake images are changed alike, so that a discriminator learns none by heart.

S. Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training, 2020. The changes are theirs; what is drawn
follows from PyTorch's random state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn.functional import pad

SHIFT, CUT = 1 / 8, 1 / 2
"""Largest shift and side of the square that is cut out, as shares of the image's side."""


def colour(images: Tensor) -> Tensor:
    """Brightness up to a quarter of the range, saturation from 0 to 2, contrast from a half to one and a half."""
    n = len(images)
    bright, saturation, contrast = torch.rand(3, n, 1, 1, 1, device=images.device).to(images.dtype)
    images = images + (bright - 0.5)
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * (2 * saturation)
    middle = images.mean((1, 2, 3), keepdim=True)
    changed: Tensor = middle + (images - middle) * (contrast + 0.5)
    return changed


def translation(images: Tensor) -> Tensor:
    """Shifted by up to an eighth of the side each way; what comes in is grey."""
    n, _, height, width = images.shape
    most = round(SHIFT * height)
    down, right = torch.randint(2 * most + 1, (2, n, 1), device=images.device)
    padded = pad(images, (most,) * 4).permute(0, 2, 3, 1)
    rows = (torch.arange(height, device=images.device) + down)[:, :, None]
    columns = (torch.arange(width, device=images.device) + right)[:, None, :]
    chosen: Tensor = padded[torch.arange(n, device=images.device)[:, None, None], rows, columns]
    return chosen.permute(0, 3, 1, 2)


def cutout(images: Tensor) -> Tensor:
    """A square of half the side turned grey; it may hang over the edge."""
    n, _, height, width = images.shape
    half = CUT * height / 2
    y, x = torch.rand(2, n, 1, device=images.device) * height
    rows = (torch.arange(height, device=images.device) - y).abs() < half
    columns = (torch.arange(width, device=images.device) - x).abs() < half
    kept = ~(rows[:, :, None] & columns[:, None, :])
    cut: Tensor = images * kept[:, None].to(images.dtype)
    return cut


CHANGES: Mapping[str, Callable[[Tensor], Tensor]] = {"colour": colour, "translation": translation, "cutout": cutout}


def augment(images: Tensor, changes: str) -> Tensor:
    """Images `[N, 3, S, S]` in [-1, 1] after the named changes, separated by commas, in their order."""
    for name in _names(changes):
        images = CHANGES[name](images)
    return images


def check_changes(option: str, changes: str) -> None:
    """Raise ValueError when an option names a change that there is not."""
    for name in _names(changes):
        if name not in CHANGES:
            raise ValueError(f"{option} knows {', '.join(CHANGES)}, not {name!r}")


def _names(changes: str) -> list[str]:
    return [name for name in changes.split(",") if name]
