"""Stop the world before and after every durable operation of a match, then resume: nothing may tell the difference."""

from __future__ import annotations

import copy
import errno
import gc
import os
import shutil
import sqlite3

import pytest
from matches import outcome, played, reopened, start, tiny

from arena.faces.sets.cache import pack_file
from arena.play.verify import verify
from arena.store.disk import Disk
from arena.store.home import Home
from arena.types import ArenaError

pytestmark = pytest.mark.long


class Crash(BaseException):
    """The power went out."""


class FailingDisk(Disk):
    """Counts durable operations, stops the world at one of them, and knows which names were on disk by then."""

    def __init__(self, at=None, after=False, error=None):
        self.count, self.at, self.after, self.error = 0, at, after, error or Crash()
        self._synced = {}

    def _around(self, operation, *arguments):
        mine = self.count == self.at
        self.count += 1
        if mine and not self.after:
            raise self.error
        result = operation(*arguments)
        if mine:
            raise self.error
        return result

    def write(self, path, content):
        return self._around(super().write, path, content)

    def sync(self, folder):
        self._around(self._sync, folder)

    def rename(self, source, target):
        self._around(super().rename, source, target)

    def commit(self, connection):
        self._around(super().commit, connection)

    def _sync(self, folder):
        super().sync(folder)
        self._synced[folder.stat().st_ino] = {entry.name: entry.stat().st_ino for entry in folder.iterdir()}

    def lose_names(self, folder):
        """What a power cut may do: names made since their folder was synced are gone, renamed ones as before."""
        synced = self._synced.get(folder.stat().st_ino, {})
        for entry in folder.iterdir():
            is_ledger = entry.name.startswith("arena.db")  # whose other files SQLite looks after
            name, inode = ("arena.db" if is_ledger else entry.name), entry.stat().st_ino
            before = [old for old, known in synced.items() if known == inode]
            if entry.name in NO_LOSS or name in (synced if is_ledger else before):
                pass
            elif before:
                entry.rename(folder / before[0])
            elif entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        for entry in folder.iterdir():
            if entry.is_dir() and entry.name not in NO_LOSS:
                self.lose_names(entry)


NO_LOSS = ("faces", "lock", "progress.json")
"""Made again wherever they are lost."""


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """A match on faces that are decoded once for all homes."""
    faces = pack_file("procedural:180", tmp_path_factory.mktemp("faces") / "faces.arena", 16)
    return tiny(rounds=2, faces=str(faces.path))


@pytest.fixture(scope="module")
def whole(tmp_path_factory, config):
    """An uninterrupted match and the number of its durable operations."""
    disk = FailingDisk()
    match = start(tmp_path_factory.mktemp("whole") / "home", config, disk=disk)
    played(match)
    return outcome(match), disk.count


@pytest.fixture
def no_waiting(monkeypatch):
    """What a sync is for is modelled here, so none has to wait for the real disk, nor for other tests' rubbish."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    gc.freeze()
    yield
    gc.unfreeze()


def _play_with(root, config, disk):
    try:
        played(start(root, config, disk=disk))
    except Crash:
        gc.collect()  # a dead process has no files open
        return
    raise AssertionError("the world was not stopped")


def _known(root):
    return [row.name for row in Home.open(root).matches()] if (root / "arena.db").exists() else []


def _resume(root, config):
    """What a person does: start it if it is not there, else resume."""
    match = reopened(root) if _known(root) else start(root, config)
    played(match)
    return match


def _wrong(match):
    return [finding for _, findings in verify(match) for finding in findings]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_resuming_after_a_crash_at_any_durable_operation_equals_an_uninterrupted_match(
    tmp_path, config, whole, no_waiting, after
):
    expected, operations = whole
    assert operations > 50
    for at in sorted({*range(0, operations, 2), operations - 1}):  # after one operation is before the next
        killed, unplugged = tmp_path / f"{at}-killed", tmp_path / f"{at}-unplugged"
        unplugged.mkdir()
        disk = FailingDisk(at, after)
        _play_with(unplugged / "home", config, disk)
        shutil.copytree(unplugged, killed)
        disk.lose_names(unplugged)
        for world in (killed, unplugged):
            root, where = world / "home", world.name
            if _known(root):
                acknowledged = outcome(reopened(root))
                assert acknowledged == {number: expected[number] for number in acknowledged}, where
                assert _wrong(reopened(root)) == [], where
            match = _resume(root, config)
            assert outcome(match) == expected, where
            assert _wrong(match) == [], where
            errands = match.home.rows("SELECT kind, round FROM outbox ORDER BY id")
            assert errands == [("match", None), ("round", 0), ("round", 1), ("round", 2), ("end", None)], where
            folder = match.home.match_folder("tiny")
            left_over = {part: sorted(path.name for path in (folder / part).iterdir()) for part in ("rounds", "states")}
            assert left_over == {"rounds": ["0000", "0001", "0002"], "states": ["0001", "0002"]}, where


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "no space"), sqlite3.OperationalError("disk is full")])
def test_a_full_disk_is_one_sentence_and_the_last_round_is_intact(tmp_path, config, whole, no_waiting, error):
    expected, operations = whole
    for at in range(operations - 12, operations):
        root = tmp_path / str(at)
        with pytest.raises(ArenaError, match="the disk is full"):
            played(start(root, config, disk=FailingDisk(at, error=copy.copy(error))))
        assert outcome(_resume(root, config)) == expected


def test_a_second_process_on_the_same_match_is_refused(tmp_path, config):
    match = start(tmp_path, config)
    with match.home.lock("tiny"):
        assert match.home.is_playing("tiny")
        with pytest.raises(ArenaError, match="played by another process"), reopened(tmp_path).home.lock("tiny"):
            pass
    assert not match.home.is_playing("tiny")


def test_a_rounds_folder_is_never_written_again(tmp_path, config):
    match = start(tmp_path, config)
    played(match)
    folder = match.home.round_folder("tiny", 1)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    staging = match.home.staging_folder("tiny", 1, "again")
    staging.mkdir()
    with pytest.raises(OSError, match="not empty"):
        match.home.commit_round("tiny", 1, staging, "", {})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_event_on_a_full_disk_is_one_sentence(tmp_path, config):
    match = start(tmp_path, config)
    match.home.disk = FailingDisk(0, error=sqlite3.OperationalError("database or disk is full"))
    with pytest.raises(ArenaError, match=r"the disk is full: an event of tiny in .* cannot be written"):
        match.home.log("tiny", 1, "lost", "a worker died")


def test_a_lost_name_is_lost_in_the_model(tmp_path):
    disk = FailingDisk()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "unsynced").mkdir()
    disk.sync(tmp_path)
    (tmp_path / "new").write_text("")
    disk.rename(tmp_path / "kept", tmp_path / "renamed")
    disk.lose_names(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["kept"]


STRAYS = ("notes.txt", "backup", "12", "00ab", ".0001", ".git", ".0001.not ours", "0009.old", "0008")
"""What a person may put beside rounds; the last is a file where a folder would be a round's."""


def test_what_is_not_ours_is_neither_touched_nor_stumbled_over(tmp_path, config):
    match = start(tmp_path, config)
    parts = [match.home.match_folder("tiny") / part for part in ("rounds", "states")]
    for part in parts:
        for name in STRAYS[1:-1]:
            (part / name).mkdir()
            (part / name / "mine").write_text("mine")
        for name in (STRAYS[0], STRAYS[-1]):
            (part / name).write_text("mine")
        (part / "0007").mkdir()
        (part / ".0001.c0ffee").mkdir()
    played(match)
    for part in parts:
        left = {path.name for path in part.iterdir() if not path.name.startswith("000") or path.name in STRAYS}
        assert left == set(STRAYS)
        assert not (part / "0007").exists()
        assert (part / "backup" / "mine").read_text() == "mine"
