"""One face's part in another face: aligned, matched in colour, and put in with a hard edge, a soft one or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from arena.faces.decode import Pixels
from arena.faces.parts.masks import Box, Soft, box_of, drawn, feather_of, feathered
from arena.faces.parts.membrane import membrane
from arena.faces.parts.shapes import Floats, aligned, frame_of, moved, outline

Edge = Literal["cut", "blur"]
EDGES: tuple[Edge, ...] = ("cut", "blur")

_STRETCH = 2.0
"""Contrast of a donor is changed by this factor at most: a flat patch has no colours to be matched."""


@dataclass(frozen=True)
class Swap:
    """How a part is put into another face.

    `colour`: the donor's mean colour and contrast are made the target's, inside the mask. `poisson`: the
    donor's gradients are kept and its level follows the target's at the edge (P. Pérez, M. Gangnet, A. Blake, Poisson
    Image Editing, 2003).
    """

    part: str
    edge: Edge
    colour: bool = False
    poisson: bool = False


@dataclass(frozen=True, eq=False)
class Swapped:
    """A face with a part of another. `image`: uint8 `[S, S, 3]`. `mask`: uint8 `[S, S]`, 255 where all is new."""

    image: Pixels
    mask: npt.NDArray[np.uint8]


def swap(
    how: Swap, donor: Pixels, donor_points: npt.ArrayLike, target: Pixels, target_points: npt.ArrayLike
) -> Swapped:
    """The target with the donor's part. Images uint8 `[S, S, 3]`, landmarks `[5, 2]` in their pixels, all finite.

    The mask is the union of the part in both faces, as far as the donor's image reaches; outside it not one pixel of
    the target changes.
    """
    size = len(target)
    matrix = aligned(how.part, donor_points, target_points)
    frame = moved(frame_of(size), matrix)
    outlines = (moved(outline(how.part, donor_points), matrix), outline(how.part, target_points))
    reach = drawn([frame], size)
    hard = drawn(outlines, size) & reach
    soft = hard.astype(np.float32) if how.edge == "cut" else feathered(hard, feather_of(size)) * reach
    box = box_of(soft)
    if box is None:
        return Swapped(target.copy(), np.zeros((size, size), np.uint8))
    new, old = warped(donor, matrix, box), target[box].astype(np.float32)
    if how.colour:
        new = recoloured(new, old, hard[box])
    if how.poisson:
        new = new + membrane(old - new, soft[box] > 0)
    return blended(new, target, soft, box)


def blended(new: npt.NDArray[np.float32], target: Pixels, soft: Soft, box: Box) -> Swapped:
    """`new`, float32 `[h, w, 3]`, put into `box` of the target along a soft mask `[S, S]`."""
    mask = np.rint(255 * soft).astype(np.uint8)
    old, share = target[box].astype(np.float32), mask[box][..., None] / np.float32(255)
    image = target.copy()
    image[box] = np.clip(np.rint(old + share * (new - old)), 0, 255)
    return Swapped(image, mask)


def warped(image: Pixels, matrix: Floats, box: Box) -> npt.NDArray[np.float32]:
    """The pixels of `box` in the image under `matrix`, which maps image to target; float32 `[h, w, 3]`."""
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    rows, columns = box
    inverse[:, 2] += inverse[:, :2] @ (columns.start, rows.start)
    size = columns.stop - columns.start, rows.stop - rows.start
    found = Image.fromarray(image).transform(
        size, Image.Transform.AFFINE, inverse.ravel().tolist(), Image.Resampling.BICUBIC
    )
    return np.asarray(found, np.float32)


def recoloured(
    new: npt.NDArray[np.float32], old: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """`new` with the mean of each channel and the contrast that `old` has inside the mask; all `[h, w(, 3)]`.

    All channels are stretched alike, or lips would turn green on a green ground.
    """
    if mask.sum() < 2:
        return new
    theirs, ours = new[mask], old[mask]
    stretch = np.clip(ours.std(0).mean() / max(float(theirs.std(0).mean()), 1e-3), 1 / _STRETCH, _STRETCH)
    matched: npt.NDArray[np.float32] = (new - theirs.mean(0)) * stretch + ours.mean(0)
    return matched
