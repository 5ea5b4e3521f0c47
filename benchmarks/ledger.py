"""Does a match of many rounds list, follow and ship in a time that grows with the rounds, not with their square?

    python benchmarks/ledger.py [--rounds 500 1000 2000] [--curve 20] [--mlflow 100 200]

Matches of made-up rounds are committed; then the CPU seconds of this process are taken for: reading all records
(`arena matches`), following the ledger round by round as the service does while they are committed, and shipping after
every round to a store that only counts. `--mlflow`: the same with MLflow's own SQLite store and the real figures, for
fewer rounds as each takes about a third of a second. The bar: twice the rounds take at most 2.6 times as long.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "tracking"))
from matchfiles import new_home, play

from arena.store.follow import Cursor, Follower
from arena.store.home import Home
from arena.store.outbox import errands_of
from arena.tracking import shipper
from arena.tracking.entry import Entry
from arena.tracking.shipper import Teller
from arena.tracking.store import MlflowStore, Run, default_uri

MOST = 2.6
"""Times the seconds for twice the rounds."""
NOISE = 0.1
"""Seconds below which a measurement counts as this long."""


class Counting:
    """A store that only counts."""

    def __init__(self) -> None:
        self._told = 0

    def find(self, match: Any) -> Run:
        return Run("run", self._told)

    def tell(self, run: Run, errand: Any, entry: Entry, reopened: bool) -> None:
        self._told = errand.id


def made_up(root: Path, rounds: int, curve: int) -> Home:
    """A home with a match of so many rounds, each with `curve` points of training."""
    home = new_home(root, rounds=rounds)
    play(home, 0)
    play(home, 1)
    record = home.records("duel")[1]
    record["training"]["detector"]["curve"] *= curve
    for number in range(2, rounds + 1):
        staging = home.staging_folder("duel", number, "x")
        staging.mkdir()
        for file in home.round_folder("duel", 1).iterdir():
            (staging / file.name).write_bytes(file.read_bytes())
        home.commit_round("duel", number, staging, "", record | {"round": number}, number == rounds)
    return home


def listed(home: Home) -> None:
    """What `arena matches` reads."""
    home.records("duel")


def followed(home: Home) -> None:
    """A reader that hears of every round as it comes, one at a time."""
    follower = Follower(home.root)
    follower.refresh()
    cursor = Cursor(0, 0)
    while found := follower.entries(cursor, most=1):
        cursor = cursor.past(found[-1].cursor)
    follower.close()


def shipped(home: Home, store: Any) -> None:
    """A pass of the shipper after every round."""
    teller, errands = Teller("duel"), errands_of(home, "duel")
    everything = Home.errands
    try:
        for errand in errands:  # the ledger as it was when this had just been committed
            Home.errands = (
                lambda self, match, after=0, last=errand.id: [  # type: ignore[method-assign]
                    e for e in errands[after:last] if e.id > after
                ]
            )
            teller.ship(home, store)
    finally:
        Home.errands = everything  # type: ignore[method-assign]


def table(
    title: str, sizes: Sequence[int], make: Callable[[int], Home], work: dict[str, Callable[[Home], None]]
) -> bool:
    """Print CPU seconds by number of rounds; whether all of them grow slowly enough."""
    print(f"\n**{title}**, CPU seconds\n\n| rounds | {' | '.join(work)} |\n|---:|{'---:|' * len(work)}")
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for rounds in sizes:
        home = make(rounds)
        for name, do in work.items():
            start = time.process_time()
            do(home)
            seconds[name].append(time.process_time() - start)
        print(f"| {rounds} | {' | '.join(f'{values[-1]:.2f}' for values in seconds.values())} |", flush=True)
    growth = [
        later / max(earlier, NOISE) / (more / fewer) * 2
        for values in seconds.values()
        for (earlier, later), (fewer, more) in zip(itertools.pairwise(values), itertools.pairwise(sizes), strict=True)
    ]
    worst = max(growth, default=0.0)
    print(f"\ntwice the rounds take at most {worst:.2f} times as long; the bar is {MOST}")
    return worst <= MOST


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, nargs="+", default=[500, 1000, 2000])
    parser.add_argument("--curve", type=int, default=20, help="points of a training curve, default 20")
    parser.add_argument("--mlflow", type=int, nargs="*", default=[], help="rounds to ship to MLflow as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:

        def make(rounds: int) -> Home:
            return made_up(Path(tempfile.mkdtemp(dir=folder)) / "home", rounds, options.curve)

        cleared = True
        if options.mlflow:
            real = {"ship to MLflow": lambda home: shipped(home, MlflowStore(default_uri(home.root), home.root))}
            cleared = table("MLflow's SQLite store", options.mlflow, make, real)
        shipper.entry = lambda *told: Entry({})  # type: ignore[assignment]  # drawing is the same for every round
        work = {"list": listed, "follow": followed, "ship": lambda home: shipped(home, Counting())}
        cleared &= table("The ledger", options.rounds, make, work)
    sys.exit(not cleared)


if __name__ == "__main__":
    main()
