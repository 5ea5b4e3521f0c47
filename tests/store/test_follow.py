from __future__ import annotations

import shutil

import pytest
from servedhome import new_home, new_match, play, play_all

from arena.store.follow import Cursor, Follower
from arena.types import ArenaError


@pytest.fixture
def home(tmp_path):
    return new_home(tmp_path / "home")


def test_reads_what_is_there_and_then_only_what_is_new(home):
    play(home, 0)
    follower = Follower(home.root)
    assert follower.refresh() == 1
    assert [round.number for round in follower.rounds["duel"]] == [0]
    assert follower.refresh() == 1  # nothing has happened
    first = follower.rounds["duel"][0]
    play(home, 1)
    assert follower.refresh() == 2
    assert follower.rounds["duel"][0] is first
    assert follower.rounds["duel"][1].record.judged.accuracy == 0.75
    assert follower.rounds["duel"][1].record.training["detector"].curve == ()


def test_the_log_tells_everything_in_order_with_cursors_that_only_grow(home):
    play(home, 0)
    home.log("duel", 1, "retry", "slower")
    play(home, 1)
    play(home, 2, last=True)
    follower = Follower(home.root)
    follower.refresh()
    told = [(entry.kind, entry.round) for entry in follower.log]
    assert told == [("match", None), ("round", 0), ("note", 1), ("round", 1), ("round", 2), ("end", None)]
    assert follower.log[2].note == ("retry", "slower")
    cursors = [entry.cursor for entry in follower.log]
    assert cursors == [(1, 0), (2, 0), (2, 1), (3, 1), (4, 1), (5, 1)]
    assert follower.cursor == Cursor(5, 1)


def test_whatever_the_cursor_nothing_is_told_twice_or_never(home):
    play(home, 0)
    home.log("duel", 1, "retry", "slower")
    play(home, 1)
    follower = Follower(home.root)
    follower.refresh()
    # One that read the event before the errands of the same time, as another process may have.
    assert [(e.kind, e.round) for e in follower.entries(Cursor(1, 1))] == [("round", 0), ("round", 1)]
    assert [(e.kind, e.round) for e in follower.entries(Cursor(3, 0))] == [("note", 1)]
    assert follower.entries(follower.cursor) == []
    assert len(follower.entries(Cursor(0, 0), most=3)) == 3


def test_the_entries_of_one_match(home):
    new_match(home, "other")
    play(home, 0, "other")
    follower = Follower(home.root)
    follower.refresh()
    assert [(e.match, e.kind) for e in follower.entries(Cursor(0, 0), "other")] == [
        ("other", "match"),
        ("other", "round"),
    ]


def test_a_home_that_is_made_again_is_read_anew(home):
    play_all(home)
    follower = Follower(home.root)
    before = follower.refresh()
    shutil.rmtree(home.root)
    with pytest.raises(ArenaError, match="is gone"):
        follower.refresh()
    new_home(home.root, "rematch")
    assert follower.refresh() > before
    assert list(follower.matches) == ["rematch"]
    assert follower.rounds == {}


def test_there_must_be_a_home(tmp_path):
    with pytest.raises(ArenaError, match="no arena home"):
        Follower(tmp_path)
