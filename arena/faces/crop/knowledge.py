"""What MTCNN's networks know of a face that was cut out already: what lies below their answers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

_FLATTEST = 1e-6
"""Variance that is added to that of a map: the gradient of a deviation of nothing is none."""


class Knowledge(nn.Module):
    """RNet or ONet without its answers. `network`: of a `Finder`, its layers are shared. `side`: its own, in pixels."""

    def __init__(self, network: Any, side: int) -> None:
        super().__init__()
        children = dict(network.named_children())
        first = next(name for name in children if name.startswith("dense"))
        self.layers = nn.Sequential(*itertools.takewhile(lambda child: child is not children[first], children.values()))
        self.dense, self.activation = children[first], children[first.replace("dense", "prelu")]
        self.side = side

    def forward(self, images: Tensor) -> Tensor:
        """Its last features, `[N, 128]` of RNet and `[N, 256]` of ONet.

        `images`: float32 `[N, 3, S, S]` in [0, 255], brought to the side that the network wants.
        """
        maps = self.layers(_brought(images, self.side)).permute(0, 3, 2, 1).flatten(1)
        features: Tensor = self.activation(self.dense(maps))
        return features

    def statistics(self, images: Tensor, side: int) -> Tensor:
        """Mean and standard deviation of every map after every activation, `[N, 2 * maps]`.

        `images` as above, brought to `side` pixels: convolutions take faces of any.
        """
        found = []
        for maps in self._maps(_brought(images, side)):
            mean = maps.mean((2, 3))
            # Not torch.std, which takes twice as long.
            variance = maps.square().mean((2, 3)) - mean.square()
            found += [mean, (variance.clamp_min(0) + _FLATTEST).sqrt()]
        return torch.cat(found, 1)

    def _maps(self, images: Tensor) -> Iterator[Tensor]:
        for layer in self.layers:
            images = layer(images)
            if isinstance(layer, nn.PReLU):
                yield images


def _brought(images: Tensor, side: int) -> Tensor:
    """Images at a side in pixels, in the range that MTCNN's networks take."""
    return (interpolate(images, size=side, mode="bilinear", antialias=True) - 127.5) * 0.0078125
