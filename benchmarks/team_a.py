"""The training step of every network of Team A: how much faster than the same networks in a plain loop?

    python benchmarks/team_a.py                       # every contender with its default options
    python benchmarks/team_a.py resgan flow --repeats 9

- plain: the contender's own step, but as such loops are usually written: float32, channels first, published layers
  (repetition, then a convolution) for the arena's own, `torch.optim.Adam`, a moving average in a Python loop, weights'
  gradients in the discriminator although the generator learns, and the losses read back in every step.
- arena: as it runs in a match.

A turn is a whole cycle, so that the steps with penalties count as often as they are taken. Progressive growing is
measured in its last stage. Bar: at least 2 times plain on one CPU thread.
"""

from __future__ import annotations

import contextlib
import copy
from typing import Any
from unittest.mock import patch

import torch
from measure import Bar, Steps, interleaved, networks_asked_for, report
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, interpolate

from arena import registry
from arena.generator.team import NetworkGenerator
from arena.networks.blocks import Double, Grow, Halve
from arena.networks.training import as_pool, faster_precision
from arena.types import Brief

SIZE, POOL = 64, 1024
PUBLISHED = {
    Halve: lambda self, input: conv2d(input, self.weight, self.bias, stride=2, padding=1),
    Double: lambda self, input, output_size=None: conv_transpose2d(input, self.weight, self.bias, stride=2, padding=1),
    Grow: lambda self, input: conv2d(interpolate(input, scale_factor=2.0), self.weight, self.bias, padding=1),
}
"""What the arena's own layers compute, as published."""


class PlainTrainable:
    """What the steps need of `Trainable`, as it is usually written."""

    def __init__(self, network: nn.Module, learning_rate: float, betas: Any, average: float) -> None:
        self.network, self._average = network.train(), average
        self.averaged = copy.deepcopy(network) if average else network
        self._adam = torch.optim.Adam(network.parameters(), lr=learning_rate, betas=betas)
        network.register_forward_pre_hook(lambda module, inputs: tuple(i.contiguous() for i in inputs))

    def zero_grad(self) -> None:
        self._adam.zero_grad()

    @torch.no_grad()
    def step(self) -> None:
        self._adam.step()
        if self._average:
            for slow, fast in zip(self.averaged.parameters(), self.network.parameters(), strict=True):
                slow.lerp_(fast, 1 - self._average)


def arena(contender: registry.Contender, pool: Tensor) -> Steps:
    """The contender as it trains in a match."""
    team = contender.team(Brief(SIZE, seed=0, precision=faster_precision("cpu")), {})
    for trainable in team.trainables.values():
        trainable.network.train()
    return cycles(team, pool)


def plain(contender: registry.Contender, pool: Tensor) -> Steps:
    """The same networks and losses in a plain loop."""

    def trainable(self: Any, network: nn.Module, *, average: float = 0.0, **adam: Any) -> PlainTrainable:
        given = {"learning_rate": self.options.learning_rate, "betas": (0.9, 0.999)} | adam
        return PlainTrainable(network, **given, average=average)

    plainly = type("Plainly", (contender.cls,), {"trainable": trainable, "begin_training": lambda self, scale: None})
    work = cycles(plainly(contender.options(), Brief(SIZE, seed=0)), pool, reads=True)

    def published(steps: int) -> None:
        with contextlib.ExitStack() as stack:
            for layer, forward in PUBLISHED.items():
                stack.enter_context(patch.object(layer, "forward", forward))
            for module in ("gan", "reconstructor"):
                stack.enter_context(patch(f"arena.generator.{module}.frozen", contextlib.nullcontext))
            # Progressive growing goes to its last stage at once and has nothing to hand on.
            stack.enter_context(patch("arena.generator.progan._inherit", lambda young, old: None))
            work(steps)

    return published


def cycles(team: Any, pool: Tensor, reads: bool = False) -> Steps:
    """Whole cycles of a team's steps, long after its start. `reads`: the losses, in every step."""
    team.images = 10**9
    cycle = team.cycle(pool, None)

    def work(turns: int) -> None:
        for step in list(cycle) * turns:
            losses = step()
            if reads:
                losses.tolist()

    return work


def main() -> None:
    options, contenders, faces = networks_asked_for(__doc__, "generator", NetworkGenerator, POOL, SIZE)
    for contender in contenders:
        torch.manual_seed(0)
        pool = as_pool(faces, "cpu")
        variants = {"plain": plain(contender, pool), "arena": arena(contender, pool)}
        cycle = len(contender.team(Brief(SIZE, seed=0), {}).cycle(pool, None))
        turns = interleaved(variants, 1, options.repeats, "cpu")
        seconds = {name: [turn / cycle for turn in found] for name, found in turns.items()}
        batch = contender.options().batch
        report(f"{contender.name} {SIZE}x{SIZE}, batch {batch}", seconds, batch, [Bar("arena", "plain", 2.0)])


if __name__ == "__main__":
    main()
