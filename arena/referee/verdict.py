"""The verdict of a round: who won, by how much, and whether the difference could be luck."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, get_args

import numpy as np

from arena.images import check_images
from arena.referee import metrics
from arena.referee.marking import Marking, half_marks, half_resolution, threshold_marks, threshold_resolution
from arena.referee.metrics import People
from arena.types import FAKE, Answer, InvalidAnswer, Labels, Role, Sources, Winner

LONGEST_WORD = 80
"""Letters of what a generator may say about a sample."""


@dataclass(frozen=True)
class Rule:
    """What it takes to win. ValueError for values that decide nothing.

    `win_accuracy`: the detector wins a round with at least this accuracy, in (0, 1). `significance`: a round whose
    p-value is not below this level, in (0, 1), is too close. `marking`: whether the half with the highest scores
    is called fake, or what reaches the detector's alarm threshold.
    """

    win_accuracy: float = 0.5
    significance: float = 0.05
    marking: Marking = "half"

    def __post_init__(self) -> None:
        for name in ("win_accuracy", "significance"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must lie between 0 and 1, not {getattr(self, name)}")
        if self.marking not in get_args(Marking):
            raise ValueError(f"marking must be one of {', '.join(get_args(Marking))}, not {self.marking!r}")

    @classmethod
    def of(cls, exam: Mapping[str, Any]) -> Rule:
        """The rule of a match, from the `exam` of its config as it is stored.

        One without a marking was entered before there was a choice, and is marked by the threshold for ever.
        """
        values = {name: exam[name] for name in ("win_accuracy", "significance") if name in exam}
        return cls(**values, marking=exam.get("marking", "threshold"))

    def resolution(self, n: int) -> float | None:
        """By how much the accuracy of an exam of `n` images has to differ from the rule's to be clear.

        This is with one real face a person. With fewer people it takes more: how much more depends on how alike the
        faces of a person are, and the verdict says. None where the exam is too small to be clear.
        """
        if self.marking == "half" and self.win_accuracy == 0.5:
            return half_resolution(n, self.significance)
        return threshold_resolution(n, self.win_accuracy, self.significance)


ORIGINAL_RULE = Rule()
"""B wins with an accuracy of at least 0.5."""


@dataclass(frozen=True)
class Verdict:
    """The referee's result of a round: plain finite numbers, JSON through `dataclasses.asdict` and back without loss.

    `n`: images of the exam. `accuracy`: share of them called right by the rule's marking, with its 95 % interval.
    `threshold`: the detector's own (it may exceed 1: no alarm at all). `tpr`, `tnr`: share of the fakes, of the reals,
    that it calls right in use, where `threshold` decides. `auroc` with its interval, `average_precision`, `eer`,
    `brier`: of the scores, whatever the cut.

    `p_value`: two-sided, of the accuracy against the rule's. `winner`: by the rule. `too_close`: chance explains the
    difference. `degenerate`: no image was told from another, which is never a merit.
    `forfeit`: the team that could not play; the other one has won, whatever the numbers.

    `marking`: the rule's. `people`: how many the real faces are of. `resolution`: by how much the accuracy of this exam
    has to differ from the rule's to be clear. The defaults are those of rounds that are older than these fields.
    """

    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    threshold: float
    tpr: float
    tnr: float
    auroc: float
    auroc_low: float
    auroc_high: float
    average_precision: float
    eer: float
    brier: float
    p_value: float
    winner: Winner
    too_close: bool
    degenerate: bool
    forfeit: Role | None = None
    marking: Marking = "threshold"
    people: int | None = None
    resolution: float | None = None

    @property
    def false_alarm_rate(self) -> float:
        """Share of the reals that the detector calls fake in use."""
        return 1 - self.tnr

    @property
    def clear_winner(self) -> Winner | None:
        """Who has won this round by merit and beyond chance, if anybody: nobody where it is degenerate or a forfeit."""
        return None if self.degenerate or self.forfeit or self.too_close else self.winner


def verdict(
    labels: Labels,
    answer: Answer,
    rule: Rule = ORIGINAL_RULE,
    forfeit: Role | None = None,
    people: People | None = None,
) -> Verdict:
    """Judge a detector's answer to an exam with these labels, int8 `[N]`, half of each, at least two.

    `people`: whose face each real image is, int64 `[N/2]` in the order of the paper; None where nobody knows, as in
    exams of the first arena. Raises InvalidAnswer for an answer that cannot be judged, ValueError for labels that make
    no exam.
    """
    check_answer(answer, len(labels))
    scores, is_fake = answer.scores, labels == FAKE
    auroc_low, auroc_high = metrics.auroc_interval(labels, scores, people)
    flagged = scores >= answer.threshold
    if rule.marking == "half":
        marks = half_marks(labels, scores, rule.win_accuracy, rule.significance, people)
        degenerate = bool(scores.min() == scores.max())
    else:
        marks = threshold_marks(labels, flagged, rule.win_accuracy, rule.significance, people)
        degenerate = bool(flagged.all() or not flagged.any())
    winner: Winner = "B" if marks.accuracy >= rule.win_accuracy else "A"
    is_clear = marks.p_value < rule.significance and not (degenerate and rule.marking == "half")
    if forfeit is not None:
        winner = "A" if forfeit == "detector" else "B"
    return Verdict(
        n=len(labels),
        accuracy=marks.accuracy,
        accuracy_low=marks.low,
        accuracy_high=marks.high,
        threshold=float(answer.threshold),
        tpr=float(flagged[is_fake].mean()),
        tnr=float((~flagged[~is_fake]).mean()),
        auroc=metrics.auroc(labels, scores),
        auroc_low=auroc_low,
        auroc_high=auroc_high,
        average_precision=metrics.average_precision(labels, scores),
        eer=metrics.eer(labels, scores),
        brier=metrics.brier(labels, scores),
        p_value=marks.p_value,
        winner=winner,
        too_close=forfeit is None and not is_clear,
        degenerate=degenerate,
        forfeit=forfeit,
        marking=rule.marking,
        people=None if people is None else metrics.count_people(people, people.size),
        resolution=marks.resolution,
    )


def check_answer(answer: Answer, n: int) -> None:
    """Raise InvalidAnswer that says what is wrong with a detector's answer to an exam of `n` images."""
    if not isinstance(answer, Answer):
        raise InvalidAnswer("detector", f"a {type(answer).__name__} instead of an Answer")
    scores = answer.scores
    if not isinstance(scores, np.ndarray):
        raise InvalidAnswer("detector", f"scores as a {type(scores).__name__} instead of a NumPy array")
    if scores.dtype != np.float64 or scores.shape != (n,):
        raise InvalidAnswer("detector", f"scores of {scores.dtype} {list(scores.shape)} instead of float64 {[n]}")
    if np.isnan(scores).any():
        raise InvalidAnswer("detector", f"{np.isnan(scores).sum()} of {n} scores that are not a number")
    if n and (scores.min() < 0 or scores.max() > 1):
        raise InvalidAnswer("detector", f"scores from {scores.min():g} to {scores.max():g}, outside [0, 1]")
    if not _is_finite_number(answer.threshold):
        raise InvalidAnswer("detector", f"an alarm threshold of {answer.threshold!r} instead of a finite number")


def check_fakes(images: object, n: int, size: int) -> None:
    """Raise InvalidAnswer unless `images` are `n` fakes, uint8 `[n, size, size, 3]`."""
    try:
        shape = check_images(images, "the fakes").shape
    except ValueError as error:
        raise InvalidAnswer("generator", f"something that is no images: {error}") from error
    if shape != (n, size, size, 3):
        raise InvalidAnswer("generator", f"images of shape {list(shape)} instead of {[n, size, size, 3]}")


def check_sources(sources: object, n: int, size: int) -> None:
    """Raise InvalidAnswer unless `sources` are those of `n` fakes, or None."""
    if sources is None:
        return
    if not isinstance(sources, Sources):
        raise InvalidAnswer("generator", f"sources that are {type(sources).__name__}")
    for name, images in sources.images.items():
        if not re.fullmatch(r"[a-z]{1,20}", name):
            raise InvalidAnswer("generator", f"sources named {name!r}, which is no word of small letters")
        check_fakes(images, n, size)
    if len(sources.words) != n or any(len(word) > LONGEST_WORD for word in sources.words):
        raise InvalidAnswer("generator", f"words on its sources that are not {n} of up to {LONGEST_WORD} letters")


def _is_finite_number(value: object) -> bool:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return False
