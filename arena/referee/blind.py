"""Can people tell? A blind test shows images of an exam; votes are stored as they are given, the rest is derived."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from arena.referee.exam import ExamRecord
from arena.referee.metrics import wilson
from arena.seeds import rng
from arena.types import FAKE, REAL

IMAGES_OF_A_KIND = 10
"""Real faces of a blind test, and as many fakes; fewer where the exam has fewer."""


@dataclass(frozen=True)
class Shown:
    """An image of a blind test. `place`: in the exam's paper. `score`: the detector's, in [0, 1]."""

    place: int
    fake: bool
    score: float


@dataclass(frozen=True)
class BlindTest:
    """Images of an exam in the order they are shown. `threshold`: the detector called fake what scored that or more."""

    id: str
    match: str
    round: int
    threshold: float
    images: tuple[Shown, ...]

    @property
    def detector_called_fake(self) -> tuple[bool, ...]:
        """What the detector said in the exam."""
        return tuple(image.score >= self.threshold for image in self.images)

    def right(self, called_fake: Iterable[bool]) -> int:
        """How many of the images are called what they are."""
        return sum(called == image.fake for called, image in zip(called_fake, self.images, strict=True))


@dataclass(frozen=True)
class Vote:
    """A blind test that somebody has answered, once. `called_fake`: image by image, in the order they were shown."""

    test: BlindTest
    called_fake: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """An answered test in numbers: images, and how many of them the visitor and the detector called right."""

    match: str
    round: int
    images: int
    visitor: int
    detector: int


@dataclass(frozen=True)
class Tally:
    """How many images were called right. `accuracy` with its 95 % Wilson interval; None while there are no votes."""

    votes: int
    right: int
    accuracy: float | None
    low: float | None
    high: float | None


def draw_images(record: ExamRecord, seed: int) -> tuple[Shown, ...]:
    """Images of an exam for a blind test: as many real as fake ones, shuffled. Who knows the seed knows the answers."""
    draw = rng(seed, "blind")
    of_a_kind = min(IMAGES_OF_A_KIND, record.real_indices.size)
    chosen = [draw.choice(np.flatnonzero(record.labels == kind), of_a_kind, replace=False) for kind in (REAL, FAKE)]
    places = draw.permutation(np.concatenate(chosen)).tolist()
    return tuple(Shown(place, bool(record.labels[place] == FAKE), float(record.scores[place])) for place in places)


def tally(votes: int, right: int) -> Tally:
    """The tally of so many votes, one per image."""
    if not votes:
        return Tally(0, 0, None, None, None)
    return Tally(votes, right, right / votes, *wilson(right / votes, votes))


def counted(vote: Vote) -> Count:
    """What a vote comes to."""
    test = vote.test
    right = test.right(vote.called_fake), test.right(test.detector_called_fake)
    return Count(test.match, test.round, len(test.images), *right)


def visitors_tally(counts: Iterable[Count]) -> Tally:
    """How the visitors fared: the third team."""
    found = list(counts)
    return tally(sum(count.images for count in found), sum(count.visitor for count in found))


def detectors_tally(counts: Iterable[Count]) -> Tally:
    """How the detectors fared on the very same images; what was shown twice counts twice, as for the visitors."""
    found = list(counts)
    return tally(sum(count.images for count in found), sum(count.detector for count in found))
