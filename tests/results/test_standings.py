from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from arena.referee.metrics import wilson
from arena.referee.verdict import verdict
from arena.results.standings import standings
from arena.store.home import MatchRow
from arena.store.record import RoundRecord
from arena.types import Answer, Training

CONFIG = {
    "faces": "/somewhere/photos.zip",
    "image_size": 64,
    "knowledge": "whitebox",
    "exam": {"size": 1000, "marking": "half", "win_accuracy": 0.5, "significance": 0.05},
}
FACTS = {"faces": {"digest": "abcdef0123456789"}}
IDLE = Training(0, 0, 0.0, {})
JUDGED = verdict(np.array([0, 0, 1, 1], np.int8), Answer(np.array([0.1, 0.2, 0.8, 0.9]), 0.5))


def record(round, how="B", match="m", detector="cnn", **more):
    winner = more.pop("winner", "A" if how == "A" else "B")
    judged = (
        replace(JUDGED, winner=winner, too_close=how == "too close", **{"accuracy": 0.5, "auroc": 0.6} | more)
        if round
        else None
    )
    return RoundRecord(match, round, "dcgan", detector, judged, {"generator": IDLE, "detector": IDLE})


def table(*records, config=None, **configs):
    """The standings of matches that were played as `config` says, or as one says that is named like the match."""
    names = dict.fromkeys(record.match for record in records)
    matches = [MatchRow(name, 0.0, {**CONFIG, **(configs.get(name) or config or {})}, FACTS) for name in names]
    return standings((match, [record for record in records if record.match == match.name]) for match in matches)


def test_counts_clear_wins_and_losses_from_both_sides():
    b, a = table(record(0), record(1, accuracy=0.9, auroc=1.0), record(2, "A"), record(3, "too close"), record(4))
    assert (b.team, b.role, b.contender, b.matches, b.rounds) == ("B", "detector", "cnn", 1, 4)
    assert (b.won, b.lost, b.close, b.share) == (2, 1, 1, 0.5)
    assert (a.team, a.won, a.lost, a.close, a.share) == ("A", 1, 2, 1, 0.25)
    assert a.accuracy == b.accuracy == pytest.approx((0.9 + 3 * 0.5) / 4)
    assert a.auroc == pytest.approx((1.0 + 3 * 0.6) / 4)


def test_degenerate_and_forfeited_rounds_are_no_merit():
    rounds = [
        record(1, "too close", degenerate=True, accuracy=0.5),
        record(2, "A", forfeit="detector", accuracy=0.1),
        record(3, "B", forfeit="generator", accuracy=0.1),
        record(4, "B", degenerate=True, winner="B"),  # a threshold that everything reaches, by an old rule
        record(5, "A", accuracy=0.3),
    ]
    a, b = table(*rounds)
    assert (a.team, a.won, a.lost, a.close, a.share, a.rounds) == ("A", 1, 0, 0, 1.0, 5)
    assert (b.won, b.lost, b.close, b.share) == (0, 1, 0, 0.0)
    assert (a.degenerate, a.forfeits, a.walkovers) == (b.degenerate, b.forfeits, b.walkovers) == (2, 1, 1)
    assert (a.accuracy, b.accuracy) == (0.3, 0.3)


def test_where_nothing_counts_there_are_no_shares():
    a, b = table(record(1, "B", forfeit="generator"))
    assert (a.share, a.accuracy, b.share, b.share_low, b.won) == (None, None, None, None, 0)


def test_contenders_are_ranked_by_the_share_of_clear_wins():
    records = [record(1, "A"), record(2), record(1, match="n", detector="better")]
    assert [(s.team, s.contender, s.share) for s in table(*records)] == [
        ("B", "better", 1.0),
        ("B", "cnn", 0.5),
        ("A", "dcgan", pytest.approx(1 / 3)),
    ]


def test_one_match_has_no_interval_and_rounds_of_one_match_count_as_one():
    alone, _ = table(*(record(i) for i in range(1, 11)))
    assert (alone.share, alone.share_low, alone.share_high) == (1.0, None, None)
    # Three matches that each went to one side: as good as three rounds, whatever the number of rounds.
    swept = [
        record(i, winner, match=name) for name, winner in (("m", "A"), ("n", "A"), ("o", "B")) for i in range(1, 11)
    ]
    (a,) = (line for line in table(*swept) if line.team == "A")
    assert a.share == pytest.approx(2 / 3)
    assert a.share_low < 0.05
    assert a.share_high > 0.95
    # Matches that each went either way tell more.
    mixed = [record(i, "A" if i % 3 else "B", match=f"m{k}") for k in range(8) for i in range(1, 10)]
    (a,) = (line for line in table(*mixed) if line.team == "A")
    assert (a.share_low, a.share_high) == pytest.approx(wilson(2 / 3, 72, 7))


@pytest.mark.parametrize(
    "other",
    [
        {"faces": "other.zip"},
        {"image_size": 32},
        {"knowledge": "none"},
        {"exam": CONFIG["exam"] | {"marking": "threshold"}},
        {"exam": CONFIG["exam"] | {"size": 500}},
        {"exam": {"size": 1000, "win_accuracy": 0.5, "significance": 0.05}},  # from before there was a marking
    ],
)
def test_matches_with_other_faces_or_rules_are_not_thrown_together(other):
    lines = table(record(1), record(1, match="n"), record(2, match="n"), n=other)
    assert [(line.team, line.rounds) for line in lines] == [("B", 2), ("A", 2), ("B", 1), ("A", 1)]
    assert len({(line.faces, line.rule) for line in lines}) == 2
    assert lines[0].faces == other.get("faces", "photos.zip")


def test_faces_of_one_name_are_told_apart_by_what_they_hold():
    one, two = (MatchRow(name, 0.0, CONFIG, {"faces": {"digest": name * 8}}) for name in "mn")
    lines = standings([(one, [record(1)]), (two, [record(1, match="n")])])
    assert [line.digest for line in lines] == ["mmmmmmmm"] * 2 + ["nnnnnnnn"] * 2


def test_nothing_played_is_no_standing():
    assert standings([]) == table(record(0)) == []
