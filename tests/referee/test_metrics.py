from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import ndtri

from arena.referee import metrics

# Two reals and two fakes; one of the four pairs is in the wrong order.
LABELS = np.array([0, 0, 1, 1], np.int8)
SCORES = np.array([0.1, 0.4, 0.35, 0.8])


def exams(count=60):
    """Random papers with ties, any number of each kind, both orders of quality."""
    rng = np.random.default_rng(20)
    for _ in range(count):
        fakes, reals = rng.integers(2, 12, 2)
        labels = rng.permutation(np.repeat([1, 0], [fakes, reals])).astype(np.int8)
        yield labels, np.round(np.clip(rng.normal(0.5 + 0.2 * rng.normal() * labels, 0.3), 0, 1), 1)


def pair_matrix(labels, scores):
    """1 where the fake of the row beats the real of the column, 0.5 where they tie."""
    return np.array([[float(f > r) + 0.5 * (f == r) for r in scores[labels == 0]] for f in scores[labels == 1]])


def slow_variance(labels, scores):
    """DeLong's variance by its definition: sample variances of the row and the column means."""
    wins = pair_matrix(labels, scores)
    m, n = wins.shape
    rows = [sum(wins[i, j] for j in range(n)) / n for i in range(m)]
    columns = [sum(wins[i, j] for i in range(m)) / m for j in range(n)]
    spread = [sum((x - sum(part) / len(part)) ** 2 for x in part) / (len(part) - 1) for part in (rows, columns)]
    return spread[0] / m + spread[1] / n


def slow_eer(labels, scores):
    """Walk along the ROC curve from (0, 0) and bisect the stretch that crosses the line misses = false alarms."""
    fakes, reals = scores[labels == 1], scores[labels == 0]
    corners = [(np.mean(reals >= t), np.mean(fakes >= t)) for t in [np.inf, *sorted(set(scores), reverse=True)]]
    for (x0, y0), (x1, y1) in pairwise(corners):
        if x1 + y1 >= 1:
            low, high = 0.0, 1.0
            for _ in range(60):
                middle = (low + high) / 2
                short = (x0 + middle * (x1 - x0)) + (y0 + middle * (y1 - y0)) < 1
                low, high = (middle, high) if short else (low, middle)
            return x0 + low * (x1 - x0)
    raise AssertionError("a ROC curve ends in (1, 1)")


def test_hand_computed_paper():
    assert metrics.auroc(LABELS, SCORES) == 0.75
    assert metrics.average_precision(LABELS, SCORES) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert metrics.eer(LABELS, SCORES) == 0.5
    assert metrics.brier(LABELS, SCORES) == pytest.approx((0.01 + 0.16 + 0.4225 + 0.04) / 4)


def test_hand_computed_interval():
    # Placements: fakes 0.5 and 1, reals 1 and 0.5; variance 0.125 / 2 + 0.125 / 2.
    half_width = 1.959964 * math.sqrt(0.125) / (0.75 * 0.25)
    expected = [1 / (1 + math.exp(-(math.log(3) + sign * half_width))) for sign in (-1, 1)]
    assert metrics.auroc_interval(LABELS, SCORES) == pytest.approx(expected, rel=1e-6)


def test_ties_count_half():
    assert metrics.auroc(LABELS, np.array([0.5, 0.2, 0.5, 0.9])) == 3.5 / 4
    assert metrics.auroc(LABELS, np.full(4, 0.3)) == 0.5
    assert metrics.eer(LABELS, np.full(4, 0.3)) == 0.5


@pytest.mark.parametrize(("labels", "scores"), list(exams()))
def test_against_slow_definitions(labels, scores):
    wins = pair_matrix(labels, scores)
    assert metrics.auroc(labels, scores) == pytest.approx(wins.mean(), abs=1e-12)
    variance, _ = metrics._area_variance(scores[labels == 1], scores[labels == 0], None)
    assert variance == pytest.approx(slow_variance(labels, scores), abs=1e-12)
    assert metrics.eer(labels, scores) == pytest.approx(slow_eer(labels, scores), abs=1e-9)
    low, high = metrics.auroc_interval(labels, scores)
    assert 0 <= low <= wins.mean() <= high <= 1
    assert high - low > 0.05  # a dozen images prove little


@pytest.mark.parametrize(("labels", "scores"), list(exams(20)))
def test_swapping_the_kinds_mirrors_the_interval(labels, scores):
    low, high = metrics.auroc_interval(labels, scores)
    assert metrics.auroc_interval(1 - labels, scores) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize("k", [2, 10, 250])
def test_interval_without_variance_is_the_exact_binomial_bound(k):
    labels = np.repeat([0, 1], [k + 3, k]).astype(np.int8)
    bound = 0.025 ** (1 / k)  # k of k independent pairs alike
    truth = labels.astype(float)
    assert metrics.auroc_interval(labels, truth) == pytest.approx((bound, 1))
    assert metrics.auroc_interval(labels, 1 - truth) == pytest.approx((0, 1 - bound))
    assert metrics.auroc_interval(labels, np.full(labels.size, 0.7)) == pytest.approx((bound / 2, 1 - bound / 2))


def test_one_slip_proves_no_more_than_a_perfect_paper():
    labels = np.repeat([0, 1], 250).astype(np.int8)
    scores = np.concatenate((np.linspace(0, 0.5, 250), np.linspace(0.6, 1, 250)))
    perfect, _ = metrics.auroc_interval(labels, scores)
    scores[[249, 250]] = scores[[250, 249]]
    low, high = metrics.auroc_interval(labels, scores)
    assert low <= perfect < metrics.auroc(labels, scores) < high


@pytest.mark.parametrize(
    ("area", "spread", "each"), [(0.5, 1, 30), (0.8, 1, 30), (0.8, 3, 250), (0.99, 3, 50), (0.999, 3, 250)]
)
def test_interval_covers_the_truth_in_95_of_100_papers(area, spread, each):
    """Normal scores, the fakes' spread `spread` times the reals'; 500 papers, so 92.5 % is 2.5 deviations off."""
    rng = np.random.default_rng(7)
    shift = ndtri(area) * math.sqrt(1 + spread**2)
    labels = np.repeat([0, 1], each).astype(np.int8)
    covered = 0
    for _ in range(500):
        scores = np.concatenate((rng.normal(0, 1, each), rng.normal(shift, spread, each)))
        low, high = metrics.auroc_interval(labels, scores)
        covered += low <= area <= high
    assert covered >= 0.925 * 500


def test_wilson_by_hand():
    z2 = 1.959964**2
    half = math.sqrt(z2) * math.sqrt(0.25 / 20 + z2 / 1600) / (1 + z2 / 20)
    assert metrics.wilson(0.5, 20) == pytest.approx((0.5 - half, 0.5 + half), rel=1e-6)
    assert metrics.wilson(0, 10) == pytest.approx((0, z2 / (10 + z2)), rel=1e-6)
    assert metrics.wilson(1, 10) == pytest.approx((10 / (10 + z2), 1), rel=1e-6)


def test_binomial_p_value_by_hand():
    assert metrics.binomial_p_value(5, 10, 0.5) == 1
    assert metrics.binomial_p_value(10, 10, 0.5) == pytest.approx(2 / 1024)
    assert metrics.binomial_p_value(8, 10, 0.5) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert metrics.binomial_p_value(2, 10, 0.5) == metrics.binomial_p_value(8, 10, 0.5)


@pytest.mark.parametrize("probability", [0.3, 0.5, 0.9])
def test_binomial_p_value_sums_what_is_at_most_as_probable(probability):
    n = 12
    mass = [math.comb(n, k) * probability**k * (1 - probability) ** (n - k) for k in range(n + 1)]
    for k in range(n + 1):
        expected = sum(m for m in mass if m <= mass[k] * (1 + 1e-7))
        assert metrics.binomial_p_value(k, n, probability) == pytest.approx(expected)


@pytest.mark.parametrize("metric", [metrics.auroc, metrics.auroc_interval, metrics.average_precision, metrics.eer])
@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([1, 1, 1], [0.1, 0.2, 0.3], "at least one of each"),
        ([0, 0, 0], [0.1, 0.2, 0.3], "at least one of each"),
        ([0, 1, 2], [0.1, 0.2, 0.3], "labels must be 0"),
        ([0, 1, 1], [0.1, float("nan"), 0.3], "finite"),
        ([0, 1], [0.1, 0.2, 0.3], r"\[2\] and \[3\]"),
    ],
)
def test_nonsense_is_refused(metric, labels, scores, message):
    with pytest.raises(ValueError, match=message):
        metric(np.array(labels, np.int8), np.array(scores))


def test_interval_needs_two_of_each():
    with pytest.raises(ValueError, match="at least two"):
        metrics.auroc_interval(np.array([0, 1, 1], np.int8), np.array([0.1, 0.2, 0.3]))
