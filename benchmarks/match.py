"""Where the time and the memory of a match under Ray go.

    python benchmarks/match.py [--rounds 6] [--faces procedural:6000] [--set KEY=VALUE ...]

A round should take as long as the longer training plus the exam: the other training is hidden behind it. What is
neither training, sampling, scoring nor exam (messages, files, the ledger) is overhead. Start-up and the first round are
left out; the ratios are medians over the others. Memory: each worker's highest resident size, and the highest sum over
all processes of the match in which a page shared by several counts once (PSS).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
from pathlib import Path

import psutil

from arena.cluster.table import RayTable, connected
from arena.networks.training import faster_precision, use_one_thread
from arena.play.config import load_config
from arena.play.match import Observer, new_match, play, prepare_faces
from arena.play.table import Setup
from arena.store.home import Home
from arena.store.record import RoundRecord
from arena.tracking.shipper import Shipper


class Memory(threading.Thread):
    """Watches the memory of this process and all below it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.highest, self.finished = 0, threading.Event()

    def run(self) -> None:
        while not self.finished.wait(2):
            total = 0
            me = psutil.Process()
            for process in (me, *me.children(recursive=True)):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.highest = max(self.highest, total)


class Meter(Observer):
    """Collects the records and, before the workers go, their highest resident sizes."""

    def __init__(self, rounds: int) -> None:
        self.rounds, self.records = rounds, list[RoundRecord]()
        self.table: RayTable | None = None
        self.resident: dict[str, float] = {}

    def seat(self, setup: Setup) -> RayTable:
        self.table = RayTable(setup, lambda progress: None)
        return self.table

    def on_round(self, record: RoundRecord) -> None:
        self.records.append(record)
        if record.round == self.rounds and self.table is not None:
            self.resident = {name: _peak(pid) for name, pid in self.table.pids().items()}


def _peak(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def parts(record: RoundRecord) -> dict[str, float]:
    """Seconds of a round: both trainings, the exam, and what is left."""
    a, b, referee = (record.timings[who] for who in ("generator", "detector", "referee"))
    ready = max(a["train"] + a["show"] + referee["set_paper"], b["train"])  # B trains on while A draws its fakes
    needed = ready + b["answer"] + referee["grade"]
    longer = max(a["train"], b["train"])
    exam = a["show"] + referee["set_paper"] + b["answer"] + referee["grade"]
    total = record.seconds
    return {
        "round": total,
        "A trains": a["train"],
        "B trains": b["train"],
        "exam": exam,
        "files": referee["stage"],
        "round / (longer training + exam)": total / (longer + exam),
        "overhead %": 100 * (total - needed) / total,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--faces", default="procedural:6000")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    options = parser.parse_args()
    use_one_thread()
    memory = Memory()
    with tempfile.TemporaryDirectory() as folder:
        home = Home.create(Path(folder) / "home")
        config = load_config(None, options.settings, rounds=options.rounds, faces=options.faces)
        faces = prepare_faces(home, config)
        meter = Meter(options.rounds)
        memory.start()
        with connected():
            match = new_match(home, config, "measured", faces, "cpu", faster_precision("cpu"))
            shipper = Shipper(home.root, None, "measured")
            shipper.start()
            with home.lock("measured"):
                play(match, meter.seat, meter)
            shipper.stop(60)
        memory.finished.set()
    print(f"{options.rounds} rounds in {match.facts['precision']}, medians without the first\n")
    columns = [parts(record) for record in meter.records[1:]]
    print("| | median | highest |\n|---|---|---|")
    for name in columns[0]:
        values = [column[name] for column in columns]
        print(f"| {name} | {statistics.median(values):.2f} | {max(values):.2f} |")
    print("\n| memory | MB |\n|---|---|")
    for name, megabytes in meter.resident.items():
        print(f"| {name}, highest resident | {megabytes:.0f} |")
    print(f"| whole match, shared pages once | {memory.highest / 2**20:.0f} |")


if __name__ == "__main__":
    main()
