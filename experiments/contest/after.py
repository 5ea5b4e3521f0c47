"""What is the detector of a match worth on fakes that it never met?

    python experiments/contest/after.py HOME/matches/NAME/rounds/0010/detector.snapshot.safetensors ... \\
        --faces PATH/faces-64.zip --on resgan:50000 flow:50000 blend --kept OUT/generators --home OUT/home

A row is a snapshot, asked about the exam's part of the faces, which nobody in a match of the same `--faces` and seed
has trained on, and about each kind of fakes: AUROC, and in brackets the share that it calls fake at its threshold.
"Little gradient" is asked about the same images. Generators are trained where `--kept` has none.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from arena.networks.training import use_one_thread
from arena.play.config import load_config
from arena.snapshot import read_snapshot
from arena.store.home import Home
from arena.training.ground import Machine, Wanted, prepare_ground
from arena.training.judging import DETECTOR, LITTLE_GRADIENT, Judged, judge
from arena.training.words import Workshop, read_words


def line(name: str, rows: list[Judged], alarms: str) -> str:
    """A row of the table."""
    cells = [f"{one.auroc:.3f}" + ("" if one.caught is None else f" ({one.caught:.0%})") for one in rows]
    return f"| {name} | **{np.mean([one.auroc for one in rows]):.3f}** | {' | '.join(cells)} | {alarms} |"


def main() -> None:
    """Read the command line, train what is missing, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("snapshots", nargs="+", type=Path)
    parser.add_argument("--faces", required=True)
    parser.add_argument("--seed", type=int, default=0, help="of the match")
    parser.add_argument("--on", nargs="+", required=True, help="as --judge-on of `arena train` takes them")
    parser.add_argument("--kept", type=Path, required=True, help="where the generators are, and are kept")
    parser.add_argument("--home", type=Path, required=True, help="where faces are prepared")
    parser.add_argument("--asked", type=int, default=1000, help="fakes of each kind")
    options = parser.parse_args()
    use_one_thread()
    home = Home.create(options.home)
    config = load_config(None, [], faces=options.faces, seed=options.seed)
    ground = prepare_ground(home, config, Wanted(True, True, True), Machine.here())
    families = Workshop(ground, home, options.kept).open(read_words(options.on, home))
    print(f"| | mean | {' | '.join(family.name for family in families)} | real called fake |")
    print(f"|---|{'---:|' * (len(families) + 2)}")
    for path in options.snapshots:
        snapshot = read_snapshot(path)
        report = judge(ground, snapshot, families, options.asked)
        alarms = f"{report.alarms:.1%} ({report.low:.1%}-{report.high:.1%})"
        print(line(f"{snapshot.contender}, {path.parent}", list(report.by(DETECTOR).values()), alarms), flush=True)
    print(line(LITTLE_GRADIENT, list(report.by(LITTLE_GRADIENT).values()), ""))


if __name__ == "__main__":
    main()
