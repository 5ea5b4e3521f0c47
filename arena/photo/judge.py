"""Judge a photo with a detector: find its faces, cut them out as the detector's training faces were, score them.

Faces are found and cut as `arena faces crop` does it when nothing else is said (`RECIPE`), but all of a photo's faces
instead of the largest, at the size of the detector's images. A photo without a face is what the detector's `no_face`
says: by default its largest centred square is judged, which is how pictures that nobody cropped come into a set of
faces, so a detector has seen such squares but never black bars.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from arena.faces.crop.cropping import CropPlan, Finds
from arena.faces.crop.finder import Found, cut
from arena.faces.crop.memory import enough_memory
from arena.faces.decode import Pixels, square
from arena.types import Detector, Heat, Images

RECIPE = CropPlan(all_faces=True)
"""How faces are looked for and cut; of its size only the default differs from detector to detector."""
MOST_FACES = 100
"""Faces of a photo that are judged, the largest ones: nobody looks at more, and a crowd must not take minutes."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the photo, maybe beyond its edge."""
RealOrFake = Literal["real", "fake"]
MISSING = "no face was found, which this detector takes for the sign of a fake"


class _Place(NamedTuple):
    box: Box
    square: Box
    confidence: float | None


@dataclass(frozen=True)
class Judged:
    """A face, or the photo as a whole.

    `box`: the face; `square`: the part of the photo that the detector was shown as `crop`, uint8 `[S, S, 3]`.
    `confidence`: that it is a face, 0 to 1; None for the photo as a whole. `score`: probability that it is fake.
    `heat`: where the detector looked, float32 `[S, S]` in [0, 1]; None where nobody asked or the detector cannot say.
    """

    box: Box
    square: Box
    confidence: float | None
    score: float
    verdict: RealOrFake
    crop: Pixels
    heat: Heat | None = None


@dataclass(frozen=True)
class Judgement:
    """What a detector makes of a photo. `score`: the highest of its faces. `note`: what a reader has to know.

    `whole_image`: no face was found, and the photo as a whole was judged; it is then the only one of `faces`.
    """

    width: int
    height: int
    threshold: float
    score: float
    verdict: RealOrFake
    whole_image: bool
    note: str | None
    faces: tuple[Judged, ...]

    def summary(self) -> dict[str, Any]:
        """Everything but the pixels, for JSON; places in tenths of a pixel."""
        whole = {name: value for name, value in vars(self).items() if name != "faces"}
        return whole | {"faces": [_summary(face) for face in self.faces]}


@enough_memory("judge the photo")
def judge(image: Pixels, detector: Detector, size: int, finder: Finds, heat: bool = False) -> Judgement:
    """Judge a photo, uint8 `[H, W, 3]`, upright, at least 16 pixels a side.

    `size`: side of the detector's images in pixels. `finder`: looks for faces of `RECIPE.min_size`. `heat`: also say
    where the detector looked. Raises OutOfMemory.
    """
    height, width = image.shape[:2]
    found = [f for f in finder.find([image])[0] if f.score >= RECIPE.min_score and f.size >= RECIPE.min_size]
    shown = found[:MOST_FACES]
    crops = _crops(image, shown, size) if shown else square(image, size)[None]
    answer = detector.answer(crops)
    if not shown and getattr(detector, "no_face", "whole") == "fake":
        return Judgement(width, height, answer.threshold, 1.0, "fake", False, MISSING, ())
    heats = _heats(detector, crops) if heat else [None] * len(crops)
    places = [_Place(face.box, seen_square(face), face.score) for face in shown] or [_whole(width, height)]
    faces = tuple(
        Judged(*place, float(score), _called(score, answer.threshold), crop, one_heat)
        for place, score, crop, one_heat in zip(places, answer.scores, crops, heats, strict=True)
    )
    top = max(faces, key=lambda face: face.score)
    note = _note(len(found))
    return Judgement(width, height, answer.threshold, top.score, top.verdict, not found, note, faces)


def seen_square(face: Found) -> Box:
    """The square of the photo that `faces.crop.cut` cuts for a face with the margin of `RECIPE`."""
    left, top, right, bottom = face.box
    half = max(right - left, bottom - top, 1.0) * (1 + 2 * RECIPE.margin) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return x - half, y - half, x + half, y + half


def _crops(image: Pixels, faces: Sequence[Found], size: int) -> Images:
    return np.stack([cut(image, face, size, RECIPE.margin, RECIPE.align) for face in faces])


def _heats(detector: Detector, crops: Images) -> Sequence[Heat | None]:
    look: Callable[[Images], Sequence[Heat]] | None = getattr(detector, "heat_maps", None)
    return [None] * len(crops) if look is None else list(look(crops))


def _called(score: float, threshold: float) -> RealOrFake:
    return "fake" if score >= threshold else "real"


def _whole(width: int, height: int) -> _Place:
    """The largest centred square, as `faces.decode.square` cuts it: box and what was seen are the same."""
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    return _Place(box, box, None)


def _note(faces: int) -> str | None:
    if not faces:
        return "no face was found, so the middle of the photo was judged as if it were one"
    return f"only the {MOST_FACES} largest of {faces} faces were judged" if faces > MOST_FACES else None


def _summary(face: Judged) -> dict[str, Any]:
    return {
        "box": [round(side, 1) for side in face.box],
        "square": [round(side, 1) for side in face.square],
        "confidence": face.confidence,
        "score": face.score,
        "verdict": face.verdict,
    }
