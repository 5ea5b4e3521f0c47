"""What does each part of the recipe give? Generators alone on real faces, the same images seen, each part on and off.

    python experiments/team-a/recipe.py OUT --faces PATH/faces-64.zip --images 30000 --seeds 0 1 2

Distances are of ONet features (docs/quality.md), between 2,000 fakes and 2,000 of Team A's faces; `faces` is the share
in which a face detector finds one. Seconds are those of this thread. What is in OUT is not trained again.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from arena import registry
from arena.images import png
from arena.networks.training import use_one_thread
from arena.play.config import load_config
from arena.quality.measure import quality
from arena.store.home import Home
from arena.training.ground import MAKERS, Ground, Machine, Wanted, prepare_ground
from arena.types import Material

PAPER = {"recipe": "2016"}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "dcgan, 2016": ("dcgan", PAPER),
    "dcgan, 2016, 8e-4": ("dcgan", PAPER | {"learning_rate": 8e-4}),
    "dcgan": ("dcgan", {}),
    "... standard loss": ("dcgan", {"loss": "standard"}),
    "... hinge": ("dcgan", {"loss": "hinge"}),
    "... no R1": ("dcgan", {"r1": 0.0}),
    "... R1 and R2": ("dcgan", {"r2": 0.5}),
    "... spectral norm, no R1": ("dcgan", {"r1": 0.0, "spectral": True}),
    "... batch norm": ("dcgan", {"norm": "batch"}),
    "... transposed convolutions": ("dcgan", {"upsample": "transposed"}),
    "... no average": ("dcgan", {"average": 0.0}),
    "... average 0.99": ("dcgan", {"average": 0.99}),
    "... augmentation": ("dcgan", {"augment": "colour,translation,cutout"}),
    "... two time-scales": ("dcgan", {"discriminator_learning_rate": 2e-3}),
    "... learning rate 4e-4": ("dcgan", {"learning_rate": 4e-4}),
    "resgan": ("resgan", {}),
    "progan": ("progan", {}),
    "flow": ("flow", {}),
}


def trained(ground: Ground, name: str, given: dict[str, Any], images: int, seed: int) -> tuple[Any, float]:
    """A generator after so many images, and the seconds that took."""
    contender = registry.find("generator", name)
    options = contender.options(given)
    options = dataclasses.replace(options, warmup_steps=-(-images // options.batch))
    team = contender.cls(options, ground.with_seed(seed).brief("generator"))
    start = time.thread_time()
    team.train(0, Material(ground.parts[MAKERS]))
    return team, time.thread_time() - start


def main() -> None:
    """Read the command line, train what is missing, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--faces", required=True)
    parser.add_argument("--images", type=int, default=30_000)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--only", nargs="*", default=list(VARIANTS))
    parser.add_argument("--sheet", type=Path, help="ten fakes of each, of the first seed, as a PNG")
    options = parser.parse_args()
    use_one_thread()
    options.out.mkdir(parents=True, exist_ok=True)
    config = load_config(None, [], faces=options.faces, seed=0)
    ground = prepare_ground(Home.create(options.out / "home"), config, Wanted(True, True), Machine.here())
    reals = ground.parts[MAKERS].images[:2000]
    print("| | seed | ms an image | ONet KID | faces |\n|---|---|---|---|---|")
    rows = []
    for variant in options.only:
        name, given = VARIANTS[variant]
        for seed in options.seeds:
            key = f"{variant}-{options.images}-{seed}".replace(" ", "_")
            path = options.out / f"{key}.json"
            if not path.exists():
                team, seconds = trained(ground, name, given, options.images, seed)
                fakes = team.generate(2000, 1)
                (options.out / f"{key}.png").write_bytes(png(np.concatenate(fakes[:10], 1)[None], "generated"))
                found = quality(fakes, reals, search=300).to_json()
                path.write_text(json.dumps({"seconds": seconds, **found}))
            if seed == options.seeds[0]:
                rows.append(np.asarray(Image.open(options.out / f"{key}.png")))
            row = json.loads(path.read_text())
            kid, faces = (row[measure]["value"] for measure in ("onet_kid", "one_face"))
            print(f"| {variant} | {seed} | {1000 * row['seconds'] / options.images:.1f} | {kid:.2f} | {faces:.0%} |")
    if options.sheet:
        options.sheet.write_bytes(png(np.concatenate(rows)[None], "generated"))


if __name__ == "__main__":
    main()
