"""Judge a photo with a detector: find its faces, show each as the detector's training faces are, score them.

Faces are found as `arena faces crop` does it when nothing else is said (`RECIPE`), but all of a photo's faces instead
of the largest. Each is brought into the framing and the coding of the training faces (`likeness`), which travel with
the snapshot; a face that cannot be brought there is not judged, and why is said. Where nobody knows the framing, faces
are cut as `arena faces crop` cuts them.

Without a face there is no verdict. A picture that is too small for a face to be found is enlarged first: where one is
seen then, it is judged as what somebody has cut out. A detector's own rule for the rest, its `no_face`, is a note, and
a score for who has to put a number on every photo.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from arena.faces.crop.cropping import CropPlan, Finds
from arena.faces.crop.finder import Found, cut
from arena.faces.crop.memory import enough_memory
from arena.faces.decode import Pixels, square
from arena.photo.likeness import Box, Likeness
from arena.types import Answer, Detector, Heat, Images

RECIPE = CropPlan(all_faces=True)
"""How faces are looked for and cut; of its size only the default differs from detector to detector."""
MOST_FACES = 100
"""Faces of a photo that are judged, the largest ones: nobody looks at more, and a crowd must not take minutes."""

CROP_SIDE = 2 * RECIPE.min_size
"""In a picture with a shorter side no face is expected to be found: it may be one that somebody has cut out."""
CUT_OUT_SIDE = 160
"""Pixels a side that such a picture is enlarged to, so that a face in it can be found."""

RealOrFake = Literal["real", "fake"]
NO_FACE = "no face was found, so there is no verdict"
MISSING = f"{NO_FACE}; this detector takes that for the sign of a fake"
CUT_OUT = "the picture was judged as a face that somebody has cut out"


@dataclass(frozen=True)
class Judged:
    """A face, or a picture as a whole that is one.

    `box`: the face; `square`: the part of the photo that the detector was shown as `crop`, uint8 `[S, S, 3]`.
    `confidence`: that it is a face, 0 to 1; None for a whole picture. `score`: probability that it is fake.
    `heat`: where the detector looked, float32 `[S, S]` in [0, 1]; None where nobody asked or the detector cannot say.
    `refused`: why it was not judged; then `score`, `verdict` and `crop` are None, and `square` is its box.
    """

    box: Box
    square: Box
    confidence: float | None
    score: float | None = None
    verdict: RealOrFake | None = None
    crop: Pixels | None = None
    heat: Heat | None = None
    refused: str | None = None

    def summary(self) -> dict[str, Any]:
        """Everything but the pixels, for JSON; places in tenths of a pixel."""
        return {
            "box": [round(side, 1) for side in self.box],
            "square": [round(side, 1) for side in self.square],
            "confidence": self.confidence,
            "score": self.score,
            "verdict": self.verdict,
            "refused": self.refused,
        }


@dataclass(frozen=True)
class Judgement:
    """What a detector makes of a photo. `score`: the highest of its faces. `note`: what a reader has to know.

    `whole_image`: the picture was judged as a face that somebody has cut out; it is then the only one of `faces`.
    `verdict`: None where no face was found, or none could be judged. `score` as well, but without a face it is what the
    detector's own rule says, if anything. `prepared`: what was done to the faces first.
    """

    width: int
    height: int
    threshold: float
    score: float | None
    verdict: RealOrFake | None
    whole_image: bool
    note: str | None
    faces: tuple[Judged, ...]
    prepared: str | None = None

    def summary(self) -> dict[str, Any]:
        """Everything but the pixels, for JSON; places in tenths of a pixel."""
        whole = {name: value for name, value in vars(self).items() if name != "faces"}
        return whole | {"faces": [face.summary() for face in self.faces]}


@enough_memory("judge the photo")
def judge(
    image: Pixels,
    detector: Detector,
    size: int,
    finder: Finds,
    heat: bool = False,
    origin: Mapping[str, Any] = MappingProxyType({}),
) -> Judgement:
    """Judge a photo, uint8 `[H, W, 3]`, upright, at least 16 pixels a side.

    `size`: side of the detector's images in pixels. `finder`: looks for faces of `RECIPE.min_size`. `heat`: also say
    where the detector looked. `origin`: of the detector's snapshot. Raises OutOfMemory.
    """
    likeness = Likeness.of(origin, size)
    found = worth_judging(finder.find([image])[0])
    whole = not found and _is_cut_out(image, finder)
    faces = [_whole(image, size)] if whole else [shown(image, face, likeness) for face in found[:MOST_FACES]]
    crops = [face.crop for face in faces if face.crop is not None]
    paper = likeness.code(np.stack(crops or [square(image, size)]))  # without a face, for its threshold alone
    answer = detector.answer(paper)
    alarm = alarm_of(answer)
    height, width = image.shape[:2]
    if not faces:
        score, words = _without_a_face(image, detector, likeness, float(answer.scores[0]))
        return Judgement(width, height, alarm, score, None, False, words, ())
    heats = _heats(detector, paper) if heat and crops else [None] * len(crops)
    answers = iter([(float(score), *rest) for score, *rest in zip(answer.scores, paper, heats, strict=False)])
    faces = [face if face.crop is None else scored(face, alarm, *next(answers)) for face in faces]
    score = max((face.score for face in faces if face.score is not None), default=None)
    verdict = None if score is None else called(score, alarm)
    prepared = likeness.words if crops else None
    note = CUT_OUT if whole else _note(len(found))
    return Judgement(width, height, alarm, score, verdict, whole, note, tuple(faces), prepared)


def worth_judging(found: Sequence[Found]) -> list[Found]:
    """Of the faces in an image those that are sure and large enough, in eighths of a pixel.

    The same face is found a ten-thousandth of a pixel elsewhere beside other images in a batch, and how a crop is coded
    hangs on its every pixel.
    """
    return [
        Found(_steady(face.box), face.score, np.round(8 * face.points) / np.float32(8))
        for face in found
        if face.score >= RECIPE.min_score and face.size >= RECIPE.min_size
    ]


def _steady(box: Box) -> Box:
    left, top, right, bottom = (round(8 * side) / 8 for side in box)
    return left, top, right, bottom


def alarm_of(answer: Answer) -> float:
    """The score from which on a detector calls a stranger's photo fake."""
    return answer.threshold if answer.photo_threshold is None else answer.photo_threshold


def shown(image: Pixels, face: Found, likeness: Likeness) -> Judged:
    """A face of a photo, uint8 `[H, W, 3]`, with what the detector is to see of it, or with why it cannot."""
    if likeness.framing is None:
        crop = cut(image, face, likeness.size, RECIPE.margin, RECIPE.align)
        return Judged(face.box, seen_square(face), face.score, crop=crop)
    height, width = image.shape[:2]
    place = likeness.square_of(face)
    refused = likeness.objection(place, width, height)
    if place is None or refused:
        return Judged(face.box, face.box, face.score, refused=refused)
    return Judged(face.box, place, face.score, crop=likeness.cut(image, place))


def scored(face: Judged, threshold: float, score: float, crop: Pixels, heat: Heat | None = None) -> Judged:
    """A face with its score; `crop`, uint8 `[S, S, 3]`, is what the detector was shown."""
    return replace(face, score=score, verdict=called(score, threshold), crop=crop, heat=heat)


def seen_square(face: Found) -> Box:
    """The square of the photo that `faces.crop.cut` cuts for a face with the margin of `RECIPE`."""
    left, top, right, bottom = face.box
    half = max(right - left, bottom - top, 1.0) * (1 + 2 * RECIPE.margin) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return x - half, y - half, x + half, y + half


def _heats(detector: Detector, crops: Images) -> Sequence[Heat | None]:
    look: Callable[[Images], Sequence[Heat]] | None = getattr(detector, "heat_maps", None)
    return [None] * len(crops) if look is None else list(look(crops))


def called(score: float, threshold: float) -> RealOrFake:
    """The verdict on a score: fake from the threshold on."""
    return "fake" if score >= threshold else "real"


def _is_cut_out(image: Pixels, finder: Finds) -> bool:
    """Whether the middle of a picture that is too small for a face to be found is one."""
    return min(image.shape[:2]) < CROP_SIDE and bool(worth_judging(finder.find([square(image, CUT_OUT_SIDE)])[0]))


def _whole(image: Pixels, size: int) -> Judged:
    """The largest centred square, box and what is seen of it alike."""
    height, width = image.shape[:2]
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    return Judged(box, box, None, crop=square(image, size))


def _without_a_face(image: Pixels, detector: Detector, likeness: Likeness, middle: float) -> tuple[float | None, str]:
    """What a detector's own rule says of a photo without a face, and the words. `middle`: the score of its middle.

    Of a photo whose framing is known the middle says nothing; a small or a square picture may have been cut out.
    """
    if detector.no_face == "fake":
        return 1.0, MISSING
    height, width = image.shape[:2]
    is_photo = likeness.framing is not None and min(width, height) >= CROP_SIDE and width != height
    return None if is_photo else middle, NO_FACE


def _note(faces: int) -> str | None:
    return f"only the {MOST_FACES} largest of {faces} faces were judged" if faces > MOST_FACES else None
