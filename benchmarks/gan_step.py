"""One step of a GAN, discriminator and generator: how much faster than the loop of the tutorials is the arena's?

    python benchmarks/gan_step.py
    python benchmarks/gan_step.py --device cuda --batch 128 --steps 200

- plain: the well-known DCGAN loop: float32, channels first, a real and a fake pass of the discriminator with a backward
  pass each, Adam as it comes, five numbers read back in every step.
- autocast: the same loop under bfloat16 autocast with channels-last weights and images.
- arena: `GanTeam.step`, as it runs in a match, drawing and decoding its uint8 faces included; the other two are
  given float images for nothing.
- arena, one graph (cuda only): a whole training through `training.run`, the capture of its CUDA graph included.

Bars: at least 2.2 times plain and 1.0 times autocast on one CPU thread; on a GPU one graph at least 3 times plain.
"""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch
from measure import Bar, Steps, arguments, interleaved, machine, report
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from arena import registry
from arena.generator.dcgan import DCGAN
from arena.networks.training import Course, as_pool, faster_precision, run, to_range, use_one_thread
from arena.types import Brief, Images, ignore_progress

LATENT, SIZE, POOL = 100, 64, 1024


def generator(width: int) -> nn.Module:
    """The published generator for 64x64 images in plain layers."""
    layers: list[nn.Module] = []
    channels = LATENT
    for maps, stride, padding in ((8 * width, 1, 0), (4 * width, 2, 1), (2 * width, 2, 1), (width, 2, 1)):
        layers += [
            nn.ConvTranspose2d(channels, maps, 4, stride, padding, bias=False),
            nn.BatchNorm2d(maps),
            nn.ReLU(True),
        ]
        channels = maps
    return nn.Sequential(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh())


def discriminator(width: int) -> nn.Module:
    """The published discriminator for 64x64 images in plain layers, without the sigmoid."""
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    for maps in (2 * width, 4 * width, 8 * width):
        layers += [nn.Conv2d(maps // 2, maps, 4, 2, 1, bias=False), nn.BatchNorm2d(maps), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 0, bias=False), nn.Flatten(0))


class Plain:
    """The loop of the tutorials. `fast`: under bfloat16 autocast, in channels-last layout."""

    adam: ClassVar[dict[str, Any]] = {"lr": 2e-4, "betas": (0.5, 0.999)}

    def __init__(self, width: int, images: Tensor, batch: int, fast: bool) -> None:
        device, layout = images.device, torch.channels_last if fast else torch.contiguous_format
        self.images, self.batch = images.contiguous(memory_format=layout), batch
        self.generator = generator(width).to(device, memory_format=layout)  # type: ignore[call-overload]
        self.discriminator = discriminator(width).to(device, memory_format=layout)  # type: ignore[call-overload]
        self.adam_d = torch.optim.Adam(self.discriminator.parameters(), **self.adam)
        self.adam_g = torch.optim.Adam(self.generator.parameters(), **self.adam)
        self.context: Callable[[], Any] = contextlib.nullcontext
        if fast:
            self.context = lambda: torch.autocast(device.type, torch.bfloat16)

    def step(self) -> tuple[float, ...]:
        """One step; returns what such loops print."""
        real = self.images[torch.randint(len(self.images), (self.batch,), device=self.images.device)]
        self.discriminator.zero_grad()
        loss_real, on_real = self._loss(real, 1.0)
        loss_real.backward()
        with self.context():
            fake = self.generator(torch.randn(self.batch, LATENT, 1, 1, device=real.device))
        loss_fake, on_fake = self._loss(fake.detach(), 0.0)
        loss_fake.backward()
        self.adam_d.step()

        self.generator.zero_grad()
        loss_generator, on_fake_after = self._loss(fake, 1.0)
        loss_generator.backward()
        self.adam_g.step()
        return (loss_real + loss_fake).item(), loss_generator.item(), on_real, on_fake, on_fake_after

    def _loss(self, images: Tensor, target: float) -> tuple[Any, float]:
        with self.context():
            logits = self.discriminator(images)
        loss = binary_cross_entropy_with_logits(
            logits.float(), torch.full((len(images),), target, device=images.device)
        )
        return loss, torch.sigmoid(logits).mean().item()


def repeated(step: Callable[[], object], device: str) -> Steps:
    """Call a step again and again, then wait for the device."""

    def work(steps: int) -> None:
        for _ in range(steps):
            step()
        if device == "cuda":
            torch.cuda.synchronize()

    return work


def captured(team: DCGAN, pool: Tensor) -> Steps:
    """A training through `training.run`, which captures its step as a CUDA graph."""
    options, brief = team.options, team.brief

    def work(steps: int) -> None:
        course = Course("generator", 1, steps, options.batch, 0, 1.0, brief.device)
        run(course, team.cycle(pool, None), ("discriminator", "generator"), lambda: True, ignore_progress)

    return work


def variants(options: Namespace, faces: Images) -> dict[str, Steps]:
    device, width, batch = options.device, options.width, options.batch
    pool = as_pool(faces, device)
    images = to_range(pool)
    brief = Brief(SIZE, seed=0, device=device, precision=faster_precision(device))

    def team() -> DCGAN:
        options = {"recipe": "2016", "width": width, "batch": batch, "latent": LATENT}
        team: DCGAN = registry.find("generator", "dcgan").team(brief, options)
        for network in team.networks().values():
            network.train()
        return team

    arena = team()
    found = {
        "plain": repeated(Plain(width, images, batch, fast=False).step, device),
        "autocast": repeated(Plain(width, images, batch, fast=True).step, device),
        "arena": repeated(lambda: arena.step(pool, None), device),
    }
    return found | ({"arena, one graph": captured(team(), pool)} if device == "cuda" else {})


def main() -> None:
    options = arguments(__doc__, width=64, batch=64, steps=1, repeats=9).parse_args()
    use_one_thread()
    torch.manual_seed(0)
    faces = np.random.default_rng(0).integers(0, 256, (POOL, SIZE, SIZE, 3), dtype=np.uint8)
    seconds = interleaved(variants(options, faces), options.steps, options.repeats, options.device)
    bars = [Bar("arena", "plain", 2.2), Bar("arena", "autocast", 1.0)]
    if options.device == "cuda":
        bars = [Bar("arena, one graph", "plain", 3.0)]
    print(machine(options.device))
    report(f"DCGAN {SIZE}x{SIZE}, width {options.width}, batch {options.batch}", seconds, options.batch, bars)


if __name__ == "__main__":
    main()
