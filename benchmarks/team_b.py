"""The detectors over networks of Team B: how much faster than the same networks in a plain loop?

    python benchmarks/team_b.py                       # every contender with its default options
    python benchmarks/team_b.py robust residual --repeats 9

- plain: the contender's own step and its own loss as such loops are usually written: float32, channels first, timm's
  and PyTorch's own layers, `torch.optim.Adam`, the loss read back in every step. No image is changed in either, and
  who attacks its images does so in both: one turn is as many steps as its attacks take to have had theirs.
- arena: as it runs in a match.
- one by one: the arena's scoring with one image at a time, against the whole paper at once.

Bars: training at least 2 times plain, on one CPU thread.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import torch
from measure import Bar, Steps, interleaved, networks_asked_for, report
from torch import Tensor, nn
from torch.nn.functional import conv2d

from arena import registry
from arena.detector.team import NetworkDetector
from arena.networks.blocks import Halve
from arena.networks.training import as_pool, faster_precision
from arena.types import Brief, Images

SIZE, POOL, PAPER = 64, 256, 50


class PlainTrainable:
    """What a step needs of `Trainable`, as it is usually written."""

    def __init__(self, network: nn.Module, learning_rate: float) -> None:
        self.network = network.train()
        self._adam = torch.optim.Adam(network.parameters(), lr=learning_rate)
        network.register_forward_pre_hook(lambda module, inputs: tuple(i.contiguous() for i in inputs))

    def scale_learning_rate(self, scale: float) -> None:
        """A plain loop has one learning rate."""

    def zero_grad(self) -> None:
        self._adam.zero_grad()

    def step(self) -> None:
        self._adam.step()


def team(contender: registry.Contender, cls: Any = None, **changes: Any) -> Any:
    made = {"own": 0.0} if any(option.name == "own" for option in contender.declared) else {}  # no fakes but the pool's
    return (cls or contender.cls)(contender.options({"augment": False} | made), Brief(SIZE, seed=0, **changes))


def plain(contender: registry.Contender, pool: Tensor) -> Steps:
    def trainable(self: Any, network: nn.Module, **optimiser: Any) -> PlainTrainable:
        return PlainTrainable(network, self.options.learning_rate)

    def halve(self: Halve, input: Tensor) -> Tensor:
        return conv2d(input, self.weight, self.bias, stride=2, padding=1)

    plainly = type("Plainly", (contender.cls,), {"trainable": trainable})
    with patch("arena.networks.backbones.quicken"):  # timm's own layers
        work = training(team(contender, plainly), pool, reads=True)

    def published(steps: int) -> None:
        with patch.object(Halve, "forward", halve):
            work(steps)

    return published


def arena(contender: registry.Contender, pool: Tensor) -> Steps:
    return training(team(contender, precision=faster_precision("cpu")), pool)


def training(detector: Any, pool: Tensor, reads: bool = False) -> Steps:
    """Steps of a team's training. `reads`: the loss, in every step."""
    detector.network.train()

    def work(steps: int) -> None:
        step = detector._stepper(detector._batches(pool, pool, pool))
        for _ in range(steps):
            loss = step()
            if reads:
                loss.item()

    return work


def scoring(contender: registry.Contender, paper: Images, at_once: int) -> Steps:
    detector = team(contender, precision=faster_precision("cpu"), trains=False)

    def work(steps: int) -> None:
        for _ in range(steps):
            for i in range(0, len(paper), at_once):
                detector.score(paper[i : i + at_once])

    return work


def main() -> None:
    options, contenders, faces = networks_asked_for(__doc__, "detector", NetworkDetector, POOL, SIZE)
    for contender in contenders:
        torch.manual_seed(0)
        pool, batch = as_pool(faces, "cpu"), contender.options().batch
        steps = 5 if hasattr(contender.options(), "attacked") else 1
        variants = {"plain": plain(contender, pool), "arena": arena(contender, pool)}
        seconds = interleaved(variants, steps, options.repeats, "cpu")
        report(f"{contender.name}, training, batch {batch}", seconds, batch, [Bar("arena", "plain", 2.0)])
        paper = faces[:PAPER]
        variants = {"one by one": scoring(contender, paper, 1), "arena": scoring(contender, paper, PAPER)}
        seconds = interleaved(variants, 1, options.repeats, "cpu")
        report(f"{contender.name}, scoring {PAPER} images", seconds, PAPER, [])


if __name__ == "__main__":
    main()
