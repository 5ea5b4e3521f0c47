"""Training and scoring of the CNN detector: how much faster than plain PyTorch is the arena's?

    python benchmarks/detector.py [--device cuda]

- plain: the same network, shown the same of the images, in float32, channels first, Adam as it comes, the loss read
  back in every step.
- arena: the step and the scoring of a match, drawing and decoding uint8 images included, with no image changed.
- arena, changed: the same with every change of the training images, to see what they cost.

Bars: at least 2.0 times plain in training and in scoring, on one CPU thread.
"""

from __future__ import annotations

from argparse import Namespace

import numpy as np
import torch
from measure import Bar, Steps, arguments, interleaved, machine, report
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from arena.detector.cnn import CNN, CNNOptions
from arena.detector.team import SCORING_BATCH
from arena.networks.inputs import seen
from arena.networks.training import as_pool, faster_precision, to_range, use_one_thread
from arena.types import Brief, Images

SIZE, POOL = 64, 1000
INPUT = CNNOptions.input


def plain_network(width: int) -> nn.Module:
    """The network of the CNN detector in plain layers."""
    layers: list[nn.Module] = []
    channels = 3
    for maps in (width, 2 * width, 4 * width, 8 * width):
        layers += [nn.Conv2d(channels, maps, 3, 2, 1, bias=False), nn.BatchNorm2d(maps), nn.ReLU(True)]
        channels = maps
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(channels, 1), nn.Flatten(0)
    )


def team(options: Namespace, augment: bool = False) -> CNN:
    chosen = CNNOptions(width=options.width, batch=options.batch, augment=augment)
    return CNN(chosen, Brief(SIZE, seed=0, device=options.device, precision=faster_precision(options.device)))


def plain_training(options: Namespace, images: Tensor) -> Steps:
    network = plain_network(options.width).to(images.device)
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)
    half = options.batch // 2
    labels = torch.cat([torch.zeros(half), torch.ones(half)]).to(images.device)

    def work(steps: int) -> None:
        network.train()
        for _ in range(steps):
            batch = images[torch.randint(len(images), (2 * half,), device=images.device)]
            adam.zero_grad()
            loss = binary_cross_entropy_with_logits(network(seen(batch, INPUT)), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            loss.item()

    return work


def arena_training(options: Namespace, faces: Images, augment: bool) -> Steps:
    detector = team(options, augment)
    pool = as_pool(faces, options.device)
    step = detector._stepper(detector._batches(pool, pool, pool))
    detector.network.train()

    def work(steps: int) -> None:
        for _ in range(steps):
            loss = step()
        loss.item()

    return work


def plain_scoring(options: Namespace, images: Tensor) -> Steps:
    network = plain_network(options.width).to(images.device).eval()

    @torch.no_grad()
    def work(steps: int) -> None:
        for _ in range(steps):
            torch.cat([torch.sigmoid(network(seen(batch, INPUT))) for batch in images.split(SCORING_BATCH)]).cpu()

    return work


def arena_scoring(options: Namespace, faces: Images) -> Steps:
    detector = team(options)

    def work(steps: int) -> None:
        for _ in range(steps):
            detector.score(faces)

    return work


def main() -> None:
    options = arguments(__doc__, width=32, batch=64, steps=5, repeats=9).parse_args()
    use_one_thread()
    torch.manual_seed(0)
    faces = np.random.default_rng(0).integers(0, 256, (POOL, SIZE, SIZE, 3), dtype=np.uint8)
    images = to_range(as_pool(faces, options.device)).contiguous(memory_format=torch.contiguous_format)
    training = {
        "plain": plain_training(options, images),
        "arena": arena_training(options, faces, augment=False),
        "arena, changed": arena_training(options, faces, augment=True),
    }
    scoring = {"plain": plain_scoring(options, images), "arena": arena_scoring(options, faces)}
    bars = [Bar("arena", "plain", 2.0)]
    print(machine(options.device))
    seconds = interleaved(training, options.steps, options.repeats, options.device)
    report(f"training, width {options.width}, batch {options.batch}", seconds, options.batch, bars)
    seconds = interleaved(scoring, 1, options.repeats, options.device)
    report(f"scoring {POOL} images, width {options.width}", seconds, POOL, bars)


if __name__ == "__main__":
    main()
