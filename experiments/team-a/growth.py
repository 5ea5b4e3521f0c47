"""How good must a generator be for its detector to be useful elsewhere?

    python experiments/team-a/growth.py OUT --faces PATH/faces-64.zip --generators resgan dcgan --seeds 0 1 2 \\
        --images 10000 50000 200000 --others blend self-blend reconstructor:50000 flow:50000

A generator is trained alone on Team A's faces and stopped after so many images; from each stop a fresh detector is
trained on Team B's faces and its fakes, and judged on the referee's faces and on the fakes of families that it never
met. Fakes are coded as the real faces are, real and fake are changed alike in the detector's training, and everything
but the generator's stop is equal. What is in OUT is not made again, so several processes may share it by their seeds;
`--kept` names a folder that has the other families' generators already, such as OUT/generators of leave_one_out.py.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from arena import registry
from arena.networks.training import use_one_thread
from arena.play.config import load_config
from arena.quality.measure import quality
from arena.seeds import derive
from arena.snapshot import player, read_snapshot, to_bytes
from arena.store.home import Home
from arena.training.families import Family, Given
from arena.training.ground import JUDGING, MAKERS, TRAINING, Ground, Machine, Wanted, prepare_ground
from arena.training.judging import DETECTOR, LITTLE_GRADIENT, judge
from arena.training.kept import keep, made_once, recall
from arena.training.words import Workshop, read_words
from arena.types import LAST, Material, Pool, Snapshot

STRIDE = 10_000
"""Images between two looks at a generator in training: its stops are multiples of it."""
GALLERY, PAPER = 6000, 1000
"""Fakes that a detector trains on, and fakes of each family that it is judged on."""
AVERAGE = 0.99
"""Decay of the detector's averaged weights: its steps are one long round."""


def grow(ground: Ground, out: Path, name: str, seed: int, stops: Sequence[int]) -> dict[int, Snapshot]:
    """A generator at its stops, by images seen; what it cost until then is kept beside each snapshot.

    Where it stands is in OUT, too, so that a longer growth, or one that was stopped, goes on from there.
    """
    paths = {stop: out / f"{name}-{seed}-{stop}.safetensors" for stop in stops}
    if missing := [stop for stop, path in paths.items() if not path.exists()]:
        contender = registry.find("generator", name)
        options = contender.options()
        options = dataclasses.replace(options, steps=STRIDE // options.batch)
        team = contender.cls(options, ground.with_seed(seed).brief("generator"))
        state = out / f"{name}-{seed}.state"
        known, done, spent = recall(state), 0, 0.0
        if known is not None and known.about["done"] * STRIDE < min(missing):
            team.restore(known.state)
            done, spent = known.about["done"], known.about["seconds"]
        start = time.thread_time() - spent
        for number in range(1 + done, 1 + max(stops) // STRIDE):
            team.train(number, Material(ground.parts[MAKERS]))
            seconds = time.thread_time() - start
            if path := paths.get(number * STRIDE):
                path.write_bytes(to_bytes(team.snapshot(number)))
                path.with_suffix(".json").write_text(json.dumps({"seconds": seconds}))
            keep(state, team.state(), {"done": number, "seconds": seconds})
    return {stop: read_snapshot(path) for stop, path in paths.items()}


def trained(ground: Ground, detector: str, fakes: Family, steps: int) -> Snapshot:
    """A detector trained on one family of fakes, in one round, of so many steps where it counts them."""
    contender = registry.find("detector", detector)
    known = {option.name for option in contender.declared}
    given = {"steps": steps, "average": AVERAGE}
    team = contender.team(ground.brief("detector"), {name: given[name] for name in given.keys() & known})
    gallery = fakes.fakes(GALLERY, derive(ground.settings.seed, "gallery"))
    team.train(1, Material(ground.parts[TRAINING], (Pool(LAST, gallery),)))
    found: Snapshot = team.snapshot(1)
    return found


def row(ground: Ground, snapshot: Snapshot, others: Sequence[Family], options: argparse.Namespace) -> Any:
    """How the detector of a stop fares: (AUROC, low, high) by family and judge, false alarms, the fakes' quality."""
    itself = Given("itself", "", ground, player(snapshot, ground.device, ground.precision))
    detector = trained(ground, options.detector, itself, options.detector_steps)
    report = judge(ground, detector, [itself, *others], PAPER)
    found: dict[str, Any] = {
        by: {family: [one.auroc, one.low, one.high] for family, one in report.by(by).items()}
        for by in (DETECTOR, LITTLE_GRADIENT)
    }
    measures = quality(itself.unseen(PAPER, 1), ground.parts[JUDGING].images[:PAPER], search=300).to_json()
    kid, faces = measures["onet_kid"]["value"], measures["one_face"]["value"]
    return found | {"alarms": report.alarms, "kid": kid, "faces": faces}


def line(name: str, seed: int, stop: int, seconds: float, found: Any) -> str:
    """A row of the table; the mean is of the families that the detector never met."""
    by = found[DETECTOR]
    aurocs = {family: value[0] for family, value in by.items()}
    unseen = [value for family, value in aurocs.items() if family != "itself"]
    cells = [f"{value:.2f}" for value in aurocs.values()]
    about = f"{seconds:.0f} | {found['kid']:.2f} | {found['faces']:.0%} | {found['alarms']:.1%}"
    return f"| {name} | {seed} | {stop} | {about} | **{np.mean(unseen):.3f}** | {' | '.join(cells)} |"


def main() -> None:
    """Read the command line, train what is missing, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--faces", required=True)
    parser.add_argument("--generators", nargs="+", default=["resgan", "dcgan"])
    parser.add_argument("--images", nargs="+", type=int, default=[10_000, 50_000, 200_000, 1_000_000])
    parser.add_argument("--others", nargs="+", required=True, help="as --judge-on of `arena train` takes them")
    parser.add_argument("--kept", type=Path, help="where the others' generators are")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--detector", default="residual")
    parser.add_argument("--detector-steps", type=int, default=1200)
    options = parser.parse_args()
    use_one_thread()
    options.out.mkdir(parents=True, exist_ok=True)
    home = Home.create(options.out / "home")
    config = load_config(None, [], faces=options.faces, seed=0)
    ground = prepare_ground(home, config, Wanted(True, True, True), Machine.here())
    words = read_words(options.others, home)
    kept = options.kept or options.out / "generators"
    kept.mkdir(parents=True, exist_ok=True)
    families = Workshop(ground, home, kept).open(words)
    print("| generator | seed | images | s | ONet KID | faces | alarms | **others** | itself | ... |")
    for name in options.generators:
        others = [family for word, family in zip(words, families, strict=True) if word.name != name]
        for seed in options.seeds:
            for stop, snapshot in grow(ground, options.out, name, seed, options.images).items():
                key = f"{options.detector}-{name}-{seed}-{stop}-{options.detector_steps}.json"
                found = made_once(options.out / key, partial(row, ground.with_seed(seed), snapshot, others, options))
                seconds = json.loads((options.out / f"{name}-{seed}-{stop}.json").read_text())["seconds"]
                print(line(name, seed, stop, seconds, found), flush=True)


if __name__ == "__main__":
    main()
