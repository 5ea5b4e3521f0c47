"""Bring the faces of a photo into the likeness of a detector's training faces, or say why that cannot be done.

A detector knows where a face lies in its training images, and how their files were coded. A face that lies elsewhere,
or never was such a file, it takes for a fake, whatever it shows.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from PIL import Image

from arena.faces.coding import Coding
from arena.faces.crop.finder import Found
from arena.faces.decode import Pixels
from arena.faces.framing import Framing
from arena.types import Images

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the photo, maybe beyond its edge."""

MOST_ENLARGED: Final = 1.25
"""Faces are enlarged by no more than they are in training; further, they would look as smooth as a generator's."""
MOST_BEYOND: Final = 0.2
"""Part of the square that may lie beyond the photo's edge; in training, too, the mirror image lies there."""
MOST_MISFIT: Final = 2.5
"""How far a face's points may lie from the training faces', see `Placed.misfit`: of cropped photos 99 of 100 stay below
1.6, of faces somewhere in a photo all of 75 that were looked at do not exceed it (experiments/photos)."""


@dataclass(frozen=True)
class Likeness:
    """What a detector's training faces are like. `framing`, `coding`: None where nobody knows. `size`: their side."""

    framing: Framing | None
    coding: Coding | None
    size: int

    @classmethod
    def of(cls, origin: Mapping[str, Any], size: int) -> Likeness:
        """From the `origin` of a snapshot and the side of its images."""
        framing, coding = origin.get("framing"), origin.get("coding")
        return cls(framing and Framing.from_json(framing), coding and Coding.from_json(coding), size)

    @cached_property
    def words(self) -> str | None:
        """What is done to a face, for people; None where nothing is."""
        framed = [f"framed as the training faces are ({str(self.framing).partition(',')[0]})"] if self.framing else []
        coded = [f"coded as they are ({self.coding})"] if self.coding and self.coding.is_lossy else []
        return f"each face is {' and '.join(framed + coded)} before it is judged" if framed or coded else None

    def square_of(self, face: Found) -> Box | None:
        """The part of the photo that shows a face as the training faces are framed; None where no upright square does.

        Raises ValueError where there is no framing.
        """
        if self.framing is None:
            raise ValueError("nobody knows how the training faces are framed")
        placed = self.framing.place(face.points)
        if placed is None or placed.misfit > MOST_MISFIT:
            return None
        return placed.left, placed.top, placed.left + placed.side, placed.top + placed.side

    def objection(self, square: Box | None, width: int, height: int) -> str | None:
        """Why a face cannot be judged, in a photo of this size; None where it can."""
        if square is None:
            return "its head is turned or tilted too far from the training faces'"
        left, top, right, bottom = square
        side = right - left
        if side * MOST_ENLARGED < self.size:
            return f"it is too small: {side:.0f} pixels of the photo would be enlarged to {self.size}"
        seen = max(0.0, min(right, width) - max(left, 0.0)) * max(0.0, min(bottom, height) - max(top, 0.0))
        if (beyond := 1 - seen / side**2) > MOST_BEYOND:
            return f"the edge of the photo cuts it off: {beyond:.0%} of what the detector has to see lies beyond"
        return None

    def cut(self, image: Pixels, square: Box) -> Pixels:
        """A square of a photo, uint8 `[size, size, 3]`, by one resampling; beyond the edge lies the mirror image."""
        height, width = image.shape[:2]
        left, top, right, bottom = square
        rim = int(np.ceil(4 * max(1.0, (right - left) / self.size)))  # what the filter looks at around the square
        low = int(np.floor(left)) - rim, int(np.floor(top)) - rim
        high = int(np.ceil(right)) + rim, int(np.ceil(bottom)) + rim
        region = image[max(0, low[1]) : max(0, high[1]), max(0, low[0]) : max(0, high[0])]
        around = [(max(0, -low[axis]), max(0, high[axis] - side)) for axis, side in ((1, height), (0, width))]
        if any(max(pair) for pair in around):
            region = np.pad(region, (*around, (0, 0)), mode="symmetric")
        box = (left - low[0], top - low[1], right - low[0], bottom - low[1])
        return np.asarray(Image.fromarray(region).resize((self.size, self.size), Image.Resampling.LANCZOS, box=box))

    def code(self, crops: Images) -> Images:
        """Crops, uint8 `[N, S, S, 3]`, coded as the training faces: each in a way that it alone decides."""
        if self.coding is None or not self.coding.is_lossy:
            return crops
        # A checksum and shares, and no seed: what judges photos in a browser draws the same way.
        places = (zlib.crc32(crop.tobytes()) / 2**32 for crop in crops)
        return np.stack([self.coding.apply_at(crop, place) for crop, place in zip(crops, places, strict=True)])
