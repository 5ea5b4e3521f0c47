from __future__ import annotations

import pytest

from arena.store.progress import PROGRESS, ProgressFile, read_progress
from arena.types import Progress


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_both_teams_at_most_twice_a_second(tmp_path, clock):
    file = ProgressFile(tmp_path, clock)
    file.on_progress(Progress("generator", 1, 5, 10, 32.0, {"d": 0.5}))
    clock.now += 0.4
    file.on_progress(Progress("detector", 1, 7, 10))
    assert read_progress(tmp_path)["teams"].keys() == {"generator"}
    clock.now += 0.2
    file.on_progress(Progress("generator", 1, 6, 10))
    found = read_progress(tmp_path)
    assert found["round"] == 1
    assert {role: team["step"] for role, team in found["teams"].items()} == {"generator": 6, "detector": 7}
    assert [path.name for path in tmp_path.iterdir()] == [PROGRESS]


def test_a_new_round_forgets_the_other_teams_last_word(tmp_path, clock):
    file = ProgressFile(tmp_path, clock)
    file.on_progress(Progress("detector", 1, 10, 10))
    clock.now += 1
    file.on_progress(Progress("generator", 2, 1, 10))
    assert read_progress(tmp_path)["teams"].keys() == {"generator"}


def test_a_disk_that_refuses_disturbs_nobody(tmp_path, clock):
    ProgressFile(tmp_path / "nowhere", clock).on_progress(Progress("generator", 1, 1, 2))
    assert read_progress(tmp_path / "nowhere") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"round": "x"}'])
def test_what_is_no_progress_is_none(tmp_path, text):
    (tmp_path / PROGRESS).write_text(text)
    assert read_progress(tmp_path) is None
