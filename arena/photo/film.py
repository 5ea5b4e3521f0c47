"""Judge a video: every k-th frame's faces as those of a photo, all their scores together as one.

Frames are searched in batches and forgotten; what stays of a face is its score.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np

from arena.faces.crop.cropping import Finds
from arena.faces.crop.memory import enough_memory, give_back
from arena.faces.crop.video import Frame
from arena.faces.decode import Unusable
from arena.photo.aggregate import Rule, overall
from arena.photo.judge import MOST_FACES, Judged, alarm_of, called, scored, shown, worth_judging
from arena.photo.likeness import Likeness
from arena.types import Detector

_FRAMES, _PIXELS = 16, 2**24
"""Frames that are searched together: so many, or fewer that have as many pixels."""

CANNOT_SAY: Final = "cannot say"


@dataclass(frozen=True)
class Seen:
    """A face in a frame of a video. `seconds`: when it is shown, None where the video does not say."""

    frame: int
    seconds: float | None
    face: Judged

    def summary(self) -> dict[str, Any]:
        """Everything but the pixels, for JSON."""
        return {"frame": self.frame, "seconds": self.seconds, **self.face.summary()}


@dataclass(frozen=True)
class FilmJudgement:
    """What a detector makes of a video.

    `frames`: looked at; `faces`: found in them; `judged`: of those. `threshold`: the score from which on it is called
    fake, None where nothing was judged. `score`: of the video by its `rule`, None where that says nothing. `note`:
    what a reader has to know. `broken`: why the video ends before its end, such as 'truncated'; None where it does not.
    `prepared`: what was done to the faces first.
    """

    frames: int
    faces: int
    judged: int
    threshold: float | None
    score: float | None
    verdict: Literal["real", "fake", "cannot say"]
    rule: Rule
    note: str | None
    broken: str | None
    prepared: str | None

    def summary(self) -> dict[str, Any]:
        """For JSON."""
        return dict(vars(self))


OnSeen = Callable[[Sequence[Seen], int], None]
"""Told of the faces in some frames, in order, and how many frames there were."""


def judge_film(
    frames: Iterable[Frame],
    detector: Detector,
    size: int,
    finder: Finds,
    origin: Mapping[str, Any] = MappingProxyType({}),
    rule: Rule = "trimmed-mean",
    on_seen: OnSeen = lambda seen, frames: None,
) -> FilmJudgement:
    """Judge the frames of a video, in the order they come.

    `size`: side of the detector's images in pixels. `origin`: of the detector's snapshot. Raises Unusable when there is
    not one frame, OutOfMemory.
    """
    likeness, scores, alarm = Likeness.of(origin, size), array("d"), None
    looked, faces, refused, broken = 0, 0, "", None
    with enough_memory("judge the video"):
        try:
            for batch in batches(frames):
                looked += len(batch)
                seen, threshold = _judged(batch, detector, finder, likeness)
                alarm = alarm if threshold is None else threshold
                faces += len(seen)
                scores.extend(one.face.score for one in seen if one.face.score is not None)
                refused = next((one.face.refused for one in seen if one.face.refused), refused)
                on_seen(seen, len(batch))
                give_back()
        except Unusable as unusable:
            if not looked:
                raise
            broken = unusable.reason
    found = overall(scores, rule)
    notes = [f"it is {broken}: only its first frames were judged" if broken else "", found.note or ""]
    if faces and not scores:
        notes.append(f"of a face: {refused}")
    return FilmJudgement(
        frames=looked,
        faces=faces,
        judged=len(scores),
        threshold=alarm,
        score=found.score,
        verdict=CANNOT_SAY if found.held is None or alarm is None else called(found.held, alarm),
        rule=rule,
        note="; ".join(filter(None, notes)) or None,
        broken=broken,
        prepared=likeness.words if scores else None,
    )


def batches(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    """Frames that are searched together; the last ones also where reading the next one fails."""
    coming = iter(frames)
    problem: Unusable | None = None

    def good() -> Iterator[Frame]:
        nonlocal problem
        try:
            yield from coming
        except Unusable as unusable:
            problem = unusable

    given = good()
    for first in given:
        height, width = first.image.shape[:2]
        many = max(1, min(_FRAMES, _PIXELS // (height * width)))
        yield [first, *itertools.islice(given, many - 1)]
    if problem is not None:
        raise problem


def _judged(
    batch: Sequence[Frame], detector: Detector, finder: Finds, likeness: Likeness
) -> tuple[list[Seen], float | None]:
    """The faces in some frames with their scores, and the alarm threshold; None where there is nothing to judge."""
    found = finder.find([frame.image for frame in batch])
    seen = [
        Seen(frame.number, frame.seconds, shown(frame.image, face, likeness))
        for frame, faces in zip(batch, found, strict=True)
        for face in worth_judging(faces)[:MOST_FACES]
    ]
    crops = [one.face.crop for one in seen if one.face.crop is not None]
    if not crops:
        return seen, None
    paper = likeness.code(np.stack(crops))
    answer = detector.answer(paper)
    alarm, answers = alarm_of(answer), zip(answer.scores.tolist(), paper, strict=True)
    return [
        one if one.face.crop is None else Seen(one.frame, one.seconds, scored(one.face, alarm, *next(answers)))
        for one in seen
    ], alarm
