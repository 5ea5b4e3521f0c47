"""How long a match will still take, on a clock that the test turns."""

from __future__ import annotations

import pytest

from arena.play.forecast import Forecast
from arena.play.pace import Pace, about, left_in_words
from arena.store.record import RoundRecord
from arena.types import Progress


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def record(round, seconds):
    return RoundRecord("m", round, "dcgan", "cnn", None, {}, seconds=seconds)


def test_nothing_is_known_before_a_round_begins(clock):
    pace = Pace(4, clock)
    assert (pace.now(), pace.rest()) == (None, None)


def test_a_round_takes_as_long_as_those_before(clock):
    pace = Pace(8, clock)
    pace.played([record(0, 500.0), *(record(i, seconds) for i, seconds in enumerate((20, 20, 200, 20, 22), 1))])
    pace.begin(6)
    clock.now += 5
    assert (pace.now().round_left, pace.now().match_left) == (15, 15 + 2 * 20)
    assert left_in_words(pace.now()) == "about 60 s left, this round about 20 s"
    pace.begin(8)
    assert left_in_words(pace.now()) == "about 20 s left"
    pace.played([record(7, 26)])
    assert pace.rest() == 0


def test_a_round_that_takes_longer_is_believed(clock):
    pace = Pace(2, clock)
    pace.played([record(1, 20)])
    pace.begin(2)
    for step in (10, 20):
        pace.step(Progress("generator", 2, step, 40))
        pace.step(Progress("detector", 2, 2 * step, 40))
        clock.now += 30
    clock.now -= 30  # 10 of Team A's steps took 30 seconds and 20 are left
    assert pace.now().round_left == pace.now().match_left == 60


def test_the_first_round_is_known_by_its_steps(clock):
    pace = Pace(3, clock)
    pace.begin(1)
    clock.now += 7
    pace.step(Progress("generator", 1, 10, 40))
    assert pace.now().round_left is None
    clock.now += 5
    pace.step(Progress("generator", 1, 20, 40))
    assert pace.now().round_left is None  # nobody knows how fast Team B is
    pace.step(Progress("detector", 1, 10, 100))
    clock.now += 4
    pace.step(Progress("detector", 1, 20, 100))
    assert pace.now().round_left == 4 * 8
    assert pace.now().match_left == 32 + 2 * (16 + 32)


def test_a_forecast_is_all_there_is_before_the_first_steps(clock):
    pace = Pace(3, clock)
    pace.forecast = Forecast(30, 60, 3)
    pace.begin(0)
    clock.now += 10
    assert (pace.now().round_left, pace.now().match_left) == (20, 20 + 3 * 60)
    assert left_in_words(pace.now()) == "about 3 min left, the warm-up about 20 s"
    pace.begin(1)
    assert (pace.now().round_left, pace.now().match_left) == (60, 180)
    pace.played([record(1, 40)])
    pace.begin(2)
    assert pace.now().match_left == 80


def test_team_a_warms_up_alone(clock):
    pace = Pace(3, clock)
    pace.begin(0)
    assert (pace.now().done, left_in_words(pace.now())) == (0, "")
    for step in (10, 20):
        clock.now += 10
        pace.step(Progress("generator", 0, step, 40))
    assert pace.now().done == 0.5 / 4
    assert left_in_words(pace.now()) == "about 20 s left of it"


def test_a_word_on_another_round_is_passed_over(clock):
    pace = Pace(3, clock)
    pace.begin(1)
    pace.step(Progress("generator", 1, 100, 100))
    pace.begin(2)
    pace.step(Progress("generator", 1, 100, 100))  # a worker that has not begun says what it said last
    assert (pace.now().teams, pace.now().done) == ({}, 2 / 4)
    pace.step(Progress("generator", 2, 50, 100))
    assert pace.now().done == 2.25 / 4


def test_the_same_word_twice_is_no_news(clock):
    pace = Pace(1, clock)
    pace.begin(0)
    for step in (10, 20, 20, 20):
        pace.step(Progress("generator", 0, step, 40))
        clock.now += 10
    assert pace.now().round_left == 20


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a few seconds"),
        (4.9, "a few seconds"),
        (5, "about 10 s"),
        (11, "about 20 s"),
        (58, "about 1 min"),
        (119, "about 2 min"),
        (7200, "about 2 h"),
        (300_000, "about 3 days"),
    ],
)
def test_lengths_of_time_do_not_flicker(seconds, words):
    assert about(seconds) == words
