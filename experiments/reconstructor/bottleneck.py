"""Train the reconstructor with one code after another and measure what of a stranger's face comes through.

    python experiments/reconstructor/bottleneck.py --faces procedural:3000 --images 8000 --sheet pairs.png

Every row is a training of its own, one thread, bfloat16, seed 0; a tenth of the people is kept for measuring. L1 is of
pixels from 0 to 255. The feature error is that of the training, a share of the features' size, by the row's own
discriminator: it says how well that one is matched and does not compare rows. `--sheet` shows held-out faces above what
became of them, for drawn faces only, because the sheet shows the faces themselves.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch.nn.functional import l1_loss

from arena import registry
from arena.faces.sets.cache import prepare
from arena.generator.reconstructor import feature_error, features
from arena.images import png
from arena.networks.training import as_pool, seeded, to_images, to_range, use_one_thread
from arena.types import Brief, Images

SIZE, HELD_OUT = 64, 0.1
ROWS: dict[str, dict[str, Any]] = {
    "side 4, latent 8": {"side": 4, "latent": 8},
    "side 4, latent 32": {"side": 4, "latent": 32},
    "side 8, latent 16 (the default)": {},
    "side 8, latent 64": {"latent": 64},
    "the default, variational": {"variational": True},
    "the default with skips": {"skips": True},
}


@dataclass(frozen=True)
class Row:
    """What came of a training. `numbers`: in a code. `fakes`: uint8 `[n, S, S, 3]`."""

    numbers: int
    l1: float
    psnr: float
    features: float
    rate: float
    fakes: Images


def measured(options: dict[str, Any], train: Images, held: Images, images: int) -> Row:
    """Train on so many images, then rebuild the held-out faces."""
    team = registry.find("generator", "reconstructor").team(Brief(SIZE, seed=0, precision="bf16"), options)
    batch = team.options.batch
    start = time.thread_time()
    with seeded(0, "cpu"):
        team.begin_training(1.0)
        for step in islice(cycle(team.cycle(as_pool(train, "cpu"), None)), images // batch):
            step()
    rate = images // batch * batch / (time.thread_time() - start)
    real = to_range(as_pool(held, "cpu"))
    network, discriminator = team.trainables["generator"].settle(), team.trainables["discriminator"].settle()
    with torch.no_grad():
        fake = network(real.bfloat16())[0]
        unlike = feature_error(features(discriminator, real.bfloat16()), features(discriminator, fake))
    error = (fake.float() - real) * 127.5
    psnr = 20 * np.log10(255) - 10 * np.log10(error.square().mean().item())
    numbers = team.options.latent * team.options.side**2
    l1 = 127.5 * l1_loss(fake.float(), real).item()
    return Row(numbers, l1, psnr, unlike.item(), rate, to_images(fake))


def main() -> None:
    """Train and print row after row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", default="procedural:3000")
    parser.add_argument("--images", type=int, default=8000, help="training images of each row (default 8000)")
    parser.add_argument("--rows", nargs="*", default=list(ROWS), help="some of the rows")
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    use_one_thread()
    with TemporaryDirectory() as folder:
        faces = prepare(options.faces, Path(folder))
        people = np.random.default_rng(0).permutation(np.unique(faces.identities))
        known = np.isin(faces.identities, people[round(HELD_OUT * len(people)) :])
        train, held = np.array(faces.images[known]), np.array(faces.images[~known][:200])
    print("| | numbers in a code | L1 | PSNR, dB | feature error | images/s |\n|---|---|---|---|---|---|")
    shown = [held]
    for name in options.rows:
        row = measured(ROWS[name], train, held, options.images)
        rest = f"{row.l1:.1f} | {row.psnr:.1f} | {row.features:.3f} | {row.rate:.0f}"
        print(f"| {name} | {row.numbers} | {rest} |", flush=True)
        shown.append(row.fakes)
        if options.sheet and faces.synthetic:
            sheet = np.concatenate([np.concatenate(list(images[:12]), 1) for images in shown])
            options.sheet.write_bytes(png(sheet[None], "generated"))


if __name__ == "__main__":
    main()
