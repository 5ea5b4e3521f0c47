"""Where the parts of a face are: outlines drawn around five landmarks.

The outlines are those of an upright average face, in distances between its eyes from the point between them. A
similarity transform puts them into a face: the one that fits all five landmarks, those of the part most of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from arena.faces.crop.finder import similarity

Floats = npt.NDArray[np.float64]

UPRIGHT: Final = np.array([(-0.5, 0.0), (0.5, 0.0), (0.0, 0.57), (-0.41, 1.155), (0.41, 1.155)])
"""Left eye, right eye, nose, left and right corner of the mouth as seen, of an upright average face."""

_ELSEWHERE = 0.05
"""What a landmark outside the part counts: it decides only what those of the part leave open."""

_MOST_TURNED = 0.4
"""How far the nose may be off the middle before an outline takes no more notice."""

_LEFT_BROW = [
    (-0.96, -0.22),
    (-0.88, -0.46),
    (-0.62, -0.6),
    (-0.3, -0.58),
    (-0.1, -0.46),
    (-0.12, -0.28),
    (-0.5, -0.34),
]
_LEFT_LID = [(-0.92, -0.04), (-0.78, 0.18), (-0.5, 0.26), (-0.24, 0.2), (-0.1, 0.06)]
_NOSE = [(-0.1, -0.02), (-0.2, 0.3), (-0.33, 0.58), (-0.3, 0.74), (-0.14, 0.82)]
_MOUTH = [(-0.54, 1.14), (-0.34, 0.99), (-0.12, 0.92), (-0.34, 1.36), (-0.14, 1.46)]
_JAW = [(-0.96, -0.22), (-0.96, 0.3), (-0.87, 0.8), (-0.7, 1.26), (-0.46, 1.6), (-0.18, 1.76)]


def _mirrored(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(-x, y) for x, y in points]


_RIGHT_BROW, _RIGHT_LID = _mirrored(_LEFT_BROW), _mirrored(_LEFT_LID)
_CORNERS: Mapping[str, tuple[list[tuple[float, float]], tuple[int, ...]]] = {
    "LEFT_BROW": (_LEFT_BROW, (0,)),
    "RIGHT_BROW": (_RIGHT_BROW, (1,)),
    "LEFT_EYE": (_LEFT_BROW + _LEFT_LID, (0,)),
    "RIGHT_EYE": (_RIGHT_BROW + _RIGHT_LID, (1,)),
    "EYES": (_LEFT_BROW + _LEFT_LID + _RIGHT_BROW + _RIGHT_LID, (0, 1)),
    "NOSE": (_NOSE + _mirrored(_NOSE), (2,)),
    "MOUTH": (_MOUTH + _mirrored(_MOUTH), (3, 4)),
    "INFACE": (_LEFT_BROW + _RIGHT_BROW + _JAW + _mirrored(_JAW), (0, 1, 2, 3, 4)),
}
"""Of each part the points around which its outline is drawn, and which landmarks lie in it."""

PARTS: Final = tuple(_CORNERS)
"""Names of the parts; left and right as seen in the image. An eye is the eye with its brow."""


def usual_points(origin: Mapping[str, object], size: int) -> Floats:
    """Landmarks where faces usually have them, float64 `[5, 2]`: as their framing says, else in the middle."""
    framing = origin.get("framing")
    if isinstance(framing, Mapping):
        return np.array(framing["points"], np.float64) * size
    return (UPRIGHT * 0.29 + (0.5, 0.47)) * size


def hull(points: npt.ArrayLike) -> Floats:
    """The convex hull of points `[n, 2]`, corner by corner. A. M. Andrew, 1979."""
    ordered = sorted({(float(x), float(y)) for x, y in np.asarray(points, np.float64)})
    chains = []
    for row in (ordered, ordered[::-1]):
        chain: list[tuple[float, float]] = []
        for point in row:
            while len(chain) > 1 and _turns_back(chain[-2], chain[-1], point):
                chain.pop()
            chain.append(point)
        chains += chain[:-1]
    return np.array(chains)


def _turns_back(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) <= 0


OUTLINES: Final[Mapping[str, Floats]] = MappingProxyType(
    {part: hull(corners) for part, (corners, _) in _CORNERS.items()}
)
WEIGHTS: Final[Mapping[str, Floats]] = MappingProxyType(
    {part: np.where(np.isin(np.arange(5), own), 1.0, _ELSEWHERE) for part, (_, own) in _CORNERS.items()}
)
"""How much each landmark counts when a part is placed or aligned, float64 `[5]`."""


def outline(part: str, points: npt.ArrayLike) -> Floats:
    """The corners of a part in a face with these five landmarks `[5, 2]`, float64 `[corners, 2]`, in its pixels."""
    matrix = similarity(UPRIGHT, points, WEIGHTS[part])
    nose = similarity(points, UPRIGHT) @ (*np.asarray(points)[2], 1.0)
    return moved(_turned(OUTLINES[part], float(np.clip(nose[0], -_MOST_TURNED, _MOST_TURNED))), matrix)


def _turned(corners: Floats, nose: float) -> Floats:
    """An outline of a face that is turned so that its nose is off the middle: the side it points to is narrower.

    Only what lies beyond the eyes moves, because between them the landmarks say how wide the face is.
    """
    x = corners[:, 0]
    beyond = np.maximum(np.abs(x) - 0.5, 0) * np.sign(x)
    return np.column_stack([x - beyond * 2 * nose * np.sign(x), corners[:, 1]])


def frame_of(size: int) -> Floats:
    """The corners of an image of `size` pixels, without the pixels at its edge, float64 `[4, 2]`."""
    return np.array([(1, 1), (size - 1, 1), (size - 1, size - 1), (1, size - 1)], np.float64)


def moved(points: Floats, matrix: Floats) -> Floats:
    """Points `[n, 2]` under a transform `[2, 3]`."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def aligned(part: str, donor: npt.ArrayLike, target: npt.ArrayLike) -> Floats:
    """Turn, scale and shift, float64 `[2, 3]`, that brings a part of the donor's landmarks onto the target's."""
    return similarity(donor, target, WEIGHTS[part])
