"""Jobs that must not run in the service: each in a process that is started for it, limited, and ended when unwanted."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from arena import children
from arena.service.forkserver import READY, STARTED
from arena.types import ArenaError

PROGRAM = "from arena.service.forkserver import main; main()"
ENVIRONMENT = {
    # Threads do not survive a fork, and one thread per process is faster anyway; nor does CUDA, and a GPU is a match's.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
}
SECRETS = ("ARENA_TOKEN",)
"""Not for the eyes of a process that opens strangers' files."""
ATTEMPTS = 2
"""To begin a job: a server may have died since it was last looked at, and nobody needs to hear of it."""
GRACE_SECONDS = 1.0
"""What a job gets beyond its limit until it is given up, should the kernel not have ended it."""


class Died(ArenaError):  # noqa: N818 - an event, seen by who asked for the job
    """There is no answer to a job. `started`: it took too long or too much memory, or it broke; else it never began."""

    def __init__(self, what: str, started: bool) -> None:
        why = "it took too long or too much memory, or it broke" if started else "its process did not start"
        super().__init__(f"{what} gave no answer: {why}")
        self.started = started


class _NotStarted(Exception):  # noqa: N818
    """A server died before it took up a job."""


class Worker:
    """Runs jobs of one module (see `forkserver`), whose server is started at first use and ended when long unused."""

    def __init__(
        self, module: str, *, at_once: int, seconds: float, memory: int, start_seconds: float, idle_seconds: float
    ) -> None:
        """`at_once`: jobs at a time, others wait. `seconds`, `memory`: limits of a job, in bytes beyond the server's.

        `start_seconds`: until the server must be ready. `idle_seconds`: unused for so long it is ended.
        """
        self._command = children.python("-c", PROGRAM, module, str(seconds), str(memory))
        self._what = module.rpartition(".")[2]
        self._seconds, self._start_seconds, self._idle_seconds = seconds, start_seconds, idle_seconds
        self._turn = asyncio.Semaphore(at_once)
        self._jobs = 0
        self._idle: asyncio.TimerHandle | None = None
        self._server: _Server | None = None

    async def run(self, job: Mapping[str, Any], files: Sequence[int] = ()) -> dict[str, Any]:
        """The answer to a job with these open files. Cancelled, it ends the job. Raises Died."""
        self._jobs += 1
        try:
            async with self._turn:
                for _ in range(ATTEMPTS):
                    server = self._running()
                    try:
                        await server.ready(self._start_seconds)
                        async with asyncio.timeout(self._seconds + GRACE_SECONDS):
                            return await server.run(job, files)
                    except _NotStarted:
                        self._drop(server)
                    except TimeoutError:  # the kernel ends a job sooner: something hangs
                        self._drop(server)
                        raise Died(self._what, started=True) from None
                    except (OSError, ValueError):
                        raise Died(self._what, started=True) from None
                raise Died(self._what, started=False)
        finally:
            self._jobs -= 1
            self._rest()

    def start(self) -> None:
        """Start the server if there is none, without waiting for it. Raises Died."""
        self._running()
        self._rest()

    def stop(self) -> None:
        """End the server; jobs that still run keep going."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._server is not None:
            self._drop(self._server)

    def _running(self) -> _Server:
        if self._server is not None and self._server.lives():
            return self._server
        if self._server is not None:
            self._drop(self._server)
        try:
            self._server = _Server(self._command)
        except OSError:  # no memory, no more processes or files
            raise Died(self._what, started=False) from None
        return self._server

    def _drop(self, server: _Server) -> None:
        if server is self._server:  # else another job has dropped it, and maybe started the next one
            server.stop()
            self._server = None

    def _rest(self) -> None:
        """Count the idle time from now on."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = None
        if not self._jobs and self._server is not None:
            self._idle = asyncio.get_running_loop().call_later(self._idle_seconds, self.stop)


class _Server:
    """A running forkserver."""

    def __init__(self, command: Sequence[str]) -> None:
        self._control, theirs = socket.socketpair()
        known = {name: value for name, value in os.environ.items() if name not in SECRETS}
        with theirs:
            self._process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=children.environment(known) | ENVIRONMENT,
                cwd=children.NOWHERE,
                start_new_session=True,  # Ctrl-C is for the service; the server ends with its stdin
            )
        self._control.setblocking(False)
        self._greeting = asyncio.create_task(asyncio.get_running_loop().sock_recv(self._control, len(READY)))
        self._greeting.add_done_callback(lambda greeting: greeting.cancelled() or greeting.exception())  # is seen to

    def lives(self) -> bool:
        return self._process.poll() is None

    async def ready(self, seconds: float) -> None:
        """Wait until it takes jobs. Raises _NotStarted when it died or takes too long."""
        # Several jobs may wait for the one greeting: none of them takes it away, nor is cancelled with it.
        done, _ = await asyncio.wait((self._greeting,), timeout=seconds)
        if not done or self._greeting.cancelled() or self._greeting.exception() or self._greeting.result() != READY:
            raise _NotStarted

    async def run(self, job: Mapping[str, Any], files: Sequence[int]) -> dict[str, Any]:
        """A job's answer. Raises _NotStarted, OSError or ValueError. The job ends with this coroutine."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours:
            ours.setblocking(False)
            try:
                with theirs:
                    socket.send_fds(self._control, [b"j"], [theirs.fileno()])
                socket.send_fds(ours, [json.dumps(job).encode()], list(files))
                started = await loop.sock_recv(ours, len(STARTED))
            except OSError:
                started = b""
            if started != STARTED:
                raise _NotStarted
            parts: list[bytes] = []
            while not parts or parts[-1]:
                parts.append(await loop.sock_recv(ours, 2**16))
        answer: dict[str, Any] = json.loads(b"".join(parts))
        return answer

    def stop(self) -> None:
        # Before the socket is closed, whose number the next one may get.
        asyncio.get_running_loop().remove_reader(self._control)
        self._greeting.cancel()
        self._control.close()
        self._process.kill()
        self._process.wait()
