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


def auroc_interval(labels: Labels, scores: Scores) -> Interval:
    """The interval of the AUROC: DeLong's variance on the logit scale, never surer than a perfect paper allows.

    Variance: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988), 837-845. Logit scale: Pepe, The Statistical
    Evaluation of Medical Tests (2003), section 5.2.

    DeLong's variance is 0 when the scores separate perfectly (or are all equal), and too small just before: with 250 +
    250 images, a true AUROC of 0.999 and normal scores that spread three times as wide for fakes, 27 of 100 intervals
    miss. The remedy is exact. Match each of the k images of the rarer kind with another one of the other kind, before
    looking at the scores: that gives k independent trials with the AUROC as probability of success. If all trials end
    alike, as they must when the variance is 0, the probability of that outcome is at least p = 0.025 ** (1/k) (Clopper
    and Pearson, Biometrika 26 (1934), 404-413). So p bounds the interval where the variance is 0, and elsewhere no
    lower end may exceed p, no upper end fall below 1 - p: an imperfect paper proves no more than a perfect one.

    Needs at least two images of each kind.
    """
    fakes, reals = _split(labels, scores)
    if min(fakes.size, reals.size) < 2:
        raise ValueError("the interval of an AUROC needs at least two fake and two real images")
    area = auroc(labels, scores)
    certain = float(_MISS ** (1 / min(fakes.size, reals.size)))
    variance = _delong_variance(fakes, reals)
    if variance == 0:
        return area * certain, 1 - (1 - area) * certain
    logit = math.log(area / (1 - area))
    half_width = _Z * math.sqrt(variance) / (area * (1 - area))
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


def brier(labels: Labels, scores: Scores) -> float:
    """Mean squared distance of the scores, probabilities in [0, 1], from the truth; 0 is best, 0.25 a constant 0.5."""
    _split(labels, scores)
    return float(np.mean(np.square(scores - labels)))


def wilson(successes: int, n: int) -> Interval:
    """Wilson's interval of a proportion (J. Am. Stat. Assoc. 22 (1927), 209-212), in [0, 1]."""
    share, z2 = successes / n, _Z**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2)) / (1 + z2 / n)
    return 0.0 if successes == 0 else centre - half, 1.0 if successes == n else centre + half


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


def _delong_variance(fakes: Scores, reals: Scores) -> float:
    """DeLong's variance of the AUROC, by midranks (Sun and Xu, IEEE Signal Process. Lett. 21 (2014), 1389-1393).

    A placement is the share of the other kind that a score lies above, ties counted half.
    """
    from scipy.stats import rankdata

    ranks: npt.NDArray[np.float64] = rankdata(np.concatenate((fakes, reals)))
    fake_placements = (ranks[: fakes.size] - rankdata(fakes)) / reals.size
    real_placements = (ranks[fakes.size :] - rankdata(reals)) / fakes.size
    return float(fake_placements.var(ddof=1) / fakes.size + real_placements.var(ddof=1) / reals.size)


def _sigmoid(logit: float) -> float:
    """1 / (1 + exp(-logit)) without overflow."""
    return 0.5 * (1 + math.tanh(logit / 2))
