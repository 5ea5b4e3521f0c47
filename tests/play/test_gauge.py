"""Quality in a match: measured for every round that is due, kept with its record, and of no consequence to anything."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matches import outcome, played, reopened, start, tiny

from arena.play import gauge as gauging
from arena.play.config import load_config, validate_stored
from arena.play.verify import replay, verify
from arena.quality import measure as measuring
from arena.quality.measure import ONET
from arena.quality.result import Quality
from arena.store.record import RoundRecord


def with_quality(root, **settings):
    match = start(root, tiny(**{"gallery": 24, "rounds": 2, "quality": 1} | settings))
    return match, played(match)


def without_quality(records):
    return {number: (manifest, replace(record, quality=None)) for number, (manifest, record) in records.items()}


def test_every_round_is_measured_and_nothing_else_changes(tmp_path):
    match, seen = with_quality(tmp_path / "with")
    for record in (*seen.openings, *seen.rounds):
        assert set(record.quality.estimates) == {*ONET, "spectrum", "fine_detail"}
        assert (record.quality.images, record.quality.reals) == (24, 60)
        assert record.timings["referee"]["quality"] > 0
    assert seen.rounds[0].quality != seen.rounds[1].quality
    plain, _ = with_quality(tmp_path / "without", quality=0)
    assert all(record.quality is None for record in plain.home.records("tiny"))
    assert without_quality(outcome(match)) == outcome(plain)
    assert [findings for _, findings in verify(match)] == [[], [], []]
    assert replay(match, 2) == []


def test_a_match_that_is_resumed_is_measured_alike(tmp_path):
    whole, _ = with_quality(tmp_path / "whole")
    match = start(tmp_path / "parts", tiny(gallery=24, rounds=1, quality=1))
    played(match)
    match.home.update_rounds("tiny", 2)
    played(reopened(tmp_path / "parts"))
    assert outcome(match) == outcome(whole)


def test_every_second_round(tmp_path):
    match, _ = with_quality(tmp_path, quality=2)
    assert [record.quality is not None for record in match.home.records("tiny")] == [True, False, True]


def test_without_the_face_detector_a_match_is_played_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "find_spec", lambda name: None)
    match, seen = with_quality(tmp_path, rounds=1)
    assert set(seen.rounds[0].quality.estimates) == {"spectrum", "fine_detail"}
    assert "not installed" in seen.rounds[0].quality.missing["one_face"]
    assert match.home.records("tiny")[1] == seen.rounds[0]


def test_what_cannot_be_measured_is_no_reason_to_stop(tmp_path, monkeypatch):
    _, seen = with_quality(tmp_path / "few", gallery=12, rounds=1)
    assert seen.rounds[0].quality.estimates == {}
    assert "at least 20 fakes are needed" in seen.rounds[0].quality.missing["quality"]

    def broken(*arguments, **options):
        raise RuntimeError("no memory")

    monkeypatch.setattr(gauging, "measure", broken)
    _, seen = with_quality(tmp_path / "broken", rounds=1)
    assert seen.rounds[0].quality.missing == {"quality": "no memory"}


def test_a_record_is_what_its_json_says_with_and_without_quality(tmp_path):
    _, seen = with_quality(tmp_path, rounds=1)
    record = seen.rounds[0]
    assert RoundRecord.from_json(record.to_json()) == record
    older = {name: value for name, value in record.to_json().items() if name != "quality"}
    assert RoundRecord.from_json(older).quality is None
    assert isinstance(record.without_curves.quality, Quality)


@pytest.mark.parametrize(("given", "every"), [("true", 1), ("false", 0), ("3", 3)])
def test_the_switch_in_words_and_numbers(given, every):
    assert load_config(None, [f"quality={given}"]).quality == every


def test_matches_from_before_are_not_measured_when_they_go_on():
    stored = tiny().dump()
    del stored["quality"]
    assert validate_stored(stored, "a test").quality == 0
