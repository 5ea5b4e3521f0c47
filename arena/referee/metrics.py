"""How well scores separate fake from real, with honest error bars: pure functions of labels and scores.

Everywhere `labels` is int8 `[N]` (0 real, 1 fake) with both kinds in it, and `scores` is float64 `[N]`, finite, higher
for what looks more fake. ValueError for anything else. Intervals are two-sided with 95 % confidence.

SciPy's statistics and scikit-learn are imported where they are used: they take seconds to load, which a referee that
starts at the same time as both teams had better spend later (`load`).
"""

from __future__ import annotations

import importlib
import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from arena.types import FAKE, REAL, Labels, Scores

Interval = tuple[float, float]
"""Lower and upper end, lower <= upper."""

People = npt.NDArray[np.int64]
"""Whose face each real image is, int64 `[reals]`, in their order; equal numbers are one person."""

_MISS = 0.025
"""Probability that the truth lies beyond one end of an interval: half of what 95 % leaves."""

_Z = NormalDist().inv_cdf(1 - _MISS)


def load() -> None:
    """Import what the first metric would import."""
    importlib.import_module("scipy.stats")
    importlib.import_module("sklearn.metrics")


def auroc(labels: Labels, scores: Scores) -> float:
    """Probability that a random fake scores above a random real image, ties counted half; in [0, 1]."""
    from sklearn.metrics import roc_auc_score

    _split(labels, scores)
    return float(roc_auc_score(labels, scores))


def auroc_interval(labels: Labels, scores: Scores, people: People | None = None) -> Interval:
    """The interval of the AUROC: DeLong's variance on the logit scale, never surer than a perfect paper allows.

    Variance: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988), 837-845. Logit scale: Pepe, The Statistical
    Evaluation of Medical Tests (2003), section 5.2. `people`: where a person has several real faces, the variance is
    that of clustered data (Obuchowski, Biometrics 53 (1997), 567-578), each fake a cluster of its own, with Student's
    distribution for the people's part (Satterthwaite); None or one face a person is DeLong's.

    DeLong's variance is 0 when the scores separate perfectly (or are all equal), and too small just before: with 250 +
    250 images, a true AUROC of 0.999 and normal scores that spread three times as wide for fakes, 27 of 100 intervals
    miss. The remedy is exact. Match each of the k images of the rarer kind with another one of the other kind, before
    looking at the scores, one per person: that gives k independent trials, each won with a chance of AUROC. If all end
    alike, as they must when the variance is 0, the probability of that outcome is at least p = 0.025 ** (1/k) (Clopper
    and Pearson, Biometrika 26 (1934), 404-413). So p bounds the interval where the variance is 0, and elsewhere no
    lower end may exceed p, no upper end fall below 1 - p: an imperfect paper proves no more than a perfect one.

    Needs at least two images of each kind.
    """
    fakes, reals = _split(labels, scores)
    if min(fakes.size, reals.size) < 2:
        raise ValueError("the interval of an AUROC needs at least two fake and two real images")
    area = auroc(labels, scores)
    persons = count_people(people, reals.size)
    if persons < 2:
        return 0.0, 1.0
    certain = float(_MISS ** (1 / min(fakes.size, persons)))
    variance, freedom = _area_variance(fakes, reals, people)
    if variance == 0:
        return area * certain, 1 - (1 - area) * certain
    logit = math.log(area / (1 - area))
    half_width = _quantile(freedom) * math.sqrt(variance) / (area * (1 - area))
    return min(_sigmoid(logit - half_width), certain), max(_sigmoid(logit + half_width), 1 - certain)


def average_precision(labels: Labels, scores: Scores) -> float:
    """Mean precision over the recalls, in (0, 1], without interpolation; scikit-learn's definition."""
    from sklearn.metrics import average_precision_score

    _split(labels, scores)
    return float(average_precision_score(labels, scores))


def eer(labels: Labels, scores: Scores) -> float:
    """Equal error rate, in [0, 1]: where the ROC curve meets the line of as many misses as false alarms.

    Between two thresholds the curve is a straight line, as for a detector that tosses a coin between them, so constant
    scores give 0.5.
    """
    from sklearn.metrics import roc_curve

    _split(labels, scores)
    false_alarms, hits, _ = roc_curve(labels, scores)
    gap = (1 - hits) - false_alarms  # falls from 1 to -1
    after = int(np.argmax(gap <= 0))
    share = gap[after - 1] / (gap[after - 1] - gap[after])
    return float(false_alarms[after - 1] + share * (false_alarms[after] - false_alarms[after - 1]))


def caught_at(labels: Labels, scores: Scores, false_alarm_rate: float) -> float:
    """The largest share of fakes that a threshold catches at no more than this share of false alarms, in [0, 1]."""
    fakes, reals = _split(labels, scores)
    allowed = math.floor(false_alarm_rate * reals.size + 1e-9)  # 0.05 * 20 is 1, whatever the binary fractions say
    if allowed >= reals.size:
        return 1.0
    quiet = np.sort(reals)[::-1][allowed]  # the highest score that may not raise the alarm
    return float((fakes > quiet).mean())


def brier(labels: Labels, scores: Scores) -> float:
    """Mean squared distance of the scores, probabilities in [0, 1], from the truth; 0 is best, 0.25 a constant 0.5."""
    _split(labels, scores)
    return float(np.mean(np.square(scores - labels)))


def wilson(share: float, n: float, freedom: float = math.inf) -> Interval:
    """Wilson's interval of a proportion of `n` trials (J. Am. Stat. Assoc. 22 (1927), 209-212), in [0, 1].

    `freedom`: degrees of freedom of the variance, where it was estimated from few.
    """
    z = _quantile(freedom)
    z2 = z**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2)) / (1 + z2 / n)
    return 0.0 if share == 0 else centre - half, 1.0 if share == 1 else centre + half


def clustered_wilson(values: Scores, clusters: People) -> Interval:
    """Wilson's interval of the mean of `values`, each in [0, 1], that come in independent clusters, at least two.

    A mean is worth as many trials as give a proportion its variance; where the variance is 0, as many as clusters.
    """
    share, n = float(values.mean()), np.unique(clusters).size
    variance = variance_of_mean(values, clusters)
    size = n if variance == 0 else min(values.size, share * (1 - share) / variance)
    return wilson(share, size, n - 1)


def binomial_p_value(successes: int, n: int, probability: float) -> float:
    """Exact two-sided p-value: how likely is an outcome at most as probable as this one, if `probability` is the truth?

    On an exam with a fixed number of each kind, hit rates that differ between the kinds only make the number of right
    answers vary less (Hoeffding, Ann. Math. Stat. 27 (1956), 713-721), so the test errs on the careful side.
    """
    from scipy.stats import binomtest

    return float(binomtest(successes, n, probability).pvalue)


def _split(labels: Labels, scores: Scores) -> tuple[Scores, Scores]:
    """Scores of the fakes and of the reals."""
    if labels.ndim != 1 or labels.shape != scores.shape:
        raise ValueError(f"labels and scores must be [N] and [N], not {list(labels.shape)} and {list(scores.shape)}")
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite")
    fakes, reals = scores[labels == FAKE], scores[labels == REAL]
    if not fakes.size or not reals.size or fakes.size + reals.size != scores.size:
        raise ValueError("labels must be 0 (real) and 1 (fake), with at least one of each")
    return fakes, reals


def count_people(people: People | None, reals: int) -> int:
    """How many people are in an exam with so many real faces; as many as faces where nobody knows."""
    return reals if people is None else int(np.unique(people).size)


def is_one_each(people: People | None) -> bool:
    """Whether no person is known to have several faces in the exam."""
    return people is None or count_people(people, 0) == people.size


def variance_of_mean(values: Scores, clusters: People | None = None) -> float:
    """The variance of the mean of values that are independent, or come in independent clusters, at least two."""
    residuals = values - values.mean()
    if clusters is not None:
        _, place = np.unique(clusters, return_inverse=True)
        residuals = np.bincount(place, residuals)
    return float(residuals.size / (residuals.size - 1) * np.square(residuals).sum() / values.size**2)


def _area_variance(fakes: Scores, reals: Scores, people: People | None) -> tuple[float, float]:
    """The variance of the AUROC, by midranks (Sun and Xu, IEEE Signal Process. Lett. 21 (2014), 1389-1393).

    A placement is the share of the other kind that a score lies above, ties counted half. Then degrees of freedom.
    """
    from scipy.stats import rankdata

    ranks: npt.NDArray[np.float64] = rankdata(np.concatenate((fakes, reals)))
    fake_placements = (ranks[: fakes.size] - rankdata(fakes)) / reals.size
    real_placements = (ranks[fakes.size :] - rankdata(reals)) / fakes.size
    of_fakes, of_reals = variance_of_mean(fake_placements), variance_of_mean(real_placements, people)
    variance = of_fakes + of_reals
    if variance == 0 or people is None or is_one_each(people):
        return variance, math.inf
    persons = count_people(people, reals.size)
    return variance, variance**2 / (of_fakes**2 / (fakes.size - 1) + of_reals**2 / (persons - 1))


def _quantile(freedom: float) -> float:
    """What a normal variable, or Student's with so many degrees of freedom, exceeds on either side in 5 % of cases."""
    if math.isinf(freedom):
        return _Z
    from scipy.stats import t

    return float(t.isf(_MISS, freedom))


def _sigmoid(logit: float) -> float:
    """1 / (1 + exp(-logit)) without overflow."""
    return 0.5 * (1 + math.tanh(logit / 2))
