"""A file that is whole or not there."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest
from tiny import equal_states

from arena.training.kept import digest_of, keep, made_once, recall
from arena.types import ArenaError

STATE = {"weights": np.arange(6, dtype=np.float32).reshape(2, 3), "images": np.array(7, np.int64)}


def test_what_is_kept_is_recalled(tmp_path):
    path = tmp_path / "new" / "state.safetensors"
    assert recall(path) is None
    keep(path, STATE, {"round": 3})
    known = recall(path)
    assert equal_states(known.state, STATE)
    assert known.about == {"round": 3}


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "state.safetensors"
    keep(path, STATE, {"round": 3})

    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("arena.store.disk.sync", full)
    with pytest.raises(ArenaError, match="the disk is full"):
        keep(path, STATE, {"round": 4})
    monkeypatch.undo()
    assert recall(path).about == {"round": 3}
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    (tmp_path / f".{path.name}.{os.getpid()}.partial").write_text("of a process of this number that was killed")
    keep(path, STATE, {"round": 4})
    assert recall(path).about == {"round": 4}


def test_what_a_killed_process_left_half_written_goes(tmp_path):
    path = tmp_path / "state.safetensors"
    old, young, others = (tmp_path / f".{name}.partial" for name in (f"{path.name}.1", f"{path.name}.2", "other.1"))
    for left, age in ((old, 4000), (young, 60), (others, 4000)):
        left.write_text("half")
        os.utime(left, (time.time() - age,) * 2)
    keep(path, STATE, {})
    assert [left.exists() for left in (old, young, others)] == [False, True, True]


def test_a_result_is_made_once(tmp_path):
    made = []
    for _ in range(2):
        found = made_once(tmp_path / "new" / "result.json", lambda: made.append("now") or {"auroc": 0.1 + 0.2})
        assert found == {"auroc": 0.1 + 0.2}
    assert made == ["now"]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["result.json"]


def test_names_of_values():
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1}) != digest_of({"a": 1})
