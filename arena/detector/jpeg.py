"""JPEG on tensors, as libjpeg codes and decodes: on any device, a quality per image, nothing leaves PyTorch.

ITU-T T.81 and JFIF: luma and chroma, chroma averaged over 2x2 pixels (4:2:0) or kept (4:4:4), the DCT of 8x8 blocks
rounded by the tables of a quality.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from arena.faces.coding import tables_of

_Matrix = tuple[tuple[float, ...], ...]

_TO_CHROMA = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
_TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))


def jpeg(images: Tensor, worst: int = 55, best: int = 98, halved: float = 0.7) -> Tensor:
    """Images, float32 `[N, 3, S, S]` in [-1, 1], after JPEG: same shape and range.

    The quality is drawn per image from [worst, best], libjpeg's numbers; a share `halved` of them is coded 4:2:0.
    """
    n = len(images)
    quality = torch.randint(worst, best + 1, (n,), device=images.device)
    return jpeg_at(images, quality, torch.rand(n, 1, 1, 1, device=images.device) < halved)


def jpeg_at(images: Tensor, quality: Tensor, is_halved: Tensor) -> Tensor:
    """The same for a quality, int64 `[N]` from 1 to 100, and whether it is 4:2:0, bool `[N, 1, 1, 1]`."""
    _, _, height, width = images.shape
    luma, chroma = _tables(images.device)[quality].unbind(1)
    # Blocks of 16 pixels where the chroma is halved; libjpeg, too, repeats the edge.
    levels = (pad(images, (0, -width % 16, 0, -height % 16), mode="replicate") + 1) * 127.5
    planes = _mixed(levels.round() - 128, _TO_CHROMA).round()
    light, colours = _rounded(planes[:, :1], luma), planes[:, 1:]
    small = _rounded(avg_pool2d(colours, 2).round(), chroma)
    wide = interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
    colours = torch.where(is_halved, wide, _rounded(colours, chroma))
    coded = (_mixed(torch.cat([light, colours], 1), _TO_RGB) + 128).round().clamp(0, 255)
    return coded[..., :height, :width] / 127.5 - 1


def _mixed(planes: Tensor, matrix: _Matrix) -> Tensor:
    return (_on(planes.device, matrix) @ planes.flatten(2)).view_as(planes)


def _rounded(planes: Tensor, table: Tensor) -> Tensor:
    """Planes `[N, C, S, S]` with the DCT of their blocks rounded to the steps of a table `[N, 8, 8]`."""
    blocks = planes.shape[-2] // 8, planes.shape[-1] // 8
    rows, columns = (_dct(count, planes.device) for count in blocks)
    step = table.repeat(1, *blocks)[:, None]
    levels: Tensor = rows.T @ (torch.round(rows @ planes @ columns.T / step) * step) @ columns
    return levels.round()


@cache
def _on(device: torch.device, matrix: _Matrix) -> Tensor:
    """A matrix on its device, once: what waits for the device cannot be captured in a CUDA graph."""
    return torch.tensor(matrix, device=device)


@cache
def _dct(blocks: int, device: torch.device) -> Tensor:
    """The orthonormal DCT-II of so many blocks, `[8 * blocks, 8 * blocks]`."""
    rows = [[math.cos(math.pi * (2 * x + 1) * k / 16) / 2 for x in range(8)] for k in range(8)]
    rows[0] = [math.sqrt(1 / 8)] * 8
    return torch.kron(torch.eye(blocks), torch.tensor(rows)).to(device)


@cache
def _tables(device: torch.device) -> Tensor:
    """Of luma and chroma, by quality, `[101, 2, 8, 8]`; nothing has quality 0."""
    return torch.tensor([tables_of(max(quality, 1)) for quality in range(101)], device=device).float().view(-1, 2, 8, 8)
