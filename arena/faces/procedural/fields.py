"""Painting with fields: small functions of planes, distances and colours that every part of the face is made of.

Words: a *scalar* is one number per image, float32 `[B, 1, 1]`; a *plane* is one number per pixel, `[B, S, S]`; a
*colour* is `[B, 3, 1, 1]` and a *picture* `[B, 3, S, S]`, RGB of light in a gamma-2 space (light = value²), so
that shading is a product and developing the picture is a square root. Lengths are in half image sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Canvas:
    """The square of pixel centres: `x` float32 `[1, 1, S]` and `y` `[1, S, 1]`, both in (-1, 1), y downwards."""

    size: int
    x: Tensor
    y: Tensor

    @classmethod
    def of(cls, size: int) -> Canvas:
        """The canvas of `size` pixels a side."""
        axis = (torch.arange(size) + 0.5) / size * 2 - 1
        return cls(size, axis.view(1, 1, size), axis.view(1, size, 1))

    @property
    def softness(self) -> float:
        """Width of an antialiased edge: a little more than a pixel, which saves supersampling."""
        return 2.5 / self.size

    def inside(self, distance: Tensor) -> Tensor:
        """Coverage of each pixel by the set where the signed `distance` is negative, in [0, 1]."""
        return (distance * (-1 / self.softness)).add_(0.5).clamp_(0, 1)

    def within(self, excess: Tensor, sharpness: float = 0.33) -> Tensor:
        """Coverage by the set where the quadratic form `excess` exceeds 0; `sharpness` is its length scale."""
        return (excess * (sharpness / self.softness)).add_(0.5).clamp_(0, 1)


@dataclass(frozen=True)
class Band:
    """A band of rows, its own for each image: small features are painted where they are and nowhere else."""

    rows: Tensor
    image: Tensor

    @classmethod
    def around(cls, y: Tensor, height: float, size: int) -> Band:
        """The band of `height` around the scalar `y`, both in half image sides, moved inside the image."""
        count = min(size, round(height * size / 2))
        first = ((y.view(-1, 1) + 1) * size / 2 - count / 2).round().clamp(0, size - count).long()
        return cls(first + torch.arange(count), torch.arange(len(first)).view(-1, 1))

    def take(self, field: Tensor) -> Tensor:
        """The band of a plane or a picture."""
        if field.dim() == 3:
            return field[self.image, self.rows]
        return field[self.image, :, self.rows].permute(0, 2, 1, 3)

    def put(self, picture: Tensor, strip: Tensor) -> None:
        """Write a picture's band back in place."""
        picture[self.image, :, self.rows] = strip.permute(0, 2, 1, 3)


def smoothstep(x: Tensor, low: float | Tensor, high: float | Tensor) -> Tensor:
    """0 below `low`, 1 above `high`, a cubic between them; falls instead of rising when `high < low`."""
    scale = 1 / (high - low)
    t = (x * scale).sub_(low * scale).clamp_(0, 1)
    return (t * -2).add_(3).mul_(t).mul_(t)


def bump(x: Tensor, at: float | Tensor, width: float | Tensor) -> Tensor:
    """A hill like exp(-z²) over z = (x - at) / width, with compact support: (1 - z²/4)⁴ for |z| < 2.

    Three times cheaper than the exponential, and in place, because new planes cost more than arithmetic.
    """
    return (x - at).mul_(0.5 / width).square_().sub_(1).clamp_(max=0).square_().square_()


def tint(picture: Tensor, colour: Tensor, amount: Tensor) -> Tensor:
    """Blend `picture`, in place, towards a colour or a picture where the plane `amount` is 1."""
    return picture.lerp_(colour, amount.unsqueeze(1))


def darken(picture: Tensor, amount: Tensor, limit: float = 0.9) -> Tensor:
    """Take away, in place, the share `amount` of the light, at most `limit`."""
    return picture.mul_((1 - amount.clamp(0, limit)).unsqueeze(1))


def as_colour(*channels: Tensor) -> Tensor:
    """A colour from three scalars."""
    return torch.cat(channels, 1).unsqueeze(-1)


def constant(red: float, green: float, blue: float) -> Tensor:
    """The same factor for each image, `[1, 3, 1, 1]`."""
    return torch.tensor([red, green, blue]).view(1, 3, 1, 1)


def palette(*colours: tuple[int, int, int]) -> Tensor:
    """8-bit sRGB triples as light, float32 `[K, 3]`."""
    return (torch.tensor(colours, dtype=torch.float32) / 255) ** 2


def along(colours: Tensor, position: Tensor) -> Tensor:
    """Colour at the scalar `position` in [0, 1] of the polyline through the palette `colours`."""
    at = position.view(-1).clamp(0, 0.9999) * (len(colours) - 1)
    low = at.long()
    mixed = torch.lerp(colours[low], colours[low + 1], (at - low).unsqueeze(1))
    return mixed.view(-1, 3, 1, 1)


def hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Colour from three scalars in [0, 1]."""
    wheel = (hue.unsqueeze(1) * 6 + constant(0, 4, 2)) % 6
    saturation, value = saturation.unsqueeze(1), value.unsqueeze(1)
    return (value * (1 - saturation + saturation * ((wheel - 3).abs() - 1).clamp(0, 1))) ** 2


def dye(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Like `hsv`, with greens and magentas dulled: few walls and clothes are as green as a screen can be."""
    green, magenta = bump(hue, 0.38, 0.10), bump(hue, 0.83, 0.08)
    return hsv(hue, saturation * (1 - 0.55 * green - 0.5 * magenta), value)


@cache
def _enlargement(cells: int, size: int) -> Tensor:
    rows = F.interpolate(torch.eye(cells).view(cells, 1, cells, 1), size=(size, 1), mode="bicubic")
    return rows.view(cells, size).contiguous()


def enlarge(lattice: Tensor, size: int) -> Tensor:
    """A lattice `[B, K, K]` as a smooth plane `[B, size, size]`: bicubic interpolation written as two products.

    One product per image (`bmm`), so that no image's rounding depends on its neighbours in the batch.
    """
    matrix = _enlargement(lattice.shape[-1], size).expand(len(lattice), -1, -1)
    return torch.bmm(matrix.transpose(1, 2), torch.bmm(lattice, matrix))


def total(planes: Sequence[Tensor]) -> Tensor:
    """Sum of planes."""
    result = planes[0].clone()
    for plane in planes[1:]:
        result = result.add_(plane)
    return result
