"""Masks of parts: hard ones, and the soft ones that hide a seam."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from scipy.ndimage import correlate1d, maximum_filter1d

from arena.faces.parts.shapes import Floats

Box = tuple[slice, slice]
"""Rows and columns of a square image."""
Soft = npt.NDArray[np.float32]
"""How much of a pixel is replaced, float32 `[H, W]` in [0, 1]."""

FEATHER: Final = 11
"""Side in pixels of the Gaussian that feathers a mask in an image of 128 px; in others it is in proportion."""


def drawn(outlines: Iterable[Floats], size: int) -> npt.NDArray[np.bool_]:
    """Where one of the outlines, each `[corners, 2]`, covers an image of `size` pixels: bool `[size, size]`."""
    image = Image.new("1", (size, size))
    draw = ImageDraw.Draw(image)
    for corners in outlines:
        # The centre of Pillow's first pixel is (0, 0), ours (0.5, 0.5).
        draw.polygon([(x, y) for x, y in (corners - 0.5).tolist()], fill=1)
    return np.asarray(image)


def feathered(mask: npt.NDArray[np.bool_], side: int) -> Soft:
    """The mask, dilated by all pixels that a Gaussian of `side` pixels a side spreads it to, then blurred by it."""
    grown, box = mask.astype(np.float32), box_of(mask, side // 2)
    if box is not None:
        for axis in (0, 1):
            grown[box] = maximum_filter1d(grown[box], side, axis, mode="constant")
    return blurred(grown, side)


def blurred(mask: npt.NDArray[np.floating], side: int) -> Soft:
    """A mask under a Gaussian of `side` pixels a side, with the deviation that is usual for that many."""
    deviation = 0.3 * ((side - 1) / 2 - 1) + 0.8
    weights = np.exp(-0.5 * ((np.arange(side) - side // 2) / deviation) ** 2)
    weights /= weights.sum()
    soft, box = mask.astype(np.float32), box_of(mask, side // 2)
    if box is not None:
        for axis in (0, 1):
            soft[box] = correlate1d(soft[box], weights, axis, mode="nearest")
    return np.clip(soft, 0, 1)


def box_of(mask: npt.NDArray[Any], margin: int = 1) -> Box | None:
    """The rows and columns that hold a mask, and so many around them as there are; None for an empty mask."""
    (rows,), (columns,) = np.nonzero(mask.any(1)), np.nonzero(mask.any(0))
    if not len(rows):
        return None
    ends = [(max(0, int(used[0]) - margin), int(used[-1]) + 1 + margin) for used in (rows, columns)]
    return slice(ends[0][0], min(ends[0][1], len(mask))), slice(ends[1][0], min(ends[1][1], len(mask)))


def feather_of(size: int) -> int:
    """Side in pixels of the feather for images of `size` pixels: odd, at least 3."""
    return max(3, FEATHER * size // 128 // 2 * 2 + 1)
