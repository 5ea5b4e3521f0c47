"""The verdict of a round: who won, by how much, and whether the difference could be luck."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np

from arena.images import check_images
from arena.referee import metrics
from arena.types import FAKE, REAL, Answer, Call, InvalidAnswer, Labels, Role, Winner


@dataclass(frozen=True)
class Rule:
    """What it takes to win. ValueError for values that decide nothing.

    `win_accuracy`: the detector wins a round with at least this accuracy, in (0, 1). `significance`: a round whose
    p-value is not below this level, in (0, 1), is called too close.
    """

    win_accuracy: float = 0.5
    significance: float = 0.05

    def __post_init__(self) -> None:
        for name in ("win_accuracy", "significance"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must lie between 0 and 1, not {getattr(self, name)}")


ORIGINAL_RULE = Rule()
"""B wins with an accuracy of at least 0.5."""


@dataclass(frozen=True)
class Verdict:
    """The referee's result of a round: plain finite numbers, JSON through `dataclasses.asdict` and back without loss.

    `n`: images of the exam. `accuracy`: share of right calls at the detector's own `threshold` (it may exceed 1: no
    alarm at all), with its Wilson interval. `tpr`, `tnr`: share of the fakes, of the reals, called right. `auroc` with
    its interval, `average_precision`, `eer`, `brier`: of the scores, whatever the threshold.

    `p_value`: exact two-sided binomial test of the number of right calls against the rule's accuracy. `winner`: by the
    rule. `call`: the winner, or 'too close' where chance explains the difference. `degenerate`: every image was called
    the same. `forfeit`: the team that could not play; the other one has won, whatever the numbers.
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
    call: Call
    degenerate: bool
    forfeit: Role | None = None


def verdict(labels: Labels, answer: Answer, rule: Rule = ORIGINAL_RULE, forfeit: Role | None = None) -> Verdict:
    """Judge a detector's answer to an exam with these labels, int8 `[N]`, at least two of each kind.

    Raises InvalidAnswer for an answer that cannot be judged, ValueError for labels that make no exam.
    """
    check_answer(answer, len(labels))
    scores, n = answer.scores, len(labels)
    auroc_low, auroc_high = metrics.auroc_interval(labels, scores)
    flagged = scores >= answer.threshold
    right = flagged == (labels == FAKE)
    correct = int(right.sum())
    accuracy_low, accuracy_high = metrics.wilson(correct, n)
    p_value = metrics.binomial_p_value(correct, n, rule.win_accuracy)
    winner: Winner = "B" if correct / n >= rule.win_accuracy else "A"
    call: Call = winner if p_value < rule.significance else "too close"
    if forfeit is not None:
        winner = call = "A" if forfeit == "detector" else "B"
    return Verdict(
        n=n,
        accuracy=correct / n,
        accuracy_low=accuracy_low,
        accuracy_high=accuracy_high,
        threshold=float(answer.threshold),
        tpr=float(right[labels == FAKE].mean()),
        tnr=float(right[labels == REAL].mean()),
        auroc=metrics.auroc(labels, scores),
        auroc_low=auroc_low,
        auroc_high=auroc_high,
        average_precision=metrics.average_precision(labels, scores),
        eer=metrics.eer(labels, scores),
        brier=metrics.brier(labels, scores),
        p_value=p_value,
        winner=winner,
        call=call,
        degenerate=bool(flagged.all() or not flagged.any()),
        forfeit=forfeit,
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


def _is_finite_number(value: object) -> bool:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return False
