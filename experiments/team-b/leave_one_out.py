"""What does a detector make of a family of fakes that it never met? One family is left out at a time.

    python experiments/team-b/leave_one_out.py OUT --faces PATH/faces-64.zip --seeds 0 1 2

Each generator is trained once, alone, on the makers' part of the faces; a detector trains against all families but one,
evenly mixed, and is judged on the one left out and on real faces of people nobody has trained on. "Little gradient" is
judged on the same images. What is in OUT is not made again, and a training that was stopped goes on, so several
processes may share OUT by their seeds, families and detectors. The table has whatever is there.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from loud import Loud

from arena import locks, registry
from arena.networks.training import use_one_thread
from arena.play.config import load_config
from arena.store.home import Home
from arena.training.course import Plan, train
from arena.training.families import Family
from arena.training.ground import Ground, Machine, Wanted, prepare_ground
from arena.training.growing import is_grown
from arena.training.judging import DETECTOR, LITTLE_GRADIENT, judge
from arena.training.words import Workshop, read_word
from arena.types import Snapshot

FAMILIES = ("blend", "self-blend", "face-swap", "reconstructor", "resgan", "dcgan", "flow", "progan")


def families(options: argparse.Namespace, ground: Ground, home: Home) -> dict[str, Family]:
    """Every family; the generators among them are trained where nobody has yet."""
    folder = options.out / "generators"
    workshop = Workshop(ground, home, folder, on_stage=Loud().on_stage)
    folder.mkdir(parents=True, exist_ok=True)
    opened: dict[str, Family] = {}
    for patience in (0, math.inf):  # what another process is at comes last
        for name in (name for name in options.families if name not in opened):
            grows = is_grown(name)
            word = read_word(f"{name}:{options.images_of.get(name, options.images)}" if grows else name, home)
            with locks.hold(folder / f".{name}.lock", patience) as is_ours:
                if is_ours:
                    [opened[name]] = workshop.open([word])
    return {name: opened[name] for name in options.families}


def leave_out(
    options: argparse.Namespace, ground: Ground, known: dict[str, Family], detector: str, left_out: str, seed: int
) -> None:
    """Train and judge one detector and its members, where it has some, unless that has been done or is being done."""
    key = f"{detector}-{left_out}-{seed}"
    result, folder = options.out / f"{key}.json", options.out / key
    with locks.hold(options.out / f".{key}.lock", patience=0) as is_ours:
        if result.exists() or not is_ours:
            return
        print(f"# {detector} without {left_out}, seed {seed}", flush=True)
        contender = registry.find("detector", detector)
        given = {"steps": options.steps} if options.steps and "steps" in {o.name for o in contender.declared} else {}
        resolved = asdict(contender.options({**given, **options.set}))
        plan = Plan(detector, resolved, options.fakes, options.epochs, options.patience)
        others = [family for name, family in known.items() if name != left_out]
        trained = train(ground, plan, others, folder, Loud())
        about = {"left_out": left_out, "seed": seed, "seconds": sum(epoch.seconds for epoch in trained.epochs)}
        for member, snapshot in trained.best.parts.items():
            told = {"detector": f"{detector}: {member}", **about, **verdict(ground, snapshot, known[left_out], options)}
            (options.out / f"{key}-{member}.json").write_text(json.dumps(told, indent=1))
        told = {"detector": detector, **about, **verdict(ground, trained.best, known[left_out], options)}
        told["known"] = asdict(trained.best_epoch)
        result.write_text(json.dumps(told, indent=1))


def verdict(ground: Ground, snapshot: Snapshot, left_out: Family, options: argparse.Namespace) -> dict[str, Any]:
    """What a detector makes of the family that was left out."""
    report = judge(ground, snapshot, [left_out], options.asked)
    return {"rows": [asdict(row) for row in report.rows], "alarms": [report.alarms, report.low, report.high]}


def table(out: Path) -> str:
    """Everything in OUT as a table, means of the seeds; intervals are those of the mean of the seeds' ends."""
    found = [json.loads(path.read_text()) for path in sorted(out.glob("*.json"))]
    lines = ["| detector | left out | seeds | AUROC | 95 % | little gradient | 95 % | false alarms | of known fakes |"]
    lines.append("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for detector in sorted({one["detector"] for one in found}):
        rows = [[*_row(group), group] for group in _groups(found, detector)]
        for left_out, seeds, ours, theirs, alarms, known, _ in rows:
            numbers = [f"{ours[0]:.3f}", f"{ours[1]:.3f}-{ours[2]:.3f}", f"{theirs[0]:.3f}"]
            numbers += [f"{theirs[1]:.3f}-{theirs[2]:.3f}", f"{alarms:.1%}", f"{known:.3f}"]
            lines.append(f"| {detector} | {left_out} | {seeds} | {' | '.join(numbers)} |")
        ours, theirs = (np.mean([row[i][0] for row in rows]) for i in (2, 3))
        alarms, known = (np.mean([row[i] for row in rows]) for i in (4, 5))
        lines.append(f"| {detector} | **mean** | | **{ours:.3f}** | | {theirs:.3f} | | {alarms:.1%} | {known:.3f} |")
    return "\n".join(lines)


def _groups(found: list[Any], detector: str) -> list[list[Any]]:
    names = dict.fromkeys(one["left_out"] for one in found if one["detector"] == detector)
    return [[one for one in found if (one["detector"], one["left_out"]) == (detector, name)] for name in names]


def _row(group: list[Any]) -> tuple[str, int, Any, Any, float, float]:
    """Family, number of seeds, (AUROC, low, high) of both judges, false alarms, AUROC on known families."""
    judged = [
        np.mean([[row["auroc"], row["low"], row["high"]] for one in group for row in one["rows"] if row["by"] == by], 0)
        for by in (DETECTOR, LITTLE_GRADIENT)
    ]
    alarms = np.mean([one["alarms"][0] for one in group])
    known = np.mean([one["known"]["auroc"] if "known" in one else np.nan for one in group])
    return group[0]["left_out"], len(group), *judged, float(alarms), float(known)


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--faces", required=True)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--families", nargs="+", default=list(FAMILIES))
    parser.add_argument("--left-out", nargs="+", help="of these families only; by default of each")
    parser.add_argument("--detectors", nargs="+", default=["residual"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--images", type=int, default=50_000, help="that each generator is trained for")
    parser.add_argument("--images-of", nargs="*", default=[], metavar="NAME=N", help="other numbers for some")
    parser.add_argument("--steps", type=int, default=0, help="of a detector's epoch; by default its own")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--patience", type=int, default=8)
    parser.add_argument("--fakes", type=int, default=4000, help="made for each epoch, of all families")
    parser.add_argument("--asked", type=int, default=1000, help="fakes of the family left out")
    parser.add_argument("--set", type=json.loads, default={}, metavar="JSON", help="options of the detectors")
    parser.add_argument("--precision", choices=["fp32", "bf16"], help="by default the faster one on this machine")
    options = parser.parse_args()
    options.images_of = {name: int(count) for name, _, count in (one.partition("=") for one in options.images_of)}
    return options


def main() -> None:
    """Train and judge what is missing, print the table."""
    options = read_options()
    use_one_thread()
    options.out.mkdir(parents=True, exist_ok=True)
    home = Home.create(options.out / "home")
    config = load_config(None, [], faces=options.faces, seed=0, image_size=options.size)
    machine = Machine("cpu", options.precision) if options.precision else Machine.here()
    ground = prepare_ground(home, config, Wanted(True, True, True), machine)
    known = families(options, ground, home)
    for seed in options.seeds:
        for detector in options.detectors:
            for left_out in options.left_out or options.families:
                leave_out(options, ground.with_seed(seed), known, detector, left_out, seed)
    print(table(options.out))


if __name__ == "__main__":
    main()
