"""What ONet, MTCNN's last network, knows of a face that was cut out already: its 256 features below its answers."""

from __future__ import annotations

import itertools
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import interpolate

SIDE = 48
"""Side in pixels of the faces that ONet takes."""


class OnetFeatures(nn.Module):
    """ONet without its answers. `onet`: of a `Finder`, whose layers it shares."""

    def __init__(self, onet: Any) -> None:
        super().__init__()
        self.layers = nn.Sequential(*itertools.takewhile(lambda child: child is not onet.dense5, onet.children()))
        self.dense, self.activation = onet.dense5, onet.prelu5

    def forward(self, images: Tensor) -> Tensor:
        """Features `[N, 256]` of images float32 `[N, 3, S, S]` in [0, 255], brought to 48 px as ONet wants them."""
        small = interpolate(images, size=SIDE, mode="bilinear", antialias=True)
        maps = self.layers((small - 127.5) * 0.0078125).permute(0, 3, 2, 1).flatten(1)
        features: Tensor = self.activation(self.dense(maps))
        return features
