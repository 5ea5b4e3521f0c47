"""Framing: where the face lies in the images of a set. A detector that knows close crops alone is lost in wide ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from arena.faces.crop.finder import Found
from arena.faces.decode import Pixels
from arena.types import Images

ENLARGED: Final = 160
"""MTCNN looks at images enlarged to at least this side; it was made for photos."""

SURE: Final = 0.9
"""Score from which a find counts as a face."""

LEAST_SPREAD: Final = 0.01
"""Points of procedural faces may not vary at all; those that are found in photos do, by a hundredth of the side."""

Pairs = tuple[tuple[float, float], ...]


class Finds(Protocol):
    """What finds faces, such as `arena.faces.crop.finder.Finder`."""

    def find(self, images: Sequence[Pixels]) -> list[list[Found]]:
        """The faces in each image, the largest first."""
        ...


@dataclass(frozen=True)
class Placed:
    """Where the square of a photo lies that shows a face as a framing has it: left, top and side in the photo's pixels.

    `misfit`: how far the face's points then are from the framing's, root mean square, in spreads: about 1 for faces
    like those that the framing was measured on, more for a head that is turned or tilted.
    """

    left: float
    top: float
    side: float
    misfit: float


@dataclass(frozen=True)
class Framing:
    """Where the face lies, in parts of the image's side, (0, 0) at its left top.

    `points`: median (x, y) of left eye, right eye, nose, left and right corner of the mouth as seen in the image.
    `spread`: half the width of the middle 68 % of each, a standard deviation where they are normal. `box`: median left,
    top, right, bottom. `found`: share of the `searched` images in which there was a face.
    """

    points: Pairs
    spread: Pairs
    box: tuple[float, ...]
    found: float
    searched: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        values = asdict(self)
        pairs = {name: [list(pair) for pair in values[name]] for name in ("points", "spread")}
        return values | pairs | {"box": list(self.box)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Framing:
        """What `to_json` wrote."""
        points, spread = _pairs(values["points"]), _pairs(values["spread"])
        return cls(points, spread, tuple(values["box"]), values["found"], values["searched"])

    def place(self, points: npt.ArrayLike) -> Placed | None:
        """The square of a photo in which a face lies as in this framing; None where no upright square does.

        `points`: the five of the face, `[5, 2]`, (x, y) in pixels of the photo. Scale and shift alone, by least
        squares: what varies little in the framing, mostly the eyes, counts most.
        """
        found, wanted = np.asarray(points, np.float64), np.array(self.points)
        spread = np.maximum(np.array(self.spread), LEAST_SPREAD)
        weights = spread**-2 / (spread**-2).sum(0)
        centre, target = (weights * found).sum(0), (weights * wanted).sum(0)
        apart = ((found - centre) ** 2 / spread**2).sum()
        scale = ((found - centre) * (wanted - target) / spread**2).sum() / apart if apart else 0.0
        if not (np.isfinite(scale) and scale > 0):
            return None
        misfit = np.sqrt(np.square((scale * (found - centre) + target - wanted) / spread).mean())
        left, top = centre - target / scale
        return Placed(float(left), float(top), float(1 / scale), float(misfit))

    def __str__(self) -> str:
        """For people: where eyes and mouth are, and how far that varies."""
        points, spread = np.array(self.points), np.array(self.spread)
        eyes, mouth = points[:2, 1].mean(), points[3:, 1].mean()
        apart = points[1, 0] - points[0, 0]
        return (
            f"eyes {apart:.0%} apart at {eyes:.0%} of the height, mouth at {mouth:.0%}, "
            f"give or take {spread.mean():.1%}; a face in {self.found:.0%} of {self.searched} images"
        )


def measure(images: Images, finder: Finds, most: int = 96) -> Framing | None:
    """The framing of images, uint8 `[N, S, S, 3]`, from at most so many of them, evenly spread; None without a face."""
    index = np.unique(np.linspace(0, len(images) - 1, min(most, len(images))).round().astype(np.int64))
    found = [face for face in largest_faces(images[index], finder) if face is not None]
    if not found:
        return None
    points = np.stack([face.points for face in found]).astype(np.float64) / images.shape[1]
    low, middle, high = np.quantile(points, (0.16, 0.5, 0.84), axis=0)
    box = np.median([face.box for face in found], axis=0) / images.shape[1]
    share = len(found) / len(index)
    return Framing(_pairs(middle), _pairs((high - low) / 2), tuple(box.round(4).tolist()), round(share, 4), len(index))


def landmarks(images: Images, finder: Finds) -> npt.NDArray[np.float32]:
    """The five points of the face in each image, float32 `[N, 5, 2]`, (x, y) in its pixels; NaN where none is found."""
    nothing = np.full((5, 2), np.nan, np.float32)
    faces = largest_faces(images, finder)
    return np.stack([nothing if face is None else face.points for face in faces]).astype(np.float32)


def largest_faces(images: Images, finder: Finds) -> list[Found | None]:
    """The largest face in each image, uint8 `[N, S, S, 3]`, in its pixels, or None."""
    size = images.shape[1]
    side, faces = max(ENLARGED, size), list[Found | None]()
    for start in range(0, len(images), 64):  # a thousand enlarged photos need not be in memory at once
        larger = [_enlarged(image, side) for image in images[start : start + 64]]
        for found in finder.find(larger):
            sure = next((face for face in found if face.score >= SURE), None)
            faces.append(sure and _shrunk(sure, size / side))
    return faces


def _enlarged(image: Pixels, side: int) -> Pixels:
    if len(image) == side:
        return np.asarray(image)
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))


def _shrunk(face: Found, scale: float) -> Found:
    left, top, right, bottom = (edge * scale for edge in face.box)
    return Found((left, top, right, bottom), face.score, face.points * np.float32(scale))


def _pairs(values: Any) -> Pairs:
    return tuple((round(float(x), 4), round(float(y), 4)) for x, y in values)
