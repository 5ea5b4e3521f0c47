from __future__ import annotations

import pytest

from arena.results.standings import standings


def record(round, winner, call=None, match="m", detector="cnn", **more):
    values = {"match": match, "round": round, "generator": "dcgan", "detector": detector, "winner": winner}
    return values | {"call": call or winner, "forfeit": None, "accuracy": 0.5, "auroc": 0.6} | more


def test_counts_rounds_clear_wins_and_forfeits_from_both_sides():
    opening = {"match": "m", "round": 0, "generator": "dcgan", "detector": "cnn"}
    records = [
        opening,
        record(1, "B", accuracy=0.9, auroc=1.0),
        record(2, "A", "too close", accuracy=0.4, auroc=0.5),
        record(3, "B", forfeit="generator", accuracy=0.8, auroc=0.9),
        record(1, "A", match="n"),
    ]
    a, b = standings(records)  # equal shares: by team
    assert (b.team, b.role, b.contender, b.matches, b.rounds) == ("B", "detector", "cnn", 2, 4)
    assert (b.won, b.clear, b.forfeits, b.share) == (2, 2, 0, 0.5)
    assert (a.team, a.won, a.clear, a.forfeits) == ("A", 2, 1, 1)
    assert a.accuracy == pytest.approx((0.9 + 0.4 + 0.8 + 0.5) / 4)
    assert a.auroc == b.auroc == pytest.approx((1.0 + 0.5 + 0.9 + 0.6) / 4)


def test_contenders_are_ranked_by_the_share_of_rounds_they_won():
    records = [record(1, "A"), record(2, "B"), record(1, "B", match="n", detector="better")]
    assert [(s.team, s.contender, s.share) for s in standings(records)] == [
        ("B", "better", 1.0),
        ("B", "cnn", 0.5),
        ("A", "dcgan", pytest.approx(1 / 3)),
    ]


def test_the_share_has_wilsons_interval():
    # 2 of 4 at 95 %: centre 1/2, half width z sqrt(1/16 + z^2/64) / (1 + z^2/4) with z = 1.959964
    line = standings([record(i, "A" if i % 2 else "B") for i in range(1, 5)])[0]
    assert (line.share_low, line.share_high) == (pytest.approx(0.1500, abs=1e-4), pytest.approx(0.8500, abs=1e-4))


def test_nothing_played_is_no_standing():
    assert standings([]) == []
