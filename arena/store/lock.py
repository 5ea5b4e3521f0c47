"""The lock of a match: one process plays it, and everybody can see which."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from arena.types import ArenaError

LOCK = "lock"
"""Name of the file in the folder of a match. It stays, and says who played last."""


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock or held it last. `host`: the machine it is on, where `pid` means something."""

    pid: int
    host: str

    @property
    def is_here(self) -> bool:
        """Whether that is this machine."""
        return self.host == socket.gethostname()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the match in `folder`. Raises ArenaError when another process does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+", encoding="utf-8") as file:
        if not _take(file):
            raise ArenaError(f"the match {folder.name} is being played by another process; wait or stop that one")
        with contextlib.suppress(OSError):  # a full disk must not stop a match for it
            file.truncate(0)
            file.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
            file.flush()
        yield


def is_locked(folder: Path) -> bool:
    """Whether a process holds the lock."""
    try:
        with (folder / LOCK).open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def holder(folder: Path) -> Holder | None:
    """Who holds the lock, None when nobody does. Raises ArenaError when that one has not said who it is."""
    for _ in range(10):
        if not is_locked(folder):
            return None
        found = last_holder(folder)
        if found is not None:
            return found
        time.sleep(0.02)  # it took the lock a moment ago, and says so the next
    raise ArenaError(f"whoever plays {folder.name} does not say which process it is; stop it where it was started")


def last_holder(folder: Path) -> Holder | None:
    """Who took the lock last, held or not; None when nobody is known."""
    try:
        found = json.loads((folder / LOCK).read_text(encoding="utf-8"))
        return Holder(int(found["pid"]), str(found["host"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def locked_at(folder: Path) -> float:
    """When the lock was taken last, in seconds since 1970."""
    return (folder / LOCK).stat().st_mtime


def _take(file: IO[str]) -> bool:
    """Take the lock, patiently enough that a moment's look by `is_locked` does not count as playing."""
    for _ in range(10):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False
