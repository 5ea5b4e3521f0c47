"""Augmentation of a detector's training images, so that it learns faces and not one file's artefacts.

Noise, JPEG compression and blur are what helped most in the field (70 to 80 % accuracy in the winning entry of a
deepfake competition). A batch is real faces first and fakes last, so who gets the costlier ones is drawn anew for every
batch: at fixed places they would tell real from fake.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

# Luminance quantisation table of the JPEG standard, ITU-T T.81, table K.1.
_JPEG_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


def augment(images: Tensor) -> Tensor:
    """Augmented copy of float32 images `[N, 3, S, S]` in [-1, 1], same shape and range; S a multiple of 8.

    A quarter of the images, any of them with equal chance, is compressed, another quarter blurred.
    """
    images = images.clone()
    # Sorted and not `randperm`, which waits for the device.
    order = torch.rand(len(images), device=images.device).argsort()
    compressed, blurred = order[0::4], order[1::4]
    images[compressed] = jpeg_like(images[compressed])
    images[blurred] = blur(images[blurred])
    return noise(brightness(images)).clamp_(-1, 1)


def noise(images: Tensor, most: float = 0.08) -> Tensor:
    """Gaussian noise with a standard deviation drawn per image from [0, most]."""
    n, c, height, width = images.shape
    deviation = torch.rand(n, 1, 1, 1, device=images.device) * most
    # Drawn as the channels-last images lie in memory: torch.randn_like would take eight times as long.
    grain = torch.randn(n, height, width, c, device=images.device).permute(0, 3, 1, 2)
    return images + deviation * grain


def brightness(images: Tensor, contrast: float = 0.2, shift: float = 0.1) -> Tensor:
    """Contrast in [1 - contrast, 1 + contrast] and brightness in [-shift, shift], per image."""
    gain, offset = torch.rand(2, len(images), 1, 1, 1, device=images.device) * 2 - 1
    changed: Tensor = images * (1 + contrast * gain) + shift * offset
    return changed


def blur(images: Tensor) -> Tensor:
    """Halved and enlarged again, mixed with the original by a share drawn per image."""
    soft = interpolate(avg_pool2d(images, 2), scale_factor=2, mode="bilinear", align_corners=False)
    return torch.lerp(images, soft, torch.rand(len(images), 1, 1, 1, device=images.device))


def jpeg_like(images: Tensor, weakest: float = 0.05, strongest: float = 1.0) -> Tensor:
    """Rounds the DCT coefficients of 8x8 blocks as JPEG does, by table K.1 times a factor drawn per image.

    Every colour channel is treated as luminance and none is subsampled: the block artefacts are JPEG's, the colours
    better. Factor 1 is JPEG's quality 50, 0.05 is about quality 97.
    """
    n, c, height, width = images.shape
    dct = _dct(images.device)
    blocks = images.reshape(n, c, height // 8, 8, width // 8, 8).permute(0, 1, 2, 4, 3, 5) * 127.5
    factor = weakest * (strongest / weakest) ** torch.rand(n, 1, 1, 1, 1, 1, device=images.device)
    step = factor * _table(images.device)
    rounded = torch.round(dct @ blocks @ dct.T / step) * step
    pixels: Tensor = dct.T @ rounded @ dct / 127.5
    return pixels.permute(0, 1, 2, 4, 3, 5).reshape(images.shape)


@cache
def _dct(device: torch.device) -> Tensor:
    """The orthonormal DCT-II matrix `[8, 8]`."""
    rows = [[math.cos(math.pi * (2 * x + 1) * k / 16) / 2 for x in range(8)] for k in range(8)]
    rows[0] = [math.sqrt(1 / 8)] * 8
    return torch.tensor(rows, device=device)


@cache
def _table(device: torch.device) -> Tensor:
    return torch.tensor(_JPEG_TABLE, dtype=torch.float32, device=device)
