"""A file that is whole or not there."""

from __future__ import annotations

import numpy as np
import pytest
from tiny import equal_states

from arena.training.kept import digest_of, keep, recall
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
    keep(path, STATE, {"round": 4})  # whatever the other has left behind
    assert recall(path).about == {"round": 4}


def test_names_of_values():
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1}) != digest_of({"a": 1})
