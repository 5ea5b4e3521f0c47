from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from arena.store.lock import Holder, holder, is_locked, last_holder, locked
from arena.types import ArenaError

HOLD = """
import sys
from pathlib import Path
from arena.store.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_says_who_holds_it_and_who_held_it_last(tmp_path):
    folder = tmp_path / "match"
    assert (holder(folder), last_holder(folder), is_locked(folder)) == (None, None, False)
    with locked(folder):
        me = holder(folder)
        assert me == Holder(os.getpid(), socket.gethostname())
        assert me.is_here
        with pytest.raises(ArenaError, match="the match match is being played by another process"), locked(folder):
            raise AssertionError
        assert holder(folder) == me  # who was refused has left no word
    assert (holder(folder), last_holder(folder)) == (None, me)


def test_a_killed_holder_holds_nothing(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        assert holder(tmp_path).pid == process.pid
        process.kill()
    assert holder(tmp_path) is None
    with locked(tmp_path):
        assert holder(tmp_path).pid == os.getpid()


def test_a_holder_that_says_nothing_is_not_guessed(tmp_path):
    with locked(tmp_path):
        (tmp_path / "lock").write_text("")
        with pytest.raises(ArenaError, match="does not say which process"):
            holder(tmp_path)
    assert not Holder(1, "elsewhere").is_here
