from __future__ import annotations

import numpy as np
import pytest

from arena.detector.threshold import alarm_threshold

TENTHS = np.arange(1, 11) / 10  # 0.1, 0.2 ... 1.0


def alarms(scores, threshold):
    return int(np.sum(scores >= threshold))


def just_above(value):
    # The number after 0 is a denormal, which a worker's arithmetic takes for 0.
    return np.nextafter(max(value, np.finfo(float).tiny), np.inf)


@pytest.mark.parametrize(
    ("rate", "highest_quiet"),
    [(0.05, 1.0), (0.1, 0.9), (0.19, 0.9), (0.2, 0.8), (0.5, 0.5), (0.99, 0.1)],
)
def test_by_hand(rate, highest_quiet):
    assert alarm_threshold(TENTHS, rate) == just_above(highest_quiet)


def test_the_order_does_not_matter():
    shuffled = np.random.default_rng(0).permutation(TENTHS)
    assert alarm_threshold(shuffled, 0.3) == alarm_threshold(TENTHS, 0.3)


def test_ties_stay_together_on_the_quiet_side():
    scores = np.array([0.1, 0.7, 0.7, 0.7, 0.9])
    assert alarm_threshold(scores, 0.4) == just_above(0.7)
    assert alarms(scores, alarm_threshold(scores, 0.4)) == 1


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_detector_that_always_answers_the_same_raises_no_alarm(value):
    scores = np.full(50, value)
    assert alarms(scores, alarm_threshold(scores, 0.05)) == 0


def test_few_images_allow_no_alarm():
    assert alarm_threshold(TENTHS, 0.05) > 1
    assert alarm_threshold(np.array([0.3]), 0.9) == just_above(0.3)


@pytest.mark.parametrize(("n", "rate", "allowed"), [(20, 0.05, 1), (100, 0.29, 29), (1000, 0.001, 1), (30, 0.1, 3)])
def test_a_share_that_is_a_whole_number_is_used_up(n, rate, allowed):
    # 0.29 * 100 is 28.999999999999996 in floating point.
    scores = np.arange(n) / n
    assert alarms(scores, alarm_threshold(scores, rate)) == allowed


def test_is_the_lowest_that_keeps_the_rate():
    rng = np.random.default_rng(1)
    for _ in range(200):
        scores = np.round(rng.random(rng.integers(1, 40)), 1)
        rate = rng.uniform(0.01, 0.9)
        threshold = alarm_threshold(scores, rate)
        candidates = [just_above(s) for s in scores if alarms(scores, just_above(s)) <= rate * len(scores)]
        assert threshold == min(candidates)
