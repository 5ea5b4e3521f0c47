"""Convolutions of every map by itself, with gradients that are fast on a CPU and in bfloat16.

PyTorch's CPU kernel for the gradient of such a convolution's weights takes 29 ms for 28 images of 1632 maps of 2x2
pixels, where forward takes 0.1 ms; in bfloat16 it is slower still. Both gradients are computed here: that of the input
is the same convolution by the turned kernel, that of the weights a product for each of the kernel's places (small
maps), or PyTorch's in float32 (large maps). benchmarks/README.md has what it gives.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

SMALL = 4
"""Side in pixels of the maps up to which a product for each place is faster."""


class Depthwise(nn.Module):
    """What a depthwise convolution of stride 1 computes, `[N, C, S, S]` to the same shape, in the input's dtype.

    `conv`: whose weight it takes over, under the same name, and keeps in float32.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.weight = conv.weight

    def forward(self, input: Tensor) -> Tensor:
        """See above."""
        if input.is_cuda or not torch.is_grad_enabled():
            return _convolved(input, self.weight)
        convolved: Tensor = _Depthwise.apply(input, self.weight)
        return convolved


def replace_depthwise(network: nn.Module) -> None:
    """Put `Depthwise` in the place of every convolution in a network that it can stand for."""
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.Conv2d) and _fits(child):
                setattr(parent, name, Depthwise(child))


def _fits(module: nn.Conv2d) -> bool:
    if type(module) is not nn.Conv2d or module.bias is not None or module.padding_mode != "zeros":
        return False
    is_depthwise = 1 < module.groups == module.in_channels == module.out_channels
    height, width = module.kernel_size
    is_plain = module.stride == module.dilation == (1, 1) and height == width and height % 2 == 1
    return is_depthwise and is_plain and module.padding == (height // 2, width // 2)


def _convolved(input: Tensor, weight: Tensor) -> Tensor:
    return conv2d(input, weight.to(input.dtype), padding=weight.shape[-1] // 2, groups=len(weight))


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(input, weight)
        return _convolved(input, weight)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        input, weight = ctx.saved_tensors
        of_input = _convolved(gradient, weight.flip(2, 3)) if ctx.needs_input_grad[0] else None
        return of_input, _of_weight(input, gradient, weight) if ctx.needs_input_grad[1] else None


def _of_weight(input: Tensor, gradient: Tensor, weight: Tensor) -> Tensor:
    """The gradient of the weights, float32 `[C, 1, K, K]`."""
    input, gradient = input.float(), gradient.float()
    maps, _, kernel, _ = weight.shape
    if max(input.shape[2:]) > SMALL:
        pad = [kernel // 2] * 2
        given = (gradient, input, weight, None, [1, 1], pad, [1, 1], False, [0, 0], maps, [False, True, False])
        native: Tensor = torch.ops.aten.convolution_backward(*given)[1]
        return native
    found = weight.new_zeros(kernel, kernel, maps)
    for row in range(kernel):
        of, to = _meeting(row - kernel // 2, input.shape[2])
        for column in range(kernel):
            left, right = _meeting(column - kernel // 2, input.shape[3])
            met = input[:, :, of, left] * gradient[:, :, to, right]
            found[row, column] = met.sum((0, 2, 3))
    return found.permute(2, 0, 1)[:, None]


def _meeting(offset: int, side: int) -> tuple[slice, slice]:
    """Where of a row of `side` pixels those lie that meet, at an offset, those at the second places."""
    return slice(max(0, offset), max(0, side + offset)), slice(max(0, -offset), max(0, side - offset))
