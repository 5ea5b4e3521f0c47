from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest

from arena.referee import metrics
from arena.referee.verdict import ORIGINAL_RULE, Rule, Verdict, check_answer, check_fakes, verdict
from arena.types import Answer, InvalidAnswer

# 10 reals, then 10 fakes.
LABELS = np.repeat([0, 1], 10).astype(np.int8)


def called(real_alarms: int, fake_alarms: int, threshold: float = 0.5) -> Answer:
    """An answer that calls so many of the 10 reals and of the 10 fakes fake."""
    alarm = np.array([i < real_alarms for i in range(10)] + [i < fake_alarms for i in range(10)])
    return Answer(np.where(alarm, threshold, 0.0), threshold)


def by_threshold(answer: Answer, rule: Rule = ORIGINAL_RULE, **more) -> Verdict:
    """The verdict under the rule in which the detector's threshold decides."""
    return verdict(LABELS, answer, replace(rule, marking="threshold"), **more)


def test_counts_rates_and_intervals():
    result = by_threshold(called(2, 9))
    assert (result.n, result.threshold) == (20, 0.5)
    assert (result.tnr, result.tpr, result.accuracy) == (0.8, 0.9, 0.85)
    assert (result.accuracy_low, result.accuracy_high) == metrics.wilson(0.85, 20)
    assert result.p_value == pytest.approx(2 * (1 + 20 + 190 + 1140) / 2**20)  # 17 or more, 3 or fewer right
    # The pairs of 9 alarmed fakes and 8 calm reals are won; pairs called alike tie.
    assert result.auroc == pytest.approx((9 * 8 + 0.5 * (9 * 2 + 1 * 8)) / 100)
    assert result.auroc_low < result.auroc < result.auroc_high
    assert result.brier == pytest.approx((2 * 0.25 + 9 * 0.25 + 1) / 20)
    assert result.eer == metrics.eer(LABELS, called(2, 9).scores)
    assert result.average_precision == metrics.average_precision(LABELS, called(2, 9).scores)
    assert (result.winner, result.too_close, result.degenerate, result.forfeit) == ("B", False, False, None)


def test_always_fake_scores_exactly_one_half_and_is_degenerate():
    result = by_threshold(called(10, 10))
    assert (result.accuracy, result.tpr, result.tnr, result.auroc, result.p_value) == (0.5, 1, 0, 0.5, 1)
    assert (result.winner, result.too_close, result.degenerate) == ("B", True, True)


def test_never_an_alarm_is_degenerate_even_with_perfect_scores():
    result = by_threshold(Answer(LABELS.astype(float), 1.0001))
    assert (result.accuracy, result.tpr, result.tnr, result.auroc) == (0.5, 0, 1, 1)
    assert result.degenerate
    assert 0.5 < result.auroc_low < 1 == result.auroc_high


def test_a_score_at_the_threshold_is_an_alarm():
    scores = np.where(LABELS == 1, 0.25, np.nextafter(0.25, 0))
    assert by_threshold(Answer(scores, 0.25)).accuracy == 1


def test_a_wins_below_the_line_and_b_on_it():
    assert by_threshold(called(5, 5)).winner == "B"
    assert by_threshold(called(5, 4)).winner == "A"
    assert by_threshold(called(2, 7), Rule(win_accuracy=0.75)).winner == "B"
    assert by_threshold(called(2, 6), Rule(win_accuracy=0.75)).winner == "A"


def test_what_is_too_close_follows_the_p_value():
    clear, close = called(8, 2), called(6, 4)  # 4 right: p = 0.012; 8 right: p = 0.503
    assert (by_threshold(clear).winner, by_threshold(clear).too_close) == ("A", False)
    assert (by_threshold(close).winner, by_threshold(close).too_close) == ("A", True)
    assert by_threshold(clear, Rule(significance=0.01)).too_close
    # 16 of 20 is far above one half, but not above 0.75.
    assert by_threshold(called(2, 8), Rule(win_accuracy=0.75)).too_close


def test_a_p_value_at_the_level_is_too_close():
    result = by_threshold(called(8, 2))
    assert by_threshold(called(8, 2), Rule(significance=result.p_value)).too_close


@pytest.mark.parametrize(("forfeit", "winner"), [("generator", "B"), ("detector", "A")])
@pytest.mark.parametrize("answer", [called(0, 10), called(10, 0), called(5, 5)])
def test_who_forfeits_loses_whatever_the_numbers(forfeit, winner, answer):
    result = by_threshold(answer, forfeit=forfeit)
    assert (result.winner, result.too_close, result.forfeit) == (winner, False, forfeit)
    played = by_threshold(answer)
    assert (result.accuracy, result.auroc, result.p_value) == (played.accuracy, played.auroc, played.p_value)


@pytest.mark.parametrize("threshold", [0.5, np.float64(0.1), np.float32(0.3), 1, 1.0 + 2**-30])
def test_json_round_trip_is_exact(threshold):
    scores = np.random.default_rng(3).random(20)
    result = by_threshold(Answer(scores, threshold), forfeit="detector")
    fields = json.loads(json.dumps(asdict(result), allow_nan=False))
    assert Verdict(**fields) == result
    assert fields.pop("people") is None
    assert {type(value) for value in fields.values()} == {int, float, str, bool}
    assert all(math.isfinite(value) for value in fields.values() if isinstance(value, float))


def halves(hits: int, n: int = 1000) -> Verdict:
    """The verdict on an exam in whose upper half there are so many fakes; nothing reaches the alarm threshold."""
    labels = np.repeat([0, 1], n // 2).astype(np.int8)
    scores = np.concatenate((np.arange(n // 2) >= hits, np.arange(n // 2) < hits)) / 2 + np.linspace(0, 0.1, n)
    return verdict(labels, Answer(scores, 1.1), people=np.arange(n // 2))


@pytest.mark.parametrize(
    ("hits", "accuracy", "winner", "too_close"),
    [
        (489, 0.978, "B", False),
        (266, 0.532, "B", False),
        (265, 0.530, "B", True),
        (250, 0.5, "B", True),
        (249, 0.498, "A", True),
        (234, 0.468, "A", False),
        (180, 0.36, "A", False),
    ],
)
def test_by_halves_either_team_can_win_clearly(hits, accuracy, winner, too_close):
    result = halves(hits)
    assert (result.accuracy, result.winner, result.too_close, result.clear_winner) == (
        accuracy,
        winner,
        too_close,
        None if too_close else winner,
    )
    assert (result.tpr, result.tnr, result.false_alarm_rate) == (0, 1, 0)  # what it is worth in use
    assert (result.marking, result.people, result.degenerate) == ("half", 500, False)
    assert result.resolution == pytest.approx(0.032)
    assert result.accuracy_low < accuracy < result.accuracy_high


def test_who_says_real_to_everything_has_no_merit_by_halves():
    result = verdict(LABELS, Answer(np.zeros(20), 0.5), people=np.arange(10))
    assert (result.accuracy, result.p_value, result.winner, result.too_close) == (0.5, 1, "B", True)
    assert (result.degenerate, result.clear_winner) == (True, None)
    # Also where the rule asks for more than one half, so that A has won.
    strict = verdict(LABELS, Answer(np.zeros(20), 0.5), Rule(win_accuracy=0.9))
    assert (strict.winner, strict.too_close, strict.clear_winner) == ("A", True, None)


def test_a_forfeit_is_won_but_no_merit():
    result = verdict(LABELS, called(0, 10), forfeit="generator")
    assert (result.winner, result.too_close, result.clear_winner) == ("B", False, None)


def test_the_rule_of_a_match_without_a_marking_is_the_threshold():
    assert Rule.of({"size": 40, "win_accuracy": 0.6, "significance": 0.01}) == Rule(0.6, 0.01, "threshold")
    assert Rule.of({"marking": "half"}) == Rule()


def test_what_an_exam_can_resolve():
    assert Rule().resolution(1000) == pytest.approx(0.032)
    assert Rule(significance=0.001).resolution(1000) > 0.05
    assert Rule().resolution(4) is None
    assert Rule(marking="threshold").resolution(20) == pytest.approx(0.25)  # 15 of 20 right: p = 0.041


@pytest.mark.parametrize(
    "values",
    [
        {"marking": "thirds"},
        {"win_accuracy": 0.0},
        {"win_accuracy": 1.0},
        {"significance": -0.1},
        {"significance": float("nan")},
    ],
)
def test_rule_refuses_what_decides_nothing(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        Rule(**values)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"scores": 1}, "a dict instead of an Answer"),
        (Answer([0.5] * 20, 0.5), "scores as a list"),
        (Answer(np.full(19, 0.5), 0.5), r"float64 \[19\] instead of float64 \[20\]"),
        (Answer(np.full((20, 1), 0.5), 0.5), r"float64 \[20, 1\]"),
        (Answer(np.full(20, 0.5, np.float32), 0.5), "float32"),
        (Answer(np.where(LABELS == 1, np.nan, 0.5), 0.5), "10 of 20 scores that are not a number"),
        (Answer(np.where(LABELS == 1, np.inf, 0.5), 0.5), "from 0.5 to inf"),
        (Answer(LABELS - 0.5, 0.5), r"from -0.5 to 0.5, outside \[0, 1\]"),
        (Answer(LABELS + 0.5, 0.5), r"from 0.5 to 1.5, outside \[0, 1\]"),
        (Answer(np.full(20, 0.5), float("nan")), "threshold of nan"),
        (Answer(np.full(20, 0.5), float("inf")), "threshold of inf"),
        (Answer(np.full(20, 0.5), 10**400), "threshold of 1000"),
        (Answer(np.full(20, 0.5), True), "threshold of True"),
        (Answer(np.full(20, 0.5), None), "threshold of None"),
    ],
)
def test_unusable_answers_are_named(answer, message):
    with pytest.raises(InvalidAnswer, match=f"^the detector handed in .*{message}") as caught:
        by_threshold(answer)
    assert caught.value.role == "detector"


def test_a_usable_answer_passes():
    check_answer(Answer(np.array([0.0, 1.0]), 1.01), 2)


@pytest.mark.parametrize(
    ("fakes", "message"),
    [
        (None, "NoneType"),
        (np.zeros((3, 8, 8, 3), np.float32), "float32"),
        (np.zeros((3, 8, 8), np.uint8), r"\[3, 8, 8\]"),
        (np.zeros((2, 8, 8, 3), np.uint8), r"\[2, 8, 8, 3\] instead of \[3, 8, 8, 3\]"),
        (np.zeros((3, 8, 9, 3), np.uint8), r"\[3, 8, 9, 3\]"),
    ],
)
def test_unusable_fakes_are_named(fakes, message):
    with pytest.raises(InvalidAnswer, match=f"^the generator handed in .*{message}") as caught:
        check_fakes(fakes, 3, 8)
    assert caught.value.role == "generator"


def test_usable_fakes_pass():
    check_fakes(np.zeros((3, 8, 8, 3), np.uint8), 3, 8)
