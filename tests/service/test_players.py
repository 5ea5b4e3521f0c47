"""Who is said to play, from locks and records that the tests hold themselves."""

from __future__ import annotations

import json
import time

import pytest
from servedhome import new_home, new_match, play

from arena import locks
from arena.service.players import Players
from arena.service.records import record_path
from arena.service.starts import Starts, Terms
from arena.store.follow import Follower
from arena.store.progress import Underway, write_progress


@pytest.fixture
def home(tmp_path):
    return new_home(tmp_path / "home")


@pytest.fixture
def players(home):
    return Players(Follower(home.root), Starts(home.root, Terms()))


def now_playing(players):
    players.ledger.refresh()
    return players.playing()


def test_a_new_match_is_never_taken_for_one_that_has_stopped(home, players):
    assert now_playing(players) == {}
    with home.lock("other"):
        new_match(home, "other")
        assert now_playing(players) == {"other": "playing"}


def test_a_process_that_was_started_is_starting_until_its_first_round(home, players):
    path = record_path(home.root, "duel")
    path.parent.mkdir()
    with path.open("w", encoding="utf-8") as record:
        locks.seize(record.fileno())  # as the process does for as long as it lives
        json.dump({"at": time.time(), "pid": 1}, record)
        record.flush()
        with home.lock("duel"):
            players.ledger.refresh()
            assert players.playing() == {"duel": "starting"}
            write_progress(home.match_folder("duel"), Underway(0, 2, {}, 0.0, None, None))
            assert players.playing() == {"duel": "playing"}
            play(home, 0)
            players.look_again()
            assert now_playing(players) == {"duel": "playing"}
