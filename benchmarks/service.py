"""Requests per second and waiting times of the service, asked by a closed loop of clients over loopback.

    python benchmarks/service.py [--matches 20] [--rounds 50] [--clients 8] [--seconds 5]

The bar is 1,000 requests per second with a p99 below 50 ms on one core. The service runs in a process of its own, which
is given one core where there are two; the clients, as few lines as can be, share the other. Between the measurements a
round is committed every 0.2 s, so that answers are also made anew. A request per second of the service's own CPU time
says what it could do if the machine had nothing else to do.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from servedhome import new_home, new_match, play

from arena.store.home import Home

PATHS = "/api/standings", "/api/matches/match-0/rounds"
COMMIT_SECONDS = 0.2


async def ask(port: int, path: str, until: float, waits: list[float]) -> None:
    """One client: asks, waits for the whole answer, asks again."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    while time.perf_counter() < until:
        start = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        found = re.search(rb"content-length: (\d+)", head)
        assert found is not None
        await reader.readexactly(int(found[1]))
        waits.append(time.perf_counter() - start)
    writer.close()


async def commit(home: Home, first: int, until: float) -> None:
    """A match that goes on meanwhile."""
    number = first
    while time.perf_counter() < until:
        play(home, number, "live")
        number += 1
        await asyncio.sleep(COMMIT_SECONDS)


async def measure(port: int, path: str, clients: int, seconds: float, home: Home) -> list[float]:
    """Seconds that each request took."""
    waits: list[float] = []
    until = time.perf_counter() + seconds
    writer = commit(home, (home.last_round("live") or -1) + 1, until)
    await asyncio.gather(writer, *(ask(port, path, until, waits) for _ in range(clients)))
    return waits


def pin(process: Any, core: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    process.cpu_affinity([cores[core % len(cores)]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--matches", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = new_home(Path(folder) / "home", "live", 10**6)
        for i in range(given.matches):
            new_match(home, f"match-{i}", given.rounds)
            for number in range(given.rounds + 1):
                play(home, number, f"match-{i}")
        command = [sys.executable, "-c", "from arena.cli import main; main()", "serve", "--port", "0"]
        with subprocess.Popen([*command, "--home", str(home.root)], stdout=subprocess.PIPE, text=True) as service:
            assert service.stdout is not None
            try:
                found = re.search(r":(\d+)$", service.stdout.readline().strip())
                assert found is not None
                process = psutil.Process(service.pid)
                pin(process, 0)
                pin(psutil.Process(), 1)
                print("| | requests/s | p50 ms | p99 ms | worst ms | requests per s of CPU | resident MB |")
                print("|---|---|---|---|---|---|---|")
                for path in PATHS:
                    asyncio.run(measure(int(found[1]), path, given.clients, 0.5, home))
                    before = sum(process.cpu_times()[:2])
                    waits = asyncio.run(measure(int(found[1]), path, given.clients, given.seconds, home))
                    spent = sum(process.cpu_times()[:2]) - before
                    cuts = statistics.quantiles(waits, n=100)
                    figures = len(waits) / given.seconds, 1e3 * cuts[49], 1e3 * cuts[98], 1e3 * max(waits)
                    resident = process.memory_info().rss / 1e6
                    cells = " | ".join(f"{value:,.1f}" for value in (*figures, len(waits) / spent, resident))
                    print(f"| {path} | {cells} |", flush=True)
            finally:
                service.terminate()


if __name__ == "__main__":
    main()
