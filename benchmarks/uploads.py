"""Damaged photos by the thousand against the photo check: what it answers, what memory it takes, whom it disturbs.

    python benchmarks/uploads.py [--uploads 10000] [--clients 2]

Small valid PNG, JPEG and WebP files are damaged in seeded ways (`mutated` in tests/photofiles.py: bits flipped, cut
off, lengths and sides made up, text bombs, repetitions) and sent to a real server, while another client asks for the
standings every 10 ms. Bars: no answer of 500 or above, the processes of the service grow by less than 64 MB once they
are warm, and the standings' p99 stays below 200 ms. First a photo of 12 megapixels is checked a few times.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

import httpx2 as httpx
import numpy as np
import psutil
from measure import machine

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from photofiles import drawn_face, encoded, give_detector, mutated, seeds
from servedhome import new_home, play_all

WARM_UP = 200
SECONDS_BETWEEN_LOOKS = 0.5


@dataclass
class Watch:
    """Asks for the standings and looks at the memory meanwhile. `memory`: unique MB of all processes at each look."""

    service: psutil.Process
    url: str
    waits: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        """The other client."""
        with httpx.Client(base_url=self.url, trust_env=False) as client:
            while not self.over.wait(0.01):
                start = time.perf_counter()
                assert client.get("/api/standings").status_code == 200
                self.waits.append(time.perf_counter() - start)

    def look(self) -> None:
        """Memory now and then."""
        while not self.over.wait(SECONDS_BETWEEN_LOOKS):
            self.memory.append(memory_of(self.service))

    def __enter__(self) -> Watch:
        self._threads = [threading.Thread(target=work) for work in (self.ask, self.look)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()


def memory_of(service: psutil.Process) -> float:
    """Resident MB of a service and the servers it has started; what two of them share counts twice.

    Not of the children that these fork for a job: they are gone when it is answered.
    """
    total = 0
    for process in (service, *service.children()):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


def send(url: str, token: str, files: SimpleQueue[bytes], statuses: Counter[int], waits: list[float]) -> None:
    """One client: sends the next file, waits for the answer."""
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=120, trust_env=False) as client:
        while True:
            try:
                data = files.get_nowait()
            except Empty:
                return
            start = time.perf_counter()
            statuses[client.post("/api/detect", content=data).status_code] += 1
            waits.append(time.perf_counter() - start)


def upload(url: str, token: str, files: list[bytes], clients: int) -> tuple[Counter[int], list[float]]:
    """Send all files from several clients; answers by status, and seconds each took."""
    queue: SimpleQueue[bytes] = SimpleQueue()
    for data in files:
        queue.put(data)
    statuses: Counter[int] = Counter()
    waits: list[float] = []
    threads = [threading.Thread(target=send, args=(url, token, queue, statuses, waits)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses, waits


def bombard(service: psutil.Process, url: str, token: str, given: argparse.Namespace) -> None:
    rng, whole = np.random.default_rng(given.seed), seeds()
    files = [mutated(rng, whole) for _ in range(given.uploads)]
    upload(url, token, files[:WARM_UP], given.clients)
    before, start = memory_of(service), time.perf_counter()
    with Watch(service, url) as watch:
        statuses, waits = upload(url, token, files, given.clients)
    seconds, after = time.perf_counter() - start, memory_of(service)
    p99 = 1e3 * statistics.quantiles(watch.waits, n=100)[98]
    bad = sum(count for status, count in statuses.items() if status >= 500)
    counts = ", ".join(f"{count:,} x {status}" for status, count in sorted(statuses.items()))
    print(f"\n{given.uploads:,} uploads from {given.clients} clients in {seconds:.0f} s: {counts}\n")
    print("| | value | bar | |\n|---|---|---|---|")
    for what, value, bar in (
        ("answers of 500 or above", bad, 1),
        ("growth of the service's processes, MB", after - before, 64),
        ("... at its highest, MB", max(watch.memory) - before, 64),
        ("p99 of /api/standings meanwhile, ms", p99, 200),
    ):
        print(f"| {what} | {value:,.1f} | {bar} | {'cleared' if value < bar else 'MISSED'} |")
    cuts = statistics.quantiles(waits, n=100)
    print(f"\nAn upload took {1e3 * cuts[49]:.0f} ms at the median, {1e3 * cuts[98]:.0f} ms at p99.")


def check_a_photo(url: str, token: str, service: psutil.Process) -> None:
    photo = encoded(drawn_face(512).resize((4000, 3000)), "JPEG", quality=95)
    headers = {"authorization": f"Bearer {token}"}
    print(f"\nA JPEG of 12 megapixels and {len(photo) / 1e6:.1f} MB:\n")
    print("| check | seconds | highest MB of a process forked for it |\n|---|---|---|")
    with httpx.Client(base_url=url, headers=headers, timeout=240, trust_env=False) as client:
        for name in ("first, which starts decoder and judge", "second", "third", "with a heat map"):
            highest: list[float] = [0.0]
            over = threading.Event()
            thread = threading.Thread(target=watch_children, args=(service, highest, over))
            thread.start()
            start = time.perf_counter()
            answer = client.post("/api/detect", content=photo, params={"heatmap": "heat" in name})
            seconds = time.perf_counter() - start
            over.set()
            thread.join()
            assert answer.status_code == 200, answer.text
            assert json.loads(answer.content)["faces"]
            print(f"| {name} | {seconds:.2f} | {highest[0]:.0f} |", flush=True)


def watch_children(service: psutil.Process, highest: list[float], over: threading.Event) -> None:
    """The most memory, in MB and with what it shares, of any process forked for a job."""
    while not over.wait(0.01):
        for server in service.children():
            for child in server.children():
                try:
                    highest[0] = max(highest[0], child.memory_info().rss / 1e6)
                except psutil.NoSuchProcess:
                    continue


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uploads", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(machine("cpu"))
    with tempfile.TemporaryDirectory() as folder:
        home = new_home(Path(folder) / "home")
        play_all(home)
        give_detector(home, "duel", 2, image_size=64)
        command = [sys.executable, "-c", "from arena.cli import main; main()", "serve", "--port", "0"]
        with subprocess.Popen([*command, "--home", str(home.root)], stdout=subprocess.PIPE, text=True) as service:
            assert service.stdout is not None
            try:
                found = re.search(r"http://\S+", service.stdout.readline())
                assert found is not None
                token = (home.root / "token").read_text(encoding="ascii").strip()
                process = psutil.Process(service.pid)
                check_a_photo(found[0], token, process)
                bombard(process, found[0], token, given)
            finally:
                service.terminate()


if __name__ == "__main__":
    main()
