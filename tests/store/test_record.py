from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from arena.referee.verdict import verdict
from arena.store.record import RoundRecord, rounds_of
from arena.types import Answer, CurvePoint, Training

JUDGED = verdict(np.array([0, 0, 1, 1], np.int8), Answer(np.array([0.1, 0.2, 0.8, 0.9]), 0.5), people=np.arange(2))
TRAINED = Training(3, 24, 1.5, {"loss": 0.5}, (CurvePoint(8, {"loss": 0.75}),), 0.5)
IDLE = Training(0, 0, 0.0, {})
ROUND = RoundRecord(
    "duel",
    2,
    "dcgan",
    "cnn",
    JUDGED,
    {"generator": TRAINED, "detector": IDLE},
    {"referee": {"grade": 0.1}},
    3.25,
    usage={"referee": {"cpu_seconds": 0.05}},
)
OPENING = replace(ROUND, round=0, verdict=None)

STORED = """{"match": "m", "round": 1, "generator": "dcgan", "detector": "cnn", "n": 40, "accuracy": 0.55,
"accuracy_low": 0.4, "accuracy_high": 0.69, "threshold": 0.7, "tpr": 0.15, "tnr": 0.95, "auroc": 0.6, "auroc_low": 0.4,
"auroc_high": 0.8, "average_precision": 0.6, "eer": 0.4, "brier": 0.3, "p_value": 0.6, "winner": "B",
"call": "too close", "degenerate": false, "forfeit": null, "training": {"generator": {"steps": 3, "images": 24,
"seconds": 0.5, "losses": {"loss": 0.25}, "curve": [{"images": 8, "losses": {"loss": 0.75}}],
"learning_rate_scale": 1.0}, "detector": {"steps": 0, "images": 0, "seconds": 0.0, "losses": {}, "curve": [],
"learning_rate_scale": 1.0}}, "timings": {"referee": {"grade": 0.1}}, "seconds": 3.25}"""
"""A round as the first arena stored it."""


@pytest.mark.parametrize("record", [ROUND, OPENING])
def test_the_ledger_gives_back_what_it_was_given(record):
    assert RoundRecord.from_json(json.loads(json.dumps(record.to_json(), allow_nan=False))) == record


def test_a_round_of_the_first_arena_is_read_and_keeps_its_rule():
    record = RoundRecord.from_json(json.loads(STORED))
    assert (record.judged.winner, record.judged.marking, record.judged.people) == ("B", "threshold", None)
    assert record.judged.resolution is None
    assert record.training["generator"].curve == (CurvePoint(8, {"loss": 0.75}),)
    # What is written now says all that was written then, in the same words but for one.
    told, then = record.to_json(), json.loads(STORED)
    assert then.pop("call") == "too close"
    assert told["too_close"]
    for report in told["training"].values():  # what a team knew of the other was not told then
        assert (report.pop("knowledge"), report.pop("why"), report.pop("grown")) == ("none", "", "")
    assert json.loads(json.dumps({key: told[key] for key in then})) == then


def test_programs_are_told_without_curves_if_they_like():
    told = ROUND.to_json(curves=False)
    assert "curve" not in told["training"]["generator"]
    assert told["people"] == 2
    assert RoundRecord.from_json(told) == ROUND.without_curves
    assert ROUND.without_curves.training["generator"].curve == ()


def test_the_opening_has_no_verdict():
    assert rounds_of([OPENING, ROUND]) == [ROUND]
    assert "winner" not in OPENING.to_json()
    with pytest.raises(ValueError, match="round 0 of duel has no verdict"):
        _ = OPENING.judged


def test_nobody_changes_a_record():
    with pytest.raises(FrozenInstanceError):
        ROUND.round = 3
