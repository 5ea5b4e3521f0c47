"""A small residual network, as for CIFAR: a stem and three stages of three blocks, some 0.3 million weights."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import relu

from arena.networks.blocks import Halve, Logit
from arena.types import ArenaError

_BLOCKS = 3
"""Blocks of a stage."""
_SEEN = 32
"""Pixels of the image's side that one feature of the last maps stands for: those of 64 px become 2x2, of 128 px 4x4."""


def small_resnet(side: int, width: int = 16, channels: int = 3) -> nn.Module:
    """A network from images `[N, channels, S, S]` to logits `[N]`, float32, above 0 for fake.

    K. He et al., Deep Residual Learning for Image Recognition, 2016, section 4.2, with a coarse grid of features
    instead of one average, so that the last layer knows where they are. `side`: S in pixels, at least 8. `width`: maps
    of the first stage; the others have twice and four times as many. `channels`: of the images. Raises ArenaError
    for a smaller side.
    """
    if side < 8:
        raise ArenaError(f"a small ResNet looks at images of 8 pixels and more, not of {side}")
    stages, maps = list[nn.Module](), width
    for wider, stride in ((width, 1), (2 * width, 2), (4 * width, 2)):
        stages += [Residual(maps, wider, stride), *(Residual(wider, wider) for _ in range(_BLOCKS - 1))]
        maps = wider
    stem = [_same(channels, width), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    grid = max(1, side // _SEEN)
    return nn.Sequential(*stem, *stages, nn.AdaptiveAvgPool2d(grid), nn.Flatten(), Logit(maps * grid**2))


class Residual(nn.Module):
    """Two normalised convolutions beside a shortcut: `[N, C, S, S]` to `[N, maps, S / stride, S / stride]`.

    `stride`: 1, or 2 to halve the maps.
    """

    def __init__(self, channels: int, maps: int, stride: int = 1) -> None:
        super().__init__()
        first = _same(channels, maps) if stride == 1 else Halve(channels, maps, 3)
        self.body = nn.Sequential(
            *(first, nn.BatchNorm2d(maps), nn.ReLU(inplace=True)),
            *(_same(maps, maps), nn.BatchNorm2d(maps)),
        )
        is_same = stride == 1 and channels == maps
        reduced = nn.Conv2d(channels, maps, 1, bias=False)
        self.short = nn.Identity() if is_same else nn.Sequential(reduced, nn.BatchNorm2d(maps))
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """See above."""
        # Not a stride: PyTorch's CPU kernel for a strided 1x1 writes out of bounds where the channels are few. Sliced
        # as maps lie, so that the gradient lies like them: added to another order it takes ten times as long.
        seen = x.permute(0, 2, 3, 1)[:, :: self.stride, :: self.stride].permute(0, 3, 1, 2)
        return relu(self.body(x).add_(self.short(seen)), inplace=True)


def _same(channels: int, maps: int) -> nn.Conv2d:
    return nn.Conv2d(channels, maps, 3, 1, 1, bias=False)
