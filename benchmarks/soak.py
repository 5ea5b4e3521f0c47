"""Memory of the service over many requests, of every kind that only looks.

    python benchmarks/soak.py [--requests 100000] [--clients 8]

Asks every route of the service's own schema that takes GET, in turn, with and without what makes the address wrong, and
in between opens streams of events and leaves them. A round is committed every half second. The bar: resident memory of
the service is flat from the first tenth of the requests to the last.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import itertools
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from servedhome import new_home, new_match, play

from arena.store.home import Home

KNOWN = {"match": "match-0", "number": "1", "index": "0"}
"""What fills in an address; everything else in braces becomes `nothing`."""
NEVER = re.compile(r"/events$|/contenders$|/settings$|/detector$")
"""Routes of streams, which are opened and left, and those that start a process of their own for the first answer."""
COMMIT_SECONDS = 0.5


def addresses(openapi: dict[str, dict[str, object]]) -> Iterator[str]:
    """Every route that takes GET, right and wrong, without end."""
    paths = [path for path, methods in openapi["paths"].items() if "get" in methods and not NEVER.search(path)]  # type: ignore[operator]
    for turn in itertools.count():
        known = KNOWN if turn % 4 else {**KNOWN, "match": f"match-{turn}"}  # every fourth turn leads nowhere
        for path in paths:
            yield re.sub(r"{(\w+)}", lambda found, known=known: known.get(found[1], "nothing"), path)  # type: ignore[misc]


async def fetch(port: int, path: str) -> int:
    """The status of an answer, which is read to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1])


async def client(port: int, some: Iterator[str], left: Iterator[int], seen: collections.Counter[int]) -> None:
    for number in left:
        if number % 50 == 0:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /api/events?after=0-0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            await reader.readuntil(b"data:")
            writer.close()
        seen[await fetch(port, next(some))] += 1


async def commit(home: Home) -> None:
    for number in itertools.count():
        play(home, number, "live")
        await asyncio.sleep(COMMIT_SECONDS)


async def soak(port: int, requests: int, clients: int, process: psutil.Process, home: Home) -> None:
    openapi = json.loads(await asyncio.to_thread(_get, port, "/api/openapi.json"))
    some, seen = addresses(openapi), collections.Counter[int]()
    writer = asyncio.create_task(commit(home))
    print("| requests | resident MB | statuses |\n|---|---|---|", flush=True)
    for tenth in range(1, 11):
        left = iter(range(requests // 10))
        await asyncio.gather(*(client(port, some, left, seen) for _ in range(clients)))
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(seen.items()))
        print(f"| {tenth * (requests // 10):,} | {process.memory_info().rss / 1e6:.1f} | {statuses} |", flush=True)
    writer.cancel()


def _get(port: int, path: str) -> str:
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        return str(answer.read(), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=8)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = new_home(Path(folder) / "home", "live", 10**6)
        new_match(home, "match-0", 10)
        for number in range(11):
            play(home, number, "match-0")
        command = [sys.executable, "-c", "from arena.cli import main; main()", "serve", "--port", "0"]
        start = time.perf_counter()
        with subprocess.Popen([*command, "--home", str(home.root)], stdout=subprocess.PIPE, text=True) as service:
            assert service.stdout is not None
            try:
                port = re.search(r":(\d+)", service.stdout.readline())
                assert port is not None
                asyncio.run(soak(int(port[1]), given.requests, given.clients, psutil.Process(service.pid), home))
                print(f"\n{given.requests / (time.perf_counter() - start):,.0f} requests per second")
            finally:
                service.terminate()


if __name__ == "__main__":
    main()
