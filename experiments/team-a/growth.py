"""How good must a generator be for its detector to be useful elsewhere?

    python experiments/team-a/growth.py OUT --faces PATH/faces-64.zip --generators resgan dcgan --seeds 0 1 2 \\
        --images 10000 50000 200000 --others blend self-blend reconstructor:50000 flow:50000

A generator is trained alone on Team A's faces and stopped after so many images; from each stop a fresh detector is
trained on Team B's faces and its fakes, and judged on the referee's faces and on the fakes of families that it never
met. Fakes are coded as the real faces are, real and fake are changed alike in the detector's training, and everything
but the generator's stop is equal. What is in OUT is not made again, so several processes may share it by their seeds.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from arena import registry
from arena.networks.training import use_one_thread
from arena.play.config import load_config
from arena.quality.measure import quality
from arena.seeds import derive
from arena.snapshot import player, read_snapshot, to_bytes
from arena.store.home import Home
from arena.training.course import measured
from arena.training.families import Given
from arena.training.ground import JUDGING, MAKERS, TRAINING, Ground, Machine, Wanted, prepare_ground
from arena.types import LAST, Material, Pool, Snapshot

STRIDE = 10_000
"""Images between two looks at a generator in training: its stops are multiples of it."""
GALLERY, PAPER = 6000, 1000
"""Fakes that a detector trains on, and fakes of each family that it is judged on."""


def grow(ground: Ground, out: Path, name: str, seed: int, stops: Sequence[int]) -> Iterator[tuple[int, Snapshot]]:
    """A generator at its stops, by images seen; what it cost so far is kept beside its snapshot."""
    paths = {stop: out / f"{name}-{seed}-{stop}.safetensors" for stop in stops}
    if not all(path.exists() for path in paths.values()):
        contender = registry.find("generator", name)
        options = contender.options()
        if hasattr(options, "batch"):
            options = dataclasses.replace(options, steps=STRIDE // options.batch)
        team = contender.cls(options, ground.with_seed(seed).brief("generator"))
        start = time.thread_time()
        for number in range(1, 1 + max(1, max(stops) // STRIDE)):
            team.train(number, Material(ground.parts[MAKERS]))
            if (path := paths.get(number * STRIDE)) or (path := paths.get(0)):
                path.write_bytes(to_bytes(team.snapshot(number)))
                path.with_suffix(".json").write_text(json.dumps({"seconds": time.thread_time() - start}))
    for stop, path in paths.items():
        yield stop, read_snapshot(path)


def of_snapshot(ground: Ground, name: str, snapshot: Snapshot) -> Given:
    """What a snapshot makes, coded as the real faces are."""
    return Given(name, "", ground, player(snapshot, "cpu", "bf16"))


def judge(ground: Ground, out: Path, key: str, snapshot: Snapshot, rivals: dict[str, Snapshot], steps: int) -> Any:
    """A detector trained on a snapshot's fakes, and how it fares: AUROC and interval by family, false alarms."""
    path = out / f"{key}.json"
    if path.exists():
        return json.loads(path.read_text())
    seed = snapshot.round
    contender = registry.find("detector", "residual")
    options = dataclasses.replace(contender.options(), steps=steps)
    team = contender.cls(options, ground.with_seed(seed).brief("detector"))
    fakes = {family: of_snapshot(ground, family, rival) for family, rival in {"itself": snapshot, **rivals}.items()}
    gallery = fakes["itself"].fakes(GALLERY, derive(seed, "gallery"))
    team.train(1, Material(ground.parts[TRAINING], (Pool(LAST, gallery),)))
    (out / f"{key}.safetensors").write_bytes(to_bytes(team.snapshot(1)))
    reals = ground.parts[JUDGING]
    of_reals = team.answer(reals.images)
    rows: dict[str, Any] = {}
    for family, made in fakes.items():
        found = measured(reals, of_reals, team.answer(made.unseen(PAPER, derive(seed, "paper"))))
        rows |= {family: [found["auroc"], found["low"], found["high"]], "alarms": found["alarms"]}
    paper = fakes["itself"].unseen(PAPER, 1)
    rows["onet_kid"] = quality(paper, reals.images[:PAPER], search=300).to_json()
    path.write_text(json.dumps(rows))
    return rows


def main() -> None:
    """Read the command line, train what is missing, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--faces", required=True)
    parser.add_argument("--generators", nargs="+", default=["resgan", "dcgan"])
    parser.add_argument("--images", nargs="+", type=int, default=[10_000, 50_000, 200_000, 1_000_000])
    parser.add_argument("--others", nargs="*", default=[])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--detector-steps", type=int, default=1200)
    options = parser.parse_args()
    use_one_thread()
    options.out.mkdir(parents=True, exist_ok=True)
    home = Home.create(options.out / "home")
    config = load_config(None, [], faces=options.faces, seed=0)
    ground = prepare_ground(home, config, Wanted(True, True, True), Machine("cpu", "bf16"))
    rivals = {}
    for other in options.others:
        name, _, images = other.partition(":")
        [(_, rivals[name])] = grow(ground, options.out, name, 100, [int(images or 0)])
    print(f"| generator | seed | images | s | alarms | itself | {' | '.join(rivals)} |")
    for name in options.generators:
        for seed in options.seeds:
            for stop, snapshot in grow(ground, options.out, name, seed, options.images):
                key = f"{name}-{seed}-{stop}-{options.detector_steps}"
                unseen = {family: rival for family, rival in rivals.items() if family != name}
                rows = judge(ground, options.out, key, snapshot, unseen, options.detector_steps)
                seconds = json.loads((options.out / f"{name}-{seed}-{stop}.json").read_text())["seconds"]
                cells = [f"{rows[family][0]:.2f}" if family in rows else "" for family in ("itself", *rivals)]
                print(f"| {name} | {seed} | {stop} | {seconds:.0f} | {rows['alarms']:.1%} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
