"""What is left of a detector's answer when images are stored again, and when a forger attacks them?

    python experiments/team-b/robustness.py OUT --faces PATH/faces-64.zip --detectors cnn robust \\
        --against dcgan:50000 resgan:50000 progan:50000 flow:50000 reconstructor:50000

Each detector trains against all these families, evenly mixed, and is asked about people and fakes that nobody trained
on. Files: real and fake are stored, blurred and noised alike. Attacks: the forger knows the detector's weights and
moves every fake towards "real" by at most 8 grey levels, in one step (FGSM) or in ten of 2 (PGD), rounded as in a file;
"both" moves the real faces towards "fake" as well. A detector without gradients is not attacked. The last columns are
the shortcut probe furthest from 0.5 (`arena probe`) and the speed of scoring. What is in OUT is not made again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from loud import Loud
from PIL import Image, ImageFilter

from arena import registry
from arena.networks.attacks import Objective, called_real, fgsm, from_unit, pgd, to_unit
from arena.networks.training import seeded, use_one_thread
from arena.play.config import load_config
from arena.referee.probes import compressed, probe, shrunk
from arena.seeds import derive, rng
from arena.snapshot import player
from arena.store.home import Home
from arena.training.course import Plan, measured, train
from arena.training.families import Family, mixed
from arena.training.ground import JUDGING, Ground, Machine, Wanted, prepare_ground
from arena.training.kept import made_once
from arena.training.words import Workshop, read_words
from arena.types import Detector, Faces, Images

EPS, ALPHA, STEPS, AT_ONCE = 8 / 255, 2 / 255, 10, 50
PROBED = 400
"""Faces that the shortcut probes ask about."""
Change = Callable[[Images], Images]
"""Of one image, uint8 `[S, S, 3]`."""
STORED: Mapping[str, Change] = {
    "clean": lambda image: image,
    "JPEG 75": lambda image: compressed(image, 75),
    "JPEG 50": lambda image: compressed(image, 50),
    "JPEG 15": lambda image: compressed(image, 15),
    "1/2": lambda image: shrunk(image, 2),
    "1/3": lambda image: shrunk(image, 3),
    "blur": lambda image: np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(1.0))),
}
ATTACKED = ("FGSM", "PGD", "PGD, both")


def each(act: Change, images: Images) -> Images:
    """Images after a change."""
    return np.stack([act(image) for image in images])


def noised(images: Images) -> Images:
    """Images with normal noise of 5 % of the range."""
    noise = rng(0, "noise").normal(0, 0.05 * 255, images.shape)
    return np.asarray((images + noise).round().clip(0, 255), np.uint8)


def attacked(objective: Objective, images: Images, steps: int) -> Images:
    """Images after FGSM, where `steps` is 1, or after PGD."""
    found = []
    with seeded(0, "cpu"):
        for i in range(0, len(images), AT_ONCE):
            pixels = to_unit(images[i : i + AT_ONCE], "cpu")
            pixels = fgsm(objective, pixels, EPS) if steps == 1 else pgd(objective, pixels, EPS, ALPHA, steps)
            found.append(from_unit(pixels))
    return np.concatenate(found)


def judged(detector: Detector, reals: Faces, fakes: Images) -> dict[str, Any]:
    """AUROC and interval after each change and attack, the worst probe, images scored a second."""
    versions = {name: [each(act, reals.images), each(act, fakes)] for name, act in STORED.items()}
    versions["noise"] = [noised(reals.images), noised(fakes)]
    critic = detector.critic()
    if critic is not None:
        towards_real = called_real(critic)
        moved = attacked(towards_real, fakes, STEPS)
        versions["FGSM"] = [reals.images, attacked(towards_real, fakes, 1)]
        versions["PGD"] = [reals.images, moved]
        versions["PGD, both"] = [attacked(lambda images: -towards_real(images), reals.images, STEPS), moved]
    found: dict[str, Any] = {}
    for name, (real, fake) in versions.items():
        row = measured(reals, detector.answer(real), detector.answer(fake))
        found[name] = [row["auroc"], row["low"], row["high"]]
    begin = time.thread_time()
    detector.answer(fakes)
    found["speed"] = len(fakes) / (time.thread_time() - begin)
    probes = {one.name: one.auroc for one in probe(detector, reals[np.arange(min(PROBED, len(reals)))]) if one.strict}
    found["probes"] = probes
    return found


def one(options: argparse.Namespace, ground: Ground, families: list[Family], name: str) -> Any:
    """Train and judge a detector."""
    print(f"# {name}", flush=True)
    contender = registry.find("detector", name)
    known = {option.name for option in contender.declared}
    given = {key: value for key, value in options.set.items() if key in known}
    plan = Plan(name, asdict(contender.options(given)), options.fakes, options.epochs, options.epochs)
    trained = train(ground, plan, families, options.out / f"{name}-{options.seed}", Loud())
    reals = ground.parts[JUDGING][np.arange(options.asked)]
    fakes = mixed(families, options.asked, derive(options.seed, "judging"), unseen=True)
    found = judged(player(trained.best, ground.device, ground.precision), reals, fakes)
    return found | {"seconds": sum(epoch.seconds for epoch in trained.epochs), "images": trained.best_epoch.images}


def line(name: str, found: Mapping[str, Any]) -> str:
    """A row of the table."""
    cells = [f"{found[column][0]:.3f}" if column in found else "" for column in (*STORED, "noise", *ATTACKED)]
    worst = max(found["probes"], key=lambda which: abs(found["probes"][which] - 0.5))
    width = (found["clean"][2] - found["clean"][1]) / 2
    about = f"{found['probes'][worst]:.2f} {worst} | {found['speed']:.0f}"
    return f"| {name} | {cells[0]} ± {width:.3f} | {' | '.join(cells[1:])} | {about} |"


def main() -> None:
    """Read the command line, train what is missing, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--faces", required=True)
    parser.add_argument("--against", nargs="+", required=True, help="as --against of `arena train` takes them")
    parser.add_argument("--kept", type=Path, help="where the families' generators are; by default OUT/generators")
    parser.add_argument("--detectors", nargs="+", default=["cnn", "robust"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--fakes", type=int, default=3000, help="made for each epoch, of all families")
    parser.add_argument("--asked", type=int, default=500, help="real faces, and as many fakes, that are judged")
    parser.add_argument("--set", type=json.loads, default={}, metavar="JSON", help="options of those that have them")
    options = parser.parse_args()
    use_one_thread()
    kept = options.kept or options.out / "generators"
    kept.mkdir(parents=True, exist_ok=True)
    home = Home.create(options.out / "home")
    config = load_config(None, [], faces=options.faces, seed=0)
    ground = prepare_ground(home, config, Wanted(True, True, True), Machine.here()).with_seed(options.seed)
    families = Workshop(ground.with_seed(0), home, kept).open(read_words(options.against, home))
    rows = {
        name: made_once(options.out / f"{name}-{options.seed}.json", partial(one, options, ground, families, name))
        for name in options.detectors
    }
    columns = ["", *STORED, "noise", *ATTACKED, "worst probe", "images/s"]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    print("\n".join(line(name, found) for name, found in rows.items()))


if __name__ == "__main__":
    main()
