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
    """What a depthwise convolution computes, `[N, C, S, S]` to `[N, C, S / stride, S / stride]`, in the input's dtype.

    `conv`: whose weight it takes over, under the same name, and keeps in float32.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.weight, self.stride = conv.weight, conv.stride[0]

    @staticmethod
    def stands_for(module: nn.Module) -> bool:
        """Whether it computes what this module does."""
        if type(module) is not nn.Conv2d or module.bias is not None or module.padding_mode != "zeros":
            return False
        is_depthwise = 1 < module.groups == module.in_channels == module.out_channels
        height, width = module.kernel_size
        is_plain = module.dilation == (1, 1) and height == width and height % 2 == 1
        is_plain = is_plain and module.stride in ((1, 1), (2, 2))
        return is_depthwise and is_plain and module.padding == (height // 2, width // 2)

    def forward(self, input: Tensor) -> Tensor:
        """See above."""
        if input.is_cuda or not torch.is_grad_enabled():
            return _convolved(input, self.weight, self.stride)
        convolved: Tensor = _Depthwise.apply(input, self.weight, self.stride)
        return convolved


def _convolved(input: Tensor, weight: Tensor, stride: int = 1) -> Tensor:
    padding = weight.shape[-1] // 2
    return conv2d(input, weight.to(input.dtype), stride=stride, padding=padding, groups=len(weight))


def _spread(small: Tensor, large: Tensor, stride: int) -> Tensor:
    """The values of a convolution with a stride where one without would have them, zero elsewhere."""
    if stride == 1:
        return small
    spread = torch.zeros_like(large)
    spread[..., ::stride, ::stride] = small
    return spread


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor, stride: int) -> Tensor:
        ctx.save_for_backward(input, weight)
        ctx.stride = stride
        return _convolved(input, weight, stride)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        input, weight = ctx.saved_tensors
        spread = _spread(gradient, input, ctx.stride)
        of_input = _convolved(spread, weight.flip(2, 3)) if ctx.needs_input_grad[0] else None
        if not ctx.needs_input_grad[1]:
            return of_input, None, None
        if max(input.shape[2:]) > SMALL:
            return of_input, _of_many(input, gradient, weight, ctx.stride), None
        return of_input, _of_few(input.float(), spread.float(), weight), None


def _of_many(input: Tensor, gradient: Tensor, weight: Tensor, stride: int) -> Tensor:
    """The gradient of the weights, float32 `[C, 1, K, K]`, as PyTorch computes it."""
    steps, pad = [stride] * 2, [weight.shape[-1] // 2] * 2
    given = (gradient.float(), input.float(), weight, None, steps, pad, [1, 1], False, [0, 0], len(weight))
    native: Tensor = torch.ops.aten.convolution_backward(*given, [False, True, False])[1]
    return native


def _of_few(input: Tensor, gradient: Tensor, weight: Tensor) -> Tensor:
    """The same by a product for each place of the kernel. `gradient`: without a stride."""
    maps, _, kernel, _ = weight.shape
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
