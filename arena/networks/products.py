"""Convolutions of small maps as matrix products.

oneDNN's convolutions bring the weights into an order of their own in every pass, and their gradient out of it. Where
maps are many and have few pixels that takes longer than all else: 7 ms for the gradient of 1536 x 2080 weights from 16
images of one pixel, 0.4 as a product (bfloat16, one thread). benchmarks/README.md has what it gives.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

SMALL = 8
"""Side in pixels of the maps up to which a product is faster."""


def has_gradients(*tensors: Tensor) -> bool:
    """Whether this is a pass with gradients, on a CPU. What only plays keeps to the bit what it played."""
    return not tensors[0].is_cuda and torch.is_grad_enabled() and any(one.requires_grad for one in tensors)


class Product(nn.Conv2d):
    """A convolution that keeps the size of maps, `[N, C, H, W]` to `[N, M, H, W]`, as a product where they are small.

    Its kernel is one pixel high or one pixel wide. Where it is longer than one pixel and sees the whole line of a map
    from every place of it, the product is from lines to lines: the kernel, moved to each place, is its matrix.
    `conv`: whose weight and bias it takes over, under the same names.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        sizes = conv.in_channels, conv.out_channels, conv.kernel_size
        super().__init__(*sizes, padding=conv.padding, bias=False, device="meta")  # type: ignore[arg-type]
        self.weight, self.bias = conv.weight, conv.bias

    @staticmethod
    def stands_for(module: nn.Module) -> bool:
        """Whether it computes what this module does."""
        if type(module) is not nn.Conv2d or module.padding_mode != "zeros" or module.groups > 1:
            return False
        height, width = module.kernel_size
        is_plain = module.stride == module.dilation == (1, 1) and height % 2 == width % 2 == 1
        return min(height, width) == 1 and is_plain and module.padding == (height // 2, width // 2)

    def forward(self, input: Tensor) -> Tensor:
        """See `nn.Conv2d.forward`."""
        longest, (height, width) = max(self.kernel_size), input.shape[2:]
        if max(height, width) > SMALL or not has_gradients(input, self.weight):
            return super().forward(input)
        taps = self.weight.permute(0, 2, 3, 1)
        if longest == 1:
            rows = input.permute(0, 2, 3, 1)
            found = linear(rows.reshape(-1, self.in_channels), taps.flatten(1), self.bias)
            return found.view(*rows.shape[:3], -1).permute(0, 3, 1, 2)
        is_upright = self.kernel_size[0] > 1
        if (height if is_upright else width) > longest // 2 + 1:
            return super().forward(input)
        order = (0, 3, 2, 1) if is_upright else (0, 2, 3, 1)
        lines = self._of_lines(input.permute(order), taps.flatten(1, 2))
        return lines.permute(0, 3, *((2, 1) if is_upright else (1, 2))).contiguous(memory_format=torch.channels_last)

    def _of_lines(self, lines: Tensor, taps: Tensor) -> Tensor:
        """From lines `[N, lines, places, C]` to `[N, lines, places, M]`. `taps`: `[M, K, C]`."""
        side, middle = lines.shape[2], taps.shape[1] // 2
        matrix = torch.cat([taps[:, middle - place : middle - place + side] for place in range(side)]).flatten(1)
        bias = None if self.bias is None else self.bias.repeat(side)
        return linear(lines.reshape(-1, matrix.shape[1]), matrix, bias).view(*lines.shape[:3], -1)
