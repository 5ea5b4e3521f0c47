from __future__ import annotations

import fcntl
import json

import pytest

from arena.service.records import SILENT_END, Record, last_words, read_record, read_records, without_folders


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "starts").mkdir()
    return tmp_path / "starts"


def test_a_record_lives_as_long_as_its_lock(tmp_path, folder):
    assert read_record(tmp_path, "duel") is None
    (folder / "duel.json").write_text(json.dumps({"at": 1.5, "pid": 7}))
    (folder / "duel.yaml").touch()
    with (folder / "duel.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert read_records(tmp_path) == [Record("duel", 1.5, 7, True)]
    assert read_records(tmp_path) == [Record("duel", 1.5, 7, False)]


def test_half_a_record_is_one_without_a_process(tmp_path, folder):
    (folder / "duel.json").write_text('{"at": 1.5')
    record = read_record(tmp_path, "duel")
    assert (record.pid, record.is_alive) == (None, False)
    assert record.at > 1.5
    assert read_records(tmp_path / "nothing") == []


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (
            "reading\nerror: there are no faces at '/home/me/x'; say where\nlater\n",
            "there are no faces at 'x'; say where",
        ),
        ("\x1b[31merror: red\x1b[0m\n", "red"),
        ("round 1/3\ninterrupted; no committed round is lost\nStandings\n", None),
        ("Aborted.\n", None),
        (
            "x\nTraceback (most recent call last):\n  File\nOSError: /a/b\n",
            "its process failed unexpectedly: OSError: b",
        ),
        ("round 1/3: B wins\n", SILENT_END),
        ("", SILENT_END),
        (None, SILENT_END),
    ],
)
def test_last_words(tmp_path, folder, log, words):
    if log is not None:
        (folder / "duel.log").write_text(log)
    assert last_words(tmp_path, "duel") == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("in /root/arena-home; go on", "in arena-home; go on"),
        ("at lfw:/data/lfw", "at lfw:lfw"),
        ("see ~/x.log", "see x.log"),
        ("at http://host:5000/a/b is 1/2 and/or and 3 / 4", "at http://host:5000/a/b is 1/2 and/or and 3 / 4"),
    ],
)
def test_folders_stay_here(text, shown):
    assert without_folders(text) == shown
