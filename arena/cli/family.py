"""Processes that end together, with everything they have started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from types import FrameType

import psutil

Process = subprocess.Popen[bytes]
PATIENCE, LAST_PATIENCE = 2.0, 2.0
"""Seconds for what was asked to end, and after it was asked again, before it is killed."""
TICK = 0.05


@contextlib.contextmanager
def one_interrupt() -> Iterator[threading.Event]:
    """Within the block the first Ctrl-C or SIGTERM raises KeyboardInterrupt, and only that; later ones set the event.

    So whoever cleans up is not disturbed, and can hurry. A terminal that is closed counts as SIGTERM.
    """
    hurry, seen = threading.Event(), threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if seen.is_set():
            hurry.set()
        else:
            seen.set()
            raise KeyboardInterrupt

    def hang_up(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGTERM)

    handlers = {signal.SIGINT: interrupt, signal.SIGTERM: interrupt, signal.SIGHUP: hang_up}
    before = {kind: signal.signal(kind, handler) for kind, handler in handlers.items()}
    try:
        yield hurry
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def end_all(matches: Sequence[Process], servers: Sequence[Process], hurry: threading.Event) -> None:
    """End processes, each the leader of a session: politely, then firmly, and what is left of them by force.

    A match is asked alone and ends its own workers; a server is asked together with its children.
    """
    everyone = [*matches, *servers]
    relatives = {member for process in everyone for member in _family(process.pid)}
    for process in matches:
        process.terminate()
    for process in servers:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)
    if not _ended(everyone, PATIENCE, hurry):
        for process in matches:
            process.send_signal(signal.SIGINT)  # do not wait for MLflow either
        _ended(everyone, LAST_PATIENCE, hurry)
    relatives |= {member for process in everyone for member in _family(process.pid)}
    for process in everyone:
        process.kill()  # the leaders first, so that none starts anything anew
    for member in relatives:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    for process in everyone:
        process.wait()


def _ended(processes: Sequence[Process], seconds: float, hurry: threading.Event) -> bool:
    deadline = time.monotonic() + seconds
    while any(process.poll() is None for process in processes):
        if hurry.is_set() or time.monotonic() > deadline:
            return False
        time.sleep(TICK)
    return True


def _family(leader: int) -> set[psutil.Process]:
    """A process, its descendants, and what else is in its session: children whose parents are gone."""
    found: set[psutil.Process] = set()
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(leader)
        found |= {process, *process.children(recursive=True)}
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == leader:
                found.add(process)
    return found
