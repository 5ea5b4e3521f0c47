"""How an exam is marked: the share called right, how sure it is, and how likely chance alone would do as well.

Two rules. *half*: half of the exam is fake and everybody knows it, so the half with the highest scores is called fake;
scores that tie at the cut count in proportion. *threshold*: what reaches the detector's own alarm threshold is called
fake. Fakes are independent of each other; real faces are, too, unless a person has several in the exam.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from arena.referee import metrics
from arena.referee.metrics import Interval, People
from arena.types import FAKE, REAL, Labels, Scores

Marking = Literal["half", "threshold"]

Shares = npt.NDArray[np.float64]
"""How much of each image is called fake, float64 `[N]` in [0, 1]: a fraction where scores tie at the cut."""


@dataclass(frozen=True)
class Marks:
    """An exam's marks. `accuracy`: share called right, with its 95 % interval from `low` to `high`.

    `p_value`: how likely is an accuracy as far from the expected one, if that is the truth? `resolution`: by how much
    the accuracy of this exam has to differ from the expected one for a p-value below the level of significance; None
    where no accuracy would do.
    """

    accuracy: float
    low: float
    high: float
    p_value: float
    resolution: float | None


def half_marks(labels: Labels, scores: Scores, expected: float, significance: float, people: People | None) -> Marks:
    """The marks by the halves. `expected`: the accuracy to test against.

    If the scores know nothing about the labels, the number of fakes in the upper half is hypergeometric. With ties at
    the cut it is a weighted sum of two such numbers, the fakes above and those among the tied, and varies less; either
    way the p-value is exact. That serves an expected accuracy of 0.5 and one face a person. For anything else the test
    is Wilson's: the distance from the expected accuracy over its deviation there.

    That variance: move the cut a little, and the accuracy changes by what share of the images there is fake. So the
    accuracy is, but for terms of order 1/N, a weighted mean of the calls, where reals weigh `share` and fakes 1 -
    share; and it is worth as many independent calls as a binomial proportion with the same variance needs.
    """
    fakes = labels == FAKE
    if labels.size != 2 * fakes.sum() or labels.size != 2 * (labels == REAL).sum():
        raise ValueError("only an exam that is half real, half fake can be marked by its halves")
    called = half_called_fake(scores)
    above, tied = called == 1, (called > 0) & (called < 1)
    exact = (labels.size // 2 - int(above.sum())) * int(tied[fakes].sum()) / max(int(tied.sum()), 1)
    accuracy = (int(above[fakes].sum()) + exact) / int(fakes.sum())
    share = _share_of_fakes_at_the_cut(labels, scores)
    size, freedom = _worth(accuracy, called[fakes], called[~fakes], 1 - share, share, people)
    low, high = _interval(accuracy, size, freedom, int(fakes.sum()), people)
    if expected == 0.5 and metrics.is_one_each(people):
        p_value, resolution = _chance_of_halves(labels, called), half_resolution(labels.size, significance)
    else:
        p_value = _wilson_p_value(accuracy, expected, size, freedom)
        resolution = _wilson_resolution(expected, significance, size, freedom)
    return Marks(accuracy, low, high, p_value, resolution)


def threshold_marks(
    labels: Labels, called_fake: npt.NDArray[np.bool_], expected: float, significance: float, people: People | None
) -> Marks:
    """The marks by who reaches the threshold: Wilson's interval and an exact binomial test with one face a person."""
    fakes, n = labels == FAKE, labels.size
    correct = int((called_fake == fakes).sum())
    if metrics.is_one_each(people):
        low, high = metrics.wilson(correct / n, n)
        p_value = metrics.binomial_p_value(correct, n, expected)
        return Marks(correct / n, low, high, p_value, threshold_resolution(n, expected, significance))
    called = called_fake.astype(np.float64)
    size, freedom = _worth(correct / n, called[fakes], called[~fakes], 0.5, 0.5, people)
    low, high = _interval(correct / n, size, freedom, int(fakes.sum()), people)
    p_value = _wilson_p_value(correct / n, expected, size, freedom)
    return Marks(correct / n, low, high, p_value, _wilson_resolution(expected, significance, size, freedom))


def half_called_fake(scores: Scores) -> Shares:
    """Which half is called fake: 1 above the cut, 0 below, and the tied at the cut in equal parts."""
    cut = np.partition(scores, scores.size - scores.size // 2)[scores.size - scores.size // 2]
    above, tied = scores > cut, scores == cut
    part = (scores.size // 2 - above.sum()) / tied.sum()
    return np.where(above, 1.0, np.where(tied, part, 0.0))


def half_resolution(n: int, significance: float) -> float | None:
    """The least distance from 0.5 that an exam of `n` images with one face a person calls clear; None if none is.

    About 1 / sqrt(n) at a significance of 0.05: 0.032 for 1000 images.
    """
    from scipy.stats import hypergeom

    half = n // 2
    hits = np.arange(half // 2 + 1, half + 1)
    clear = hits[2 * hypergeom.sf(hits - 1, n, half, half) < significance]
    return float(clear[0] / half - 0.5) if clear.size else None


def threshold_resolution(n: int, expected: float, significance: float) -> float | None:
    """The same for the threshold's marks, above the expected accuracy."""
    first = math.floor(expected * n) + 1
    counts = range(first, n + 1)
    place = bisect_left(counts, True, key=lambda count: metrics.binomial_p_value(count, n, expected) < significance)
    return counts[place] / n - expected if place < len(counts) else None


def _chance_of_halves(labels: Labels, called: Shares) -> float:
    """Exact two-sided p-value of the hits of a marked half, over all ways to deal the labels to these scores.

    Half as many images as there are is called fake, so hits are distributed symmetrically about a half of that. All in
    integers: hits times the number of the tied.
    """
    from scipy.stats import hypergeom

    n, half = labels.size, labels.size // 2
    above, tied = called == 1, (called > 0) & (called < 1)
    whole, part = int(above.sum()), max(int(tied.sum()), 1)
    needed = half - whole  # of the tied, how many are called fake
    hits = int(labels[above].sum()) * part + needed * int(labels[tied].sum())
    distance = abs(2 * hits - half * part)
    if distance == 0:
        return 1.0
    first = np.arange(whole + 1)  # fakes above the cut
    if needed == 0:
        tail = (2 * first >= half + distance).astype(float)
    else:
        least = -((2 * part * first - half * part - distance) // (2 * needed))  # fakes among the tied, rounded up
        tail = hypergeom.sf(least - 1, n - whole, half - np.minimum(first, half), part)
    return min(1.0, 2 * float(hypergeom.pmf(first, n, half, whole) @ tail))


def _share_of_fakes_at_the_cut(labels: Labels, scores: Scores) -> float:
    """The share of fakes among some sqrt(N) images on either side of the cut, drawn towards 1/2 by one of each."""
    order, half = np.sort(scores), scores.size // 2
    reach = min(math.isqrt(scores.size), half)
    near = (scores >= order[half - reach]) & (scores <= order[half + reach - 1])
    return float((labels[near].sum() + 1) / (near.sum() + 2))


def _worth(
    accuracy: float, fakes: Shares, reals: Shares, weight_fakes: float, weight_reals: float, people: People | None
) -> tuple[float, float]:
    """How many independent calls the accuracy is worth, at most as many as there are, and degrees of freedom.

    Of a weighted mean of the calls of fakes and of reals. Degrees of freedom: Satterthwaite, Biometrics Bulletin 2
    (1946), 110-114; infinite with one face a person.
    """
    size, persons = reals.size, metrics.count_people(people, reals.size)
    least = 4 * fakes.size * persons / (fakes.size + persons)  # as if the faces of a person were all called alike
    if persons < 2:
        return 0.0, 1.0
    part_fakes = weight_fakes**2 * metrics.variance_of_mean(fakes)
    part_reals = weight_reals**2 * metrics.variance_of_mean(reals, people)
    variance, spread = part_fakes + part_reals, accuracy * (1 - accuracy)
    if variance == 0 or spread == 0:
        return least, math.inf if persons == size else persons - 1
    worth = min(spread / variance, fakes.size + size)
    if persons == size:
        return worth, math.inf
    return worth, variance**2 / (part_fakes**2 / (fakes.size - 1) + part_reals**2 / (persons - 1))


def _interval(accuracy: float, size: float, freedom: float, fakes: int, people: People | None) -> Interval:
    """Wilson's interval for so many independent calls; an imperfect exam proves no more than a perfect one."""
    if size == 0:
        return 0.0, 1.0
    persons = metrics.count_people(people, fakes)
    perfect, _ = metrics.wilson(1.0, 4 * fakes * persons / (fakes + persons), freedom)
    low, high = metrics.wilson(accuracy, size, freedom)
    return min(low, perfect), max(high, 1 - perfect)


def _wilson_p_value(accuracy: float, expected: float, size: float, freedom: float) -> float:
    from scipy.stats import t

    distance = abs(accuracy - expected) * math.sqrt(size / (expected * (1 - expected)))
    return float(2 * t.sf(distance, freedom))


def _wilson_resolution(expected: float, significance: float, size: float, freedom: float) -> float | None:
    from scipy.stats import t

    if size == 0:
        return None
    distance = float(t.isf(significance / 2, freedom)) * math.sqrt(expected * (1 - expected) / size)
    return distance if distance < 1 - expected else None
