"""A process that has everything loaded and forks a child for each job, which the kernel ends when it must.

    python -c "from arena.service.forkserver import main; main()" MODULE SECONDS BYTES

MODULE has `warm()`, called once, and `work(job, files)`, called in a child of its own for every job: what that breaks,
leaks or fills is gone with the child. A child takes milliseconds, where a new Python with its libraries takes seconds.

Whoever gives a job sends one end of a socket, the lease, over this process's stdin, then the job itself over the lease.
Over it come back a byte that says that the job is begun, and the answer. No child outlives its lease: when the other
end is closed, by a client that lost interest, a time limit or the death of a service, the kernel itself ends the child
(O_ASYNC, fcntl(2)), however deep in a decoder it is. SECONDS and BYTES limit its time, on the clock and on the CPU, and
the memory it takes beyond what was there before. When stdin ends, so does this process.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import math
import os
import resource
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn, Protocol, cast

READY, STARTED = b"r", b"s"
MOST_MESSAGE, MOST_FILES = 2**16, 4


class Trade(Protocol):
    """What a MODULE has. `opens_files`: whether a job may open any besides those it comes with, sockets included."""

    opens_files: bool

    def warm(self) -> None:
        """Load what every job needs. Runs no thread: a child would miss it."""
        ...

    def work(self, job: dict[str, Any], files: list[int]) -> dict[str, Any]:
        """Do a job that came with these open files; both job and answer are JSON."""
        ...


def main() -> None:
    """Fork children for jobs until stdin ends."""
    module, seconds, memory = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which then closes stdin
    control = socket.socket(fileno=0)
    trade = cast(Trade, importlib.import_module(module))
    trade.warm()
    gc.freeze()  # children share what is there instead of copying it to count references
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries them
    try:
        control.sendall(READY)
        while True:
            told, leases, _, _ = socket.recv_fds(control, 1, 1)
            if not told:
                return
            for lease in leases:
                if os.fork() == 0:
                    control.close()
                    _child(trade, socket.socket(fileno=lease), seconds, memory)
                os.close(lease)
    except OSError:  # the service is gone
        return


def _child(trade: Trade, lease: socket.socket, seconds: float, memory: int) -> NoReturn:
    status = 1
    try:
        lease.sendall(STARTED)
        _limit(seconds, memory)
        message, files, _, _ = socket.recv_fds(lease, MOST_MESSAGE, MOST_FILES)
        if message:
            _end_with(lease, True)
            if not trade.opens_files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))  # what is open stays so
            answer = json.dumps(trade.work(json.loads(message), files)).encode()
            _end_with(lease, False)  # from here on a closed lease is an error of writing to it
            lease.sendall(answer)
            status = 0
    except BrokenPipeError:
        pass
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)


def _limit(seconds: float, memory: int) -> None:
    signal.setitimer(signal.ITIMER_REAL, seconds)  # its signal ends the process
    whole = math.ceil(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pages = Path("/proc/self/statm")
    if pages.exists():  # elsewhere than on Linux the limit is not kept anyway
        most = int(pages.read_text().split()[0]) * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _end_with(lease: socket.socket, ends: bool) -> None:
    """Let the kernel end this process, or no longer, when the other end of the lease is closed."""
    flags = fcntl.fcntl(lease, fcntl.F_GETFL)
    fcntl.fcntl(lease, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lease, fcntl.F_SETFL, flags | os.O_ASYNC if ends else flags & ~os.O_ASYNC)
    try:
        closed = not lease.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return
    if closed:  # before the kernel was told
        raise BrokenPipeError
