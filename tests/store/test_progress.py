from __future__ import annotations

import threading

import pytest

from arena.store.progress import PROGRESS, Underway, kept_progress, read_progress, write_progress
from arena.types import Progress

HALF_DONE = Underway(1, 4, {"generator": Progress("generator", 1, 5, 10, 32.0, {"d": 0.5})}, 0.3, 2.5, None)


def test_what_is_written_is_read(tmp_path):
    write_progress(tmp_path, HALF_DONE)
    assert read_progress(tmp_path) == HALF_DONE
    assert [path.name for path in tmp_path.iterdir()] == [PROGRESS]


def test_it_is_kept_while_somebody_plays_and_gone_afterwards(tmp_path):
    answers, was_asked = [None, HALF_DONE], threading.Event()

    def ask():
        if not answers:  # so the answers before are written
            was_asked.set()
            return None
        return answers.pop(0)

    with kept_progress(tmp_path, ask):
        assert was_asked.wait(60)
        assert read_progress(tmp_path) == HALF_DONE
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_disturbs_nobody(tmp_path):
    write_progress(tmp_path / "nowhere", HALF_DONE)
    with kept_progress(tmp_path / "nowhere", lambda: HALF_DONE):
        assert read_progress(tmp_path / "nowhere") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"round": "x"}', '{"round": 1, "teams": {"generator": {}}}'])
def test_what_is_no_progress_is_none(tmp_path, text):
    (tmp_path / PROGRESS).write_text(text)
    assert read_progress(tmp_path) is None
