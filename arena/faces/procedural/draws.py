"""Random numbers for a batch of images: one stream per identity, one per shot, so neither disturbs the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from arena.faces.procedural.fields import enlarge

NUMBERS = 160
"""Uniform and normal numbers in a stream. A part that asks for more gets an IndexError."""

LATTICES = {4: 2, 8: 3, 16: 2, 32: 2}
"""Noise lattices in a stream: cells per side -> how many."""


class Draws:
    """The streams of a batch, handed out in order as float32 scalars `[B, 1, 1]`: image i sees only generator i."""

    def __init__(self, generators: Sequence[np.random.Generator], size: int) -> None:
        self.size = size
        self._generators = generators
        self._uniforms = self._stack("random", NUMBERS)
        self._normals = self._stack("standard_normal", NUMBERS)
        cells = self._stack("standard_normal", sum(side * side * many for side, many in LATTICES.items()))
        parts = torch.split(cells, [side * side * many for side, many in LATTICES.items()], 1)
        self._lattices = {
            side: list(part.reshape(len(generators), many, side, side).unbind(1))
            for part, (side, many) in zip(parts, LATTICES.items(), strict=True)
        }
        self._next_uniform = self._next_normal = 0

    def uniform(self, low: float | Tensor = 0.0, high: float | Tensor = 1.0) -> Tensor:
        """Evenly between `low` and `high`."""
        number = self._uniforms[:, self._next_uniform].view(-1, 1, 1)
        self._next_uniform += 1
        return number * (high - low) + low

    def normal(self, mean: float | Tensor, deviation: float | Tensor, limit: float = 2.2) -> Tensor:
        """Normally distributed, cut at `limit` deviations: a portrait should be possible, not extreme."""
        number = self._normals[:, self._next_normal].view(-1, 1, 1)
        self._next_normal += 1
        return number.clamp(-limit, limit) * deviation + mean

    def chance(self, probability: float | Tensor) -> Tensor:
        """1 with the given probability, else 0."""
        return (self.uniform() < probability).float()

    def noise(self, cells: int) -> Tensor:
        """A smooth plane `[B, S, S]` of mean 0 and deviation below 1 that varies over 1/`cells` of the image."""
        return enlarge(self._lattices[cells].pop(), self.size)

    def grain(self) -> Tensor:
        """White noise `[B, S, S]`, independent per pixel."""
        return self._stack("standard_normal", self.size * self.size).view(-1, self.size, self.size)

    def _stack(self, method: str, count: int) -> Tensor:
        rows = [getattr(generator, method)(count, dtype=np.float32) for generator in self._generators]
        return torch.from_numpy(np.stack(rows))
