"""Jobs that must not run in the service: each in a process that is started for it, limited, and ended when unwanted."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from arena.service.forkserver import READY
from arena.types import ArenaError

PROGRAM = "from arena.service.forkserver import main; main()"
ENVIRONMENT = {
    # Threads do not survive a fork, and one thread per process is faster anyway; nor does CUDA, and a GPU is a match's.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
}
GRACE_SECONDS = 1.0
"""What a job gets beyond its limit until it is given up, should the kernel not have ended it."""


class Died(ArenaError):  # noqa: N818 - an event, seen by who asked for the job
    """A job ended without an answer: it broke, took too long or too much memory. `server`: its server died too."""

    def __init__(self, what: str, server: bool) -> None:
        super().__init__(f"{what} ended without an answer: it took too long or too much memory, or it broke")
        self.server = server


class Worker:
    """Runs jobs of one module (see `forkserver`), whose server is started at first use and ended when long unused."""

    def __init__(
        self, module: str, *, at_once: int, seconds: float, memory: int, start_seconds: float, idle_seconds: float
    ) -> None:
        """`at_once`: jobs at a time, others wait. `seconds`, `memory`: limits of a job, in bytes beyond the server's.

        `start_seconds`: until the server must be ready. `idle_seconds`: unused for so long it is ended.
        """
        self._command = [sys.executable, "-c", PROGRAM, module, str(seconds), str(memory)]
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
                server = self.start()
                if not await server.ready(self._start_seconds):
                    self._drop(server)
                    raise Died(self._what, server=True)
                try:
                    async with asyncio.timeout(self._seconds + GRACE_SECONDS):
                        return await server.run(job, files)
                except (TimeoutError, OSError, ValueError):
                    raise Died(self._what, server=not server.lives()) from None
        finally:
            self._jobs -= 1
            self._rest()

    def start(self) -> _Server:
        """The server, started if there is none; it is not waited for."""
        if self._server is None or not self._server.lives():
            self.stop()
            self._server = _Server(self._command)
        self._rest()
        return self._server

    def stop(self) -> None:
        """End the server; jobs that still run keep going."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._server is not None:
            self._drop(self._server)

    def _drop(self, server: _Server) -> None:
        server.stop()
        if self._server is server:
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
        with theirs:
            self._process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=os.environ | ENVIRONMENT,
                start_new_session=True,  # Ctrl-C is for the service; the server ends with its stdin
            )
        self._control.setblocking(False)
        self._greeting = asyncio.create_task(asyncio.get_running_loop().sock_recv(self._control, len(READY)))

    def lives(self) -> bool:
        return self._process.poll() is None

    async def ready(self, seconds: float) -> bool:
        """Wait until it takes jobs; False when it died or takes too long."""
        try:
            # Shielded: who stops waiting must not take the greeting from the others.
            async with asyncio.timeout(seconds):
                return await asyncio.shield(self._greeting) == READY
        except (TimeoutError, OSError):
            return False

    async def run(self, job: Mapping[str, Any], files: Sequence[int]) -> dict[str, Any]:
        """A job's answer; OSError or ValueError when there is none. The job ends with this coroutine."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                socket.send_fds(self._control, [b"j"], [theirs.fileno()])
            socket.send_fds(ours, [json.dumps(job).encode()], list(files))
            ours.setblocking(False)
            parts: list[bytes] = []
            while not parts or parts[-1]:
                parts.append(await asyncio.get_running_loop().sock_recv(ours, 2**16))
        answer: dict[str, Any] = json.loads(b"".join(parts))
        return answer

    def stop(self) -> None:
        self._greeting.cancel()
        self._control.close()
        self._process.kill()
        self._process.wait()
