from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

import pytest

from arena.locks import Holder, hold, holder, is_held, last_holder, seize
from arena.types import ArenaError

HOLD = """
import sys
from pathlib import Path
from arena.locks import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_says_who_holds_it_and_who_held_it_last(tmp_path):
    path = tmp_path / "lock"
    assert (holder(path), last_holder(path), is_held(path)) == (None, None, False)
    with hold(path) as is_ours:
        me = holder(path)
        assert is_ours
        assert me == Holder(os.getpid(), socket.gethostname())
        assert me.is_here
        with hold(path, patience=0) as too:
            assert not too
        assert holder(path) == me  # who was refused has left no word
    assert (holder(path), last_holder(path)) == (None, me)


def test_a_killed_holder_holds_nothing(tmp_path):
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        assert holder(path).pid == process.pid
        process.kill()
    assert holder(path) is None
    with hold(path, patience=0) as is_ours:
        assert is_ours
        assert holder(path).pid == os.getpid()


def test_a_holder_that_says_nothing_is_not_guessed(tmp_path):
    path = tmp_path / "match" / "lock"
    path.parent.mkdir()
    with hold(path):
        path.write_text("")
        with pytest.raises(ArenaError, match="whoever holds match does not say which process"):
            holder(path)
    assert not Holder(1, "elsewhere").is_here


def test_who_waits_for_a_lock_that_is_removed_takes_the_next_one_of_its_name(tmp_path):
    path = tmp_path / "lock"
    held, done = threading.Event(), threading.Event()

    def wait():
        with hold(path):
            held.set()
            done.wait(60)

    with path.open("a") as file:
        seize(file.fileno())
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not held.wait(0.05)
        path.unlink()
    assert held.wait(60)
    assert is_held(path)
    done.set()
    waiting.join()
    assert not is_held(path)


def test_a_folder_can_be_held_and_gets_no_file(tmp_path):
    with hold(tmp_path) as is_ours, hold(tmp_path, patience=0) as too:
        assert (is_ours, too) == (True, False)
    assert list(tmp_path.iterdir()) == []
