"""Rectified flow (Liu, Gong and Liu, Flow Straight and Fast, 2022): the diffusion family in small.

A network learns the velocity that carries noise to faces along straight lines; a face is a walk along it in a few
steps. There is no adversary.

What to expect: after the minutes of a match on a CPU its faces are soft and often askew, behind those of a GAN that has
trained as long. Its worth in a match is that its traces are of another kind than a GAN's.

White-box, Team B's detector judges the one-step estimate of where the walk from a noisy face ends: cheap, and gradients
flow through it. The faces that are played come of a whole walk; the estimate resembles them the less, the more noise
there is in the face it starts from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from arena.generator.team import NetworkGenerator, NetworkOptions
from arena.networks.blocks import GroupNorm, Grow, Halve, pyramid
from arena.networks.trainable import Trainable, compute_dtype
from arena.networks.training import Step, draw, to_range
from arena.registry import register
from arena.types import Critic

SOLVERS = ("euler", "midpoint")
NEAR = 0.05
"""Time to the end below which a velocity is no longer divided by it: there the estimate is the face already."""


@dataclass(frozen=True)
class FlowOptions(NetworkOptions):
    """Options of the rectified flow."""

    learning_rate: float = 1e-3
    average: float = 0.995
    width: int = 32
    """Feature maps of the layer next to the image; each layer inward has twice as many, up to 8 times."""
    sampling_steps: int = 8
    """Steps of a walk from noise to a face."""
    solver: str = "euler"
    """How a step is taken: euler, or midpoint, which asks the network twice."""
    middle: float = -0.5
    """Where training asks most: times are a logistic of normal numbers around it (Esser et al. 2024); 0 is halfway."""
    spread: float = 1.0
    """Standard deviation of those normal numbers."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1 or self.sampling_steps < 1:
            raise ValueError("width and sampling_steps must be at least 1")
        if self.solver not in SOLVERS:
            raise ValueError(f"solver must be one of {', '.join(SOLVERS)}, not {self.solver!r}")
        if not (math.isfinite(self.middle) and 0 < self.spread < math.inf):
            raise ValueError("middle must be a number and spread positive")


class Block(nn.Module):
    """Two convolutions beside a shortcut; the time scales and shifts what is between them. Maps `[N, C, S, S]`."""

    def __init__(self, maps: int, clock: int) -> None:
        super().__init__()
        self.first_norm, self.second_norm = GroupNorm(maps), GroupNorm(maps)
        self.first, self.second = nn.Conv2d(maps, maps, 3, padding=1), nn.Conv2d(maps, maps, 3, padding=1)
        self.film = nn.Linear(clock, 2 * maps)

    def forward(self, input: Tensor, clock: Tensor) -> Tensor:
        """`clock`: the time's embedding, `[N, clock]`."""
        scale, shift = self.film(clock)[:, :, None, None].chunk(2, 1)
        maps = self.second_norm(self.first(silu(self.first_norm(input)))) * (1 + scale) + shift
        passed: Tensor = input + self.second(silu(maps))
        return passed


class UNet(nn.Module):
    """Noisy images `[N, 3, S, S]` and their times `[N]` to an estimate of the faces in them, `[N, 3, S, S]`."""

    def __init__(self, width: int, image_size: int) -> None:
        super().__init__()
        widths, clock = pyramid(image_size, width), 4 * width
        self.frequencies = clock // 2
        self.clock = nn.Sequential(nn.Linear(clock, clock), nn.SiLU())
        self.down = nn.ModuleList(Halve(channels, maps, 4, bias=True) for channels, maps in pairwise([3, *widths]))
        self.inward = nn.ModuleList(Block(maps, clock) for maps in widths)
        self.up = nn.ModuleList(Grow(channels, maps) for maps, channels in pairwise(widths))
        self.outward = nn.ModuleList(Block(maps, clock) for maps in widths[:-1])
        self.last = nn.Sequential(GroupNorm(width), nn.SiLU(), Grow(width, 3))

    def forward(self, images: Tensor, times: Tensor) -> Tensor:
        """See above."""
        clock = self.clock(self._sinusoids(times).to(images.dtype))
        passed, maps = [], images
        for down, block in zip(self.down, self.inward, strict=True):
            maps = block(down(maps), clock)
            passed.append(maps)
        maps = passed.pop()
        for up, block in zip(reversed(self.up), reversed(self.outward), strict=True):
            maps = block(up(maps) + passed.pop(), clock)
        estimate: Tensor = self.last(maps)
        return estimate

    def _sinusoids(self, times: Tensor) -> Tensor:
        """Times as sines and cosines of frequencies from 1 to 1000, float32 `[N, clock]` (Vaswani et al. 2017)."""
        exponents = torch.linspace(0, 1, self.frequencies, device=times.device)
        angles = times.float()[:, None] * 1000**exponents
        return torch.cat([angles.sin(), angles.cos()], 1)


def mixed(noise: Tensor, faces: Tensor, times: Tensor) -> Tensor:
    """Points on the straight lines from noise (time 0) to faces (time 1); times `[N]`. Liu et al., equation 1."""
    return torch.lerp(noise, faces, times.view(-1, 1, 1, 1).to(noise.dtype))


def velocity(estimate: Tensor, images: Tensor, times: Tensor) -> Tensor:
    """What carries images to the estimate of their end in the time that is left, float32 `[N, 3, S, S]`.

    The network says the end, not the velocity: it need not carry the noise through its few maps.
    """
    left = (1 - times.float()).clamp(min=NEAR).view(-1, 1, 1, 1)
    return (estimate.float() - images.float()) / left


@register("generator", "flow")
class Flow(NetworkGenerator[FlowOptions]):
    """Rectified flow (Liu et al. 2022): a small U-Net walks from noise to a face in a few steps; no adversary."""

    Options: ClassVar[Any] = FlowOptions
    losses = ("flow",)

    def build(self) -> dict[str, Trainable]:
        """See `NetworkTeam.build`."""
        options = self.options
        network = UNet(options.width, self.brief.image_size)
        return {"generator": self.trainable(network, average=options.average, betas=(0.9, 0.99))}

    def cycle(self, pool: Tensor, critic: Critic | None) -> Sequence[Step]:
        """See `NetworkGenerator.cycle`."""
        return [partial(self.step, pool, critic)]

    def step(self, pool: Tensor, critic: Critic | None) -> Tensor:
        """One step: the mean squared error of the velocity at a random time of every face."""
        options, device = self.options, self.brief.device
        faces = to_range(draw(pool, options.batch))
        # Drawn in the order of memory: `randn_like` of channels-last images takes ten times as long.
        noise = torch.randn(faces.permute(0, 2, 3, 1).shape, device=device).permute(0, 3, 1, 2)
        times = torch.sigmoid(torch.randn(options.batch, device=device) * options.spread + options.middle)
        images = mixed(noise, faces, times)
        estimate = self._estimate(self.trainables["generator"].network, images, times)
        # The velocity of the line itself, by the same clamped time: at its very end both are held back alike.
        loss = (velocity(estimate, images, times) - velocity(faces, images, times)).square().mean()
        return torch.stack(self.descend(loss, estimate.clamp(-1, 1), critic))

    def latents(self, n: int) -> Tensor:
        """See `NetworkGenerator.latents`: noise of the images' size."""
        return self.noise(n, 3, self.brief.image_size, self.brief.image_size)

    def render(self, network: nn.Module, latents: Tensor) -> Tensor:
        """See `NetworkGenerator.render`: the walk, in steps of equal time."""
        steps, images = self.options.sampling_steps, latents.float()
        for step in range(steps):
            now = torch.full((len(images),), step / steps, device=images.device)
            speed = velocity(self._estimate(network, images, now), images, now)
            if self.options.solver == "midpoint":
                halfway, then = images + speed / (2 * steps), now + 1 / (2 * steps)
                speed = velocity(self._estimate(network, halfway, then), halfway, then)
            images = images + speed / steps
        return images

    def _estimate(self, network: nn.Module, images: Tensor, times: Tensor) -> Tensor:
        estimate: Tensor = network(images.to(compute_dtype(self.brief.precision)), times)
        return estimate
