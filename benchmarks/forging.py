"""How fast are fakes made of real faces, once their landmarks are known? On one core, from a bank of drawn faces.

    python benchmarks/forging.py [--n 200]

CPU time of this process, the contenders and sizes in turn, the median of the turns. Bar: 200 images a second at 64, 128
and 160 pixels, for swaps and self-blends.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import torch

from arena import registry
from arena.faces.procedural import render
from arena.faces.sources.drawn import FRAMING
from arena.types import Brief, Faces, Material

SIZES = (64, 128, 160)
WAYS = {
    "blend": ("blend", {}),
    "self-blend": ("self-blend", {}),
    "face-swap": ("face-swap", {"colour": False}),
    "face-swap, colour (the default)": ("face-swap", {}),
    "face-swap, colour and Poisson": ("face-swap", {"poisson": True}),
    "face-swap, INFACE blur alone, colour and Poisson": (
        "face-swap",
        {"poisson": True, "parts": ("INFACE",), "edges": ("blur",)},
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=200, help="images a turn (default 200)")
    parser.add_argument("--turns", type=int, default=5, help="turns (default 5)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    teams = {(way, size): ready(*WAYS[way], size) for size in SIZES for way in WAYS}
    seconds: dict[tuple[str, int], list[float]] = {key: [] for key in teams}
    for turn in range(options.turns):
        for key, team in teams.items():
            begin = time.process_time()
            team.generate(options.n, turn)
            seconds[key].append(time.process_time() - begin)
    print("| images/s | " + " | ".join(f"{size} px" for size in SIZES) + " |")
    print("|---|" + "---:|" * len(SIZES))
    for way in WAYS:
        rates = [options.n / statistics.median(seconds[way, size]) for size in SIZES]
        print(f"| {way} | " + " | ".join(f"{rate:.0f}" for rate in rates) + " |")


def ready(contender: str, given: dict[str, object], size: int):
    """A team with a bank of drawn faces, whose landmarks lie about where the renderer puts them."""
    people = np.arange(200)
    images = render(1, people, people * 0, size)
    spread = np.random.default_rng(0).normal(0, 1, (len(people), 5, 2)) * FRAMING.spread
    faces = Faces(images, people, ((spread + FRAMING.points) * size).astype(np.float32))
    team = registry.find("generator", contender).team(Brief(size, seed=0), given)
    team.train(1, Material(faces))
    team.generate(2, 0)
    return team


if __name__ == "__main__":
    main()
