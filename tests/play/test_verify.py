from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest
import safetensors.numpy
from matches import played, reopened, start, tiny

from arena.play.match import play_more
from arena.play.verify import GPU_SCORES, bench, has_device, replay, verify
from arena.referee.exam import draw_blindly
from arena.types import ArenaError


@pytest.fixture
def match(tmp_path):
    match = start(tmp_path, tiny(rounds=2))
    played(match)
    return match


@pytest.fixture
def old(tmp_path, monkeypatch):
    """A match as the first arena left it: no marking in its config, no people in its exams and records."""
    blindly = lambda people, size, seed: draw_blindly(people.size, size, seed)  # noqa: E731
    monkeypatch.setattr("arena.referee.exam.draw_paper", blindly)
    match = start(tmp_path, tiny(rounds=2, exam={"size": 40, "marking": "threshold"}))
    played(match)
    monkeypatch.undo()
    with match.home.transaction() as ledger:
        ledger.execute("UPDATE match SET config = json_remove(config, '$.exam.marking')")
        ledger.execute("UPDATE round SET record = json_remove(record, '$.marking', '$.people', '$.resolution')")
    return reopened(tmp_path)


def findings(match):
    return [(finding.round, finding.file) for _, found in verify(match) for finding in found]


def test_an_untouched_match_is_as_acknowledged(match):
    assert [number for number, _ in verify(match)] == [0, 1, 2]
    assert findings(match) == []
    assert replay(reopened(match.home.root), 1) == replay(match, 2) == []


def test_a_match_of_the_first_arena_is_verified_and_replayed_by_its_own_rule(old):
    assert "marking" not in old.home.match("tiny").config["exam"]
    assert old.config.exam.marking == "threshold"
    assert old.home.records("tiny")[1].judged.people is None
    assert findings(old) == replay(old, 1) == replay(old, 2) == []
    forged = old.home.records("tiny")[1].to_json() | {"accuracy": 0.123}
    with old.home.transaction() as ledger:
        ledger.execute("UPDATE round SET record = ? WHERE number = 1", (json.dumps(forged),))
    assert findings(old) == [(1, "")]


def test_a_match_of_the_first_arena_goes_on_by_its_own_rule(old):
    played(play_more(old, 1))
    assert [record.judged.marking for record in old.home.records("tiny")[1:]] == ["threshold"] * 3
    assert old.home.records("tiny")[3].judged.people == 10
    again = reopened(old.home.root)
    assert findings(again) == replay(again, 3) == []


def test_both_rules_are_verified(tmp_path):
    for marking in ("half", "threshold"):
        match = start(tmp_path, tiny(rounds=1, exam={"size": 40, "marking": marking}), marking)
        played(match)
        assert match.home.records(marking)[1].judged.marking == marking
        assert findings(match) == replay(match, 1) == []


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_changed_byte_is_found_and_named_in_every_file(match, number):
    folder = match.home.round_folder("tiny", number)
    states = match.home.match_folder("tiny") / "states" / folder.name
    for path in sorted([*folder.iterdir(), *states.glob("*")]):
        data = path.read_bytes()
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
        assert findings(match) == [(number, path.name)]
        path.write_bytes(data)
    assert findings(match) == []


def test_a_missing_file_is_found_and_named(match):
    (match.home.round_folder("tiny", 1) / "gallery.npy").unlink()
    assert findings(match) == [(1, "gallery.npy")]


def test_a_verdict_changed_in_the_ledger_is_found(match):
    record = match.home.records("tiny")[1].to_json()
    forged = record | {"accuracy": 0.123, "winner": "A" if record["winner"] == "B" else "B"}
    with match.home.transaction() as ledger:
        ledger.execute("UPDATE round SET record = ? WHERE number = 1", (json.dumps(forged),))
    found = [finding for _, some in verify(match) for finding in some]
    assert {finding.text.split()[0] for finding in found} == {"accuracy", "winner"}
    assert {(finding.round, finding.file) for finding in found} == {(1, "")}


def test_a_replay_finds_scores_that_the_weights_do_not_give(match):
    path = match.home.round_folder("tiny", 1) / "exam.safetensors"
    exam = safetensors.numpy.load_file(path)
    exam["scores"][3] = 1 - exam["scores"][3]
    safetensors.numpy.save_file(exam, path)
    found = replay(match, 1)
    assert [finding.file for finding in found] == ["exam.safetensors"]
    assert "other scores" in found[0].text


def test_a_replay_finds_fakes_that_the_weights_do_not_make(match):
    path = match.home.round_folder("tiny", 1) / "fakes.npy"
    fakes = np.load(path)
    fakes[0, 0, 0, 0] ^= 1
    np.save(path, fakes)
    assert [finding.file for finding in replay(match, 1)] == ["fakes.npy"]


def on_a_gpu(match, precision="fp32"):
    """The match as if a GPU had played it; this machine has none."""
    return dataclasses.replace(match, facts=match.facts | {"device": "cuda", "precision": precision})


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)


def shift_scores(match, by):
    path = match.home.round_folder("tiny", 1) / "exam.safetensors"
    exam = safetensors.numpy.load_file(path)
    exam["scores"] = exam["scores"] + by
    safetensors.numpy.save_file(exam, path)


@pytest.mark.parametrize(("precision", "within", "beyond"), [("fp32", 0.008, 0.004), ("bf16", 0.05, 0.06)])
def test_what_a_gpu_played_is_replayed_on_the_cpu_within_the_stated_tolerance(match, no_gpu, precision, within, beyond):
    played_there = on_a_gpu(match, precision)
    assert not has_device(played_there)
    shift_scores(match, within)
    assert replay(played_there, 1) == []
    assert str(bench(played_there)) == (
        "played on a GPU, sat again on the CPU, as there is no GPU here, "
        f"no score is off by more than {GPU_SCORES[precision]:g}"
    )
    shift_scores(match, beyond)
    assert ["other scores" in finding.text for finding in replay(played_there, 1)] == [True]


def test_what_a_gpu_played_may_differ_in_a_few_pixels_only(match, no_gpu):
    path = match.home.round_folder("tiny", 1) / "fakes.npy"
    fakes = np.load(path)
    fakes[0, :4, 0, 0] ^= 1
    np.save(path, fakes)
    assert replay(on_a_gpu(match), 1) == []
    fakes[0] = 255 - fakes[0]
    np.save(path, fakes)
    assert "fakes.npy" in {finding.file for finding in replay(on_a_gpu(match), 1)}


def test_what_a_cpu_played_is_compared_to_the_bit(match):
    assert has_device(match)
    assert str(bench(match)) == "every score is the same"
    shift_scores(match, 1e-9)
    assert ["other scores" in finding.text for finding in replay(match, 1)] == [True]


def test_the_last_training_state_is_looked_at_and_older_ones_may_be_gone(match):
    states = match.home.match_folder("tiny") / "states"
    assert sorted(path.name for path in states.iterdir()) == ["0001", "0002"]
    shutil.rmtree(states / "0001")
    assert findings(match) == []
    shutil.rmtree(states / "0002")
    assert findings(match) == [(2, "detector.state.safetensors"), (2, "generator.state.safetensors")]
    with pytest.raises(ArenaError, match=r"tiny cannot go on: .*state.* of its round 2 is gone"):
        played(play_more(reopened(match.home.root), 1))


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_round_that_is_not_there_cannot_be_replayed(match, number):
    with pytest.raises(ArenaError, match="has rounds 1 to 2"):
        replay(match, number)
