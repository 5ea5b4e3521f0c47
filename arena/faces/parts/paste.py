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
    # To repeat the mask is three times as fast as to broadcast it.
    share = (mask[box] / np.float32(255))[..., None].repeat(target.shape[2], 2)
    old = target[box].astype(np.float32)
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
    places = np.flatnonzero(mask)
    if len(places) < 2:
        return new
    lines = (len(new), -1)  # whole lines of pixels at a time are three times as fast as three channels at a time
    (their_mean, theirs), (our_mean, ours) = (_mean_and_deviation(image, places) for image in (new, old))
    stretch = np.clip(ours / max(float(theirs), 1e-3), 1 / _STRETCH, _STRETCH)
    from_mean, to_mean = (np.tile(mean, new.shape[1]) for mean in (their_mean, our_mean))
    matched: npt.NDArray[np.float32] = (new.reshape(lines) - from_mean) * stretch + to_mean
    return matched.reshape(new.shape)


def _mean_and_deviation(
    image: npt.NDArray[np.float32], places: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float32], np.float32]:
    """Of some pixels of an image the mean of each channel and the mean of the channels' standard deviations."""
    pixels = image.reshape(-1, image.shape[2]).take(places, axis=0)
    # `einsum` adds pixels one by one, as `sum` does, and takes a quarter of its time.
    mean: npt.NDArray[np.float32] = np.einsum("nc->c", pixels) / len(pixels)
    variance = np.einsum("nc->c", np.square(pixels - mean)) / len(pixels)
    return mean, np.sqrt(variance).mean()
