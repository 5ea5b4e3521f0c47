"""Stop the world before and after every durable operation of a match, then resume: nothing may tell the difference."""

from __future__ import annotations

import copy
import errno
import gc
import sqlite3

import pytest
from matches import outcome, played, reopened, start, tiny

from arena.store.disk import Disk
from arena.store.home import Home
from arena.types import ArenaError


class Crash(BaseException):
    """The power went out."""


class FailingDisk(Disk):
    """Counts durable operations and stops the world at one of them."""

    def __init__(self, at=None, after=False, error=None):
        self.count, self.at, self.after, self.error = 0, at, after, error or Crash()

    def _around(self, operation, *arguments):
        mine = self.count == self.at
        self.count += 1
        if mine and not self.after:
            raise self.error
        operation(*arguments)
        if mine:
            raise self.error

    def write(self, path, data):
        self._around(super().write, path, data)

    def sync(self, folder):
        self._around(super().sync, folder)

    def rename(self, source, target):
        self._around(super().rename, source, target)

    def commit(self, connection):
        self._around(super().commit, connection)


CONFIG = {"rounds": 2}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted match and the number of its durable operations."""
    disk = FailingDisk()
    match = start(tmp_path_factory.mktemp("whole"), tiny(**CONFIG), disk=disk)
    played(match)
    return outcome(match), disk.count


def _play_with(root, disk):
    try:
        played(start(root, tiny(**CONFIG), disk=disk))
    except Crash:
        return
    raise AssertionError("the world was not stopped")


def _resume(root):
    """What a person does: start it if it is not there, else resume."""
    gc.collect()  # a dead process has no files open
    known = [row.name for row in Home.open(root).matches()]
    match = reopened(root) if known else start(root, tiny(**CONFIG))
    played(match)
    return match


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_resuming_after_a_crash_at_any_durable_operation_equals_an_uninterrupted_match(tmp_path, whole, after):
    expected, operations = whole
    assert operations > 30
    for at in range(operations):
        root = tmp_path / str(at)
        _play_with(root, FailingDisk(at, after))
        acknowledged = outcome(reopened(root)) if Home.open(root).matches() else {}
        assert acknowledged == {number: expected[number] for number in acknowledged}, f"operation {at}"
        match = _resume(root)
        assert outcome(match) == expected, f"operation {at}"
        errands = match.home.rows("SELECT kind, round FROM outbox ORDER BY id")
        assert errands == [("match", None), ("round", 0), ("round", 1), ("round", 2), ("end", None)], f"operation {at}"
        left_over = [path.name for path in (match.home.match_folder("tiny") / "rounds").iterdir()]
        assert sorted(left_over) == ["0000", "0001", "0002"], f"operation {at}"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "no space"), sqlite3.OperationalError("disk is full")])
def test_a_full_disk_is_one_sentence_and_the_last_round_is_intact(tmp_path, whole, error):
    expected, operations = whole
    for at in range(operations - 12, operations):
        root = tmp_path / str(at)
        with pytest.raises(ArenaError, match="the disk is full"):
            played(start(root, tiny(**CONFIG), disk=FailingDisk(at, error=copy.copy(error))))
        assert outcome(_resume(root)) == expected


def test_a_second_process_on_the_same_match_is_refused(tmp_path):
    match = start(tmp_path, tiny(**CONFIG))
    with match.home.lock("tiny"):
        assert match.home.is_playing("tiny")
        with pytest.raises(ArenaError, match="played by another process"), reopened(tmp_path).home.lock("tiny"):
            pass
    assert not match.home.is_playing("tiny")


def test_a_rounds_folder_is_never_written_again(tmp_path):
    match = start(tmp_path, tiny(**CONFIG))
    played(match)
    folder = match.home.round_folder("tiny", 1)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    staging = match.home.staging_folder("tiny", 1, "again")
    staging.mkdir()
    with pytest.raises(OSError, match="not empty"):
        match.home.commit_round("tiny", 1, staging, "", {})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
