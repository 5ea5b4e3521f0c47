from __future__ import annotations

import stat
import threading
import zipfile
from pathlib import Path

import pytest
from matches import outcome, played, reopened
from servedhome import new_home

from arena.play.verify import replay, verify
from arena.store.follow import Follower
from arena.store.home import Home
from arena.store.migrations import VERSION
from arena.store.secrets import SECRET, make_secret, pledge, pledges, read_secret
from arena.types import ArenaError

OLD = Path(__file__).parent / "home-of-version-0.zip"
"""A home of the arena that knew no versions yet: a tiny match that was stopped after one of two rounds."""


def version(home):
    return home.rows("PRAGMA user_version")


@pytest.fixture
def old(tmp_path):
    """The old home in a place of its own."""
    root = tmp_path / "old"
    with zipfile.ZipFile(OLD) as archive:
        archive.extractall(root)
    home = Home.open(root)
    with home.transaction() as ledger:
        path = "json_replace(facts, '$.faces.path', replace(facts ->> '$.faces.path', 'HOME', ?))"
        ledger.execute(f"UPDATE match SET facts = {path}", (str(root),))
    return home


def test_a_home_of_version_0_opens_lists_verifies_and_replays(old):
    assert version(old) == [(VERSION,)]
    assert [(row.name, row.config["rounds"]) for row in old.matches()] == [("tiny", 2)]
    assert [record.round for record in old.records("tiny")] == [0, 1]
    assert [event["kind"] for event in old.events("tiny")] == ["lost"]
    follower = Follower(old.root)
    follower.refresh()
    assert follower.rounds["tiny"][1].record.verdict.winner == "B"
    match = reopened(old.root)
    assert list(verify(match)) == [(0, []), (1, [])]
    assert not [f for f in replay(match, 1) if "another paper" in f.text]  # the scores are those of another CPU


def test_a_match_of_version_0_goes_on_and_its_rounds_stay_as_they_were(old):
    before = outcome(reopened(old.root))
    match = reopened(old.root)
    assert [record.round for record in played(match).rounds] == [2]
    assert {number: outcome(match)[number] for number in before} == before
    assert [findings for _, findings in verify(match)] == [[], [], []]
    assert sorted(path.name for path in (match.home.match_folder("tiny") / "states").iterdir()) == ["0002"]


def test_a_home_of_a_newer_arena_is_refused_in_one_sentence(tmp_path):
    home = new_home(tmp_path / "home")
    home.rows(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(ArenaError, match=rf"newer arena: its ledger has version {VERSION + 1}, .* up to {VERSION}"):
        Home.open(home.root)
    assert version(home) == [(VERSION + 1,)]


def test_a_migration_that_fails_changes_nothing(tmp_path, monkeypatch):
    home = new_home(tmp_path / "home")
    monkeypatch.setattr("arena.store.migrations.VERSION", VERSION + 1)
    broken = ("CREATE TABLE extra (a TEXT) STRICT", "NO SQL")
    monkeypatch.setattr("arena.store.migrations.MIGRATIONS", (*[()] * VERSION, broken))
    with pytest.raises(ArenaError, match="cannot be used"):
        Home.open(home.root)
    assert home.rows("SELECT name FROM sqlite_master WHERE name = 'extra'") == []
    assert version(home) == [(VERSION,)]


def test_whoever_creates_one_home_at_once_succeeds(tmp_path):
    """Locks and SQLite tell connections apart, not processes, so threads meet in closer quarters."""
    failures = []

    def create(root, name, together):
        together.wait()
        try:
            Home.create(root).create_match(name, {}, {})
        except Exception as error:
            failures.append(error)

    for attempt in range(25):
        root, together = tmp_path / str(attempt) / "home", threading.Barrier(6)
        threads = [threading.Thread(target=create, args=(root, f"match-{i}", together)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(Home.open(root).matches()) == 6


def test_a_folder_with_something_else_in_it_is_no_home(tmp_path):
    (tmp_path / "thesis.txt").write_text("")
    with pytest.raises(ArenaError, match="not empty and no arena home"):
        Home.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_pledge_binds(tmp_path):
    home = new_home(tmp_path)
    pledge(home, "duel", 1, "aa")
    pledge(home, "duel", 1, "aa")
    with pytest.raises(ArenaError, match="round 1 of duel is pledged to another exam"):
        pledge(home, "duel", 1, "ab")
    pledge(home, "duel", 2, "bb")
    assert pledges(home, "duel") == {1: "aa", 2: "bb"}


def test_a_match_has_one_secret_for_its_owner_alone(tmp_path):
    make_secret(tmp_path)
    first = read_secret(tmp_path)
    make_secret(tmp_path)
    assert read_secret(tmp_path) == first
    assert stat.S_IMODE((tmp_path / SECRET).stat().st_mode) == 0o600
    (tmp_path / "other").mkdir()
    make_secret(tmp_path / "other")
    assert read_secret(tmp_path / "other") != first
    with pytest.raises(ArenaError, match="without which the match cannot go on"):
        read_secret(tmp_path / "nowhere")
