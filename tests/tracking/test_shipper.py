from __future__ import annotations

import threading

import pytest
from matchfiles import new_home, play, play_all

from arena.store.home import Home
from arena.store.outbox import unshipped
from arena.tracking.entry import Entry
from arena.tracking.shipper import Shipper, Teller, backoff, ship, ship_all
from arena.tracking.store import Run, identity
from arena.types import ArenaError


class Memory:
    """A store that is a list, and can be out of order."""

    def __init__(self):
        self.runs: dict[str, Run] = {}
        self.heard: list[tuple] = []
        self.newest: list[str] = []
        self.dead = False

    def find(self, match):
        if self.dead:
            raise ConnectionError("Max retries exceeded with url: /api")
        return self.runs.get(identity(match))

    def create(self, match, started_ms):
        self.runs[identity(match)] = run = Run(f"run of {match.name}", 0)
        return run

    def tell(self, run, errand, entry, reopened):
        self.heard.append((run.id, errand.kind, errand.round, reopened))
        self.newest.append(entry.tags["newest"])
        key = next(key for key, known in self.runs.items() if known.id == run.id)
        self.runs[key] = Run(run.id, errand.id, run.deleted)


WHOLE = [
    ("run of duel", "match", None, False),
    ("run of duel", "round", 0, False),
    ("run of duel", "round", 1, False),
    ("run of duel", "round", 2, False),
    ("run of duel", "end", None, False),
]


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """What an entry holds does not matter here, and drawing it takes time."""
    monkeypatch.setattr(
        "arena.tracking.shipper.entry",
        lambda home, match, errand, story, newest: Entry({"score": story.score, "newest": str(newest)}),
    )


@pytest.fixture
def home(tmp_path):
    home = new_home(tmp_path / "home")
    yield home
    home.close()


def shipper(home, store, warnings, match="duel"):
    return Shipper(home.root, None, match, warnings.append, lambda uri, root: store)


def test_everything_is_told_once_in_order(home):
    play_all(home)
    store = Memory()
    ship(home, "duel", store)
    ship(home, "duel", store)
    assert store.heard == WHOLE
    assert unshipped(home) == {}


def test_what_is_told_knows_whether_more_is_waiting(home):
    store = Memory()
    play(home, 0)
    ship(home, "duel", store)
    play(home, 1)
    play(home, 2)
    ship(home, "duel", store)
    assert store.newest == ["False", "True", "False", "True"]


def test_crash_between_telling_and_marking_tells_nothing_twice(home, monkeypatch):
    def failing(home, errand):
        raise OSError("power cut")

    play_all(home)
    store = Memory()
    with monkeypatch.context() as patch:
        patch.setattr("arena.tracking.shipper.mark_shipped", failing)
        with pytest.raises(OSError, match="power cut"):
            ship(home, "duel", store)
    assert unshipped(home) == {"duel": 5}
    ship(home, "duel", store)
    assert store.heard == WHOLE
    assert unshipped(home) == {}


def test_another_store_is_told_the_whole_past(home):
    play_all(home)
    first, second = Memory(), Memory()
    ship(home, "duel", first)
    home.update_rounds("duel", 3)
    play(home, 3)
    ship(home, "duel", second)
    assert second.heard == [*WHOLE, ("run of duel", "round", 3, True)]
    ship(home, "duel", first)
    assert first.heard == second.heard


def test_deleted_run_stays_deleted(home):
    play_all(home)
    store = Memory()
    store.runs[identity(home.match("duel"))] = Run("run of duel", 1, deleted=True)
    ship(home, "duel", store)
    assert store.heard == []
    assert unshipped(home) == {}


def test_thread_ships_what_was_left_and_what_comes(home):
    play(home, 0)
    store, warnings = Memory(), []
    thread = shipper(home, store, warnings)
    thread.start()
    play(home, 1)
    thread.nudge()
    play(home, 2, last=True)
    assert thread.stop(timeout=60) == 0
    assert store.heard == WHOLE
    assert warnings == []


def test_dead_store_stalls_and_loses_nothing(home):
    play_all(home)
    store, warnings = Memory(), []
    store.dead = True
    thread = shipper(home, store, warnings)
    thread.start()
    thread.nudge()
    assert thread.stop(timeout=60) == 5
    assert len(warnings) == 1
    assert "does not answer; nothing is lost, catch up with: arena mlflow" in warnings[0]
    store.dead = False
    ship_all(home.root, connect=lambda uri, root: store)
    assert store.heard == WHOLE
    assert unshipped(home) == {}


def test_stop_does_not_wait_for_a_store_that_hangs(home):
    play_all(home)
    release, store, warnings = threading.Event(), Memory(), []
    store.find = lambda match: release.wait(60)
    thread = shipper(home, store, warnings)
    thread.start()
    assert thread.stop(timeout=0.01) == 5
    release.set()
    thread._thread.join(60)
    assert warnings == []


def test_one_match_that_cannot_be_shipped_stops_no_other(home):
    home.create_match("other", home.match("duel").config, home.match("duel").facts)
    store, warnings = Memory(), []
    create = store.create

    def refuse_duel(match, started_ms):
        if match.name == "duel":
            raise ValueError("no such thing\nand more")
        return create(match, started_ms)

    store.create = refuse_duel
    thread = shipper(home, store, warnings)
    thread.start()
    assert thread.stop(timeout=60) == 1
    assert store.heard == [("run of other", "match", None, False)]
    assert "no such thing; nothing is lost" in warnings[0]


def test_a_match_in_play_is_left_to_its_own_shipper(home):
    store = Memory()
    with home.lock("duel"):
        ship_all(home.root, connect=lambda uri, root: store)
        assert store.heard == []
        thread = shipper(home, store, [])
        thread.start()
        assert thread.stop(timeout=60) == 0
    assert store.heard == WHOLE[:1]


def test_ship_all_makes_a_lost_store_anew(home):
    play_all(home)
    ship_all(home.root, connect=lambda uri, root: Memory())
    fresh = Memory()
    assert ship_all(home.root, connect=lambda uri, root: fresh) is fresh
    assert fresh.heard == WHOLE


def test_ship_all_says_in_one_sentence_what_is_wrong(home):
    store = Memory()
    store.dead = True
    with pytest.raises(ArenaError, match=r"MLflow at http://user:\*\*\*@there:5 is not up to date: it does not answer"):
        ship_all(home.root, "http://user:secret@there:5", lambda uri, root: store)


def test_every_round_is_read_once_however_many_passes_it_takes(home, monkeypatch):
    read = []
    records = Home.records
    monkeypatch.setattr(Home, "records", lambda *arguments: [read.append(r.round) or r for r in records(*arguments)])
    store, teller, told = Memory(), Teller("duel"), []
    store.tell = lambda run, errand, entry, reopened, tell=store.tell: (
        told.append(entry.tags["score"]),
        tell(run, errand, entry, reopened),
    )
    for number in range(4):
        play(home, number, right=number != 2)
        teller.ship(home, store)
    assert read == [0, 1, 2, 3]
    assert told[-1] == "A 1 : 2 B"
    fresh = Memory()
    teller.ship(home, fresh)  # which has been told nothing
    assert len(fresh.heard) == 5
    assert read == [0, 1, 2, 3] * 2


def test_backoff_doubles_up_to_a_minute():
    assert [backoff(n) for n in (1, 2, 3, 6, 7, 5000)] == [1, 2, 4, 32, 60, 60]


def test_stop_without_start_counts_what_waits(home):
    assert shipper(home, Memory(), []).stop(timeout=1) == 1
