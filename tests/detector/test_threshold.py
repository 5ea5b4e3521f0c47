from __future__ import annotations

import numpy as np
import pytest

from arena.detector.threshold import alarm_threshold, fewest_held_out

TENTHS = np.arange(1, 11) / 10  # 0.1, 0.2 ... 1.0


def alarms(scores, threshold):
    return int(np.sum(scores >= threshold))


def just_above(value):
    # The number after 0 is a denormal, which a worker's arithmetic takes for 0.
    return np.nextafter(max(value, np.finfo(float).tiny), np.inf)


@pytest.mark.parametrize(
    ("rate", "highest_quiet"),
    [(0.1, 1.0), (0.19, 0.9), (0.2, 0.9), (0.28, 0.8), (0.5, 0.6), (0.99, 0.1)],
)
def test_by_hand(rate, highest_quiet):
    assert alarm_threshold(TENTHS, rate) == just_above(highest_quiet)


def test_the_order_does_not_matter():
    shuffled = np.random.default_rng(0).permutation(TENTHS)
    assert alarm_threshold(shuffled, 0.3) == alarm_threshold(TENTHS, 0.3)


def test_ties_stay_together_on_the_quiet_side():
    scores = np.array([0.1, 0.7, 0.7, 0.7, 0.9])
    assert alarm_threshold(scores, 0.5) == just_above(0.7)
    assert alarms(scores, alarm_threshold(scores, 0.5)) == 1


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_detector_that_always_answers_the_same_raises_no_alarm(value):
    scores = np.full(50, value)
    assert alarms(scores, alarm_threshold(scores, 0.05)) == 0


@pytest.mark.parametrize(("rate", "fewest"), [(0.05, 19), (0.1, 9), (0.2, 4), (0.5, 1), (0.01, 99), (0.3, 3), (0.9, 1)])
def test_fewer_images_than_a_rate_needs_are_an_error(rate, fewest):
    assert fewest_held_out(rate) == fewest
    assert alarm_threshold(np.arange(fewest) / 100, rate) == just_above((fewest - 1) / 100)
    with pytest.raises(ValueError, match=f"cannot be held with {fewest - 1} scores"):
        alarm_threshold(np.arange(fewest - 1) / 100, rate)


@pytest.mark.parametrize(("n", "rate", "allowed"), [(19, 0.05, 0), (39, 0.05, 1), (99, 0.29, 28), (999, 0.001, 0)])
def test_a_share_that_is_a_whole_number_is_used_up(n, rate, allowed):
    # 0.29 * 100 is 28.999999999999996 in floating point.
    scores = np.arange(n) / n
    assert alarms(scores, alarm_threshold(scores, rate)) == allowed


@pytest.mark.parametrize(("n", "rate"), [(19, 0.05), (30, 0.1), (200, 0.05)])
def test_a_stranger_raises_the_alarm_at_the_rate_at_most(n, rate):
    rng = np.random.default_rng(2)
    scores = rng.standard_normal((4000, n + 1))
    rates = [stranger >= alarm_threshold(held_out, rate) for *held_out, stranger in scores]
    expected = np.floor(rate * (n + 1)) / (n + 1)
    assert abs(np.mean(rates) - expected) < 3.3 * np.sqrt(rate / 4000)


def test_is_the_lowest_that_keeps_the_rate():
    rng = np.random.default_rng(1)
    for _ in range(200):
        scores = np.round(rng.random(rng.integers(1, 40)), 1)
        rate = rng.uniform(1 / (len(scores) + 1), 0.9)
        threshold = alarm_threshold(scores, rate)
        candidates = [just_above(s) for s in scores if alarms(scores, just_above(s)) <= rate * (len(scores) + 1) - 1]
        assert threshold == min(candidates)
