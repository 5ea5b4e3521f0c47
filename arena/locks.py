"""Locks on files: held by a process for as long as it lives at most, and everybody can see by which."""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from arena.types import ArenaError

A_LOOK = 0.2
"""Seconds of patience for a lock that must be free: looking whether one is held takes it for an instant."""
_PAUSE = 0.02


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
def hold(path: Path, patience: float = math.inf) -> Iterator[bool]:
    """Hold the lock on a file, which is made, or on a folder that is there; yield whether it came within `patience`.

    `patience`: seconds to wait for another process. The file stays and says who held it last. Who holds it may remove
    it: whoever waits for it then takes the next one of its name.
    """
    descriptor = _opened(path, patience)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def seize(descriptor: int, patience: float = math.inf, shared: bool = False) -> bool:
    """Take the lock on an open file, to be let go when the last copy of its descriptor is closed, in any process.

    `shared`: only beside others who share it, which tells whether somebody holds it alone.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    if patience == math.inf:
        fcntl.flock(descriptor, kind)
        return True
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE)
        else:
            return True


def is_held(path: Path) -> bool:
    """Whether a process holds the lock."""
    try:
        with path.open("rb") as file:
            return not seize(file.fileno(), 0, shared=True)
    except FileNotFoundError:
        return False
    except OSError:
        return True


def holder(path: Path) -> Holder | None:
    """Who holds the lock, None when nobody does. Raises ArenaError when that one has not said who it is."""
    for _ in range(10):
        if not is_held(path):
            return None
        found = last_holder(path)
        if found is not None:
            return found
        time.sleep(_PAUSE)  # it took the lock a moment ago, and says so the next
    raise ArenaError(f"whoever holds {path.parent.name} does not say which process it is; stop it where it was started")


def last_holder(path: Path) -> Holder | None:
    """Who took the lock last, held or not; None when nobody is known."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Holder(int(found["pid"]), str(found["host"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def held_since(path: Path) -> float:
    """When the lock was taken last, in seconds since 1970."""
    return path.stat().st_mtime


def _opened(path: Path, patience: float) -> int | None:
    """The file with its lock taken, None when another process keeps it."""
    is_folder = path.is_dir()
    while True:
        descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not seize(descriptor, patience):
                os.close(descriptor)
                return None
            if _is_at(path, descriptor):
                if not is_folder:
                    _sign(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # it was removed meanwhile, so it keeps nobody out


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _sign(descriptor: int) -> None:
    with contextlib.suppress(OSError):  # a full disk must stop nobody for it
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode())
