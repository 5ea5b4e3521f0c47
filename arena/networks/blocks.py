"""Building blocks of networks: strided convolutions and group norm that train fast, and an exact logit.

PyTorch's CPU kernel for the gradient of a convolution's weights loses two thirds of its speed on maps of 4x4 pixels
(benchmarks/README.md). There the gradient is computed as one matrix product of all patches with all outputs; everything
else, and every parameter and its name, is that of `nn.Conv2d` and `nn.ConvTranspose2d`.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, interpolate, normalize, pad, pixel_shuffle

from arena.types import ArenaError

FEW = 8
"""Side in pixels of the larger map up to which the product is faster."""
FEW_MAPS = 8
"""Maps of a group up to which group norm by sums is faster."""


def pyramid(image_size: int, width: int) -> list[int]:
    """Feature maps from the image inward: one layer per halving down to 4x4, doubling up to 8 times the width.

    Raises ArenaError for a size that is not a power of two from 8.
    """
    layers = image_size.bit_length() - 3
    if layers < 1 or image_size != 4 << layers:
        sizes = "8, 16, 32, 64, 128 ... pixels"
        raise ArenaError(f"this generator makes images of {sizes}, not {image_size}: set image_size")
    return [width * min(2**i, 8) for i in range(layers)]


class GroupNorm(nn.GroupNorm):
    """Group norm (Wu and He 2018) with eight groups, or as many as divide the maps.

    PyTorch's CPU kernels go through the maps of a group pixel by pixel where bfloat16 images are channels-last. Where
    these are few, sums over whole images train in half the time (benchmarks/README.md).
    """

    def __init__(self, maps: int) -> None:
        super().__init__(math.gcd(8, maps), maps)

    def forward(self, input: Tensor) -> Tensor:
        """See `nn.GroupNorm.forward`."""
        return self._by_sums(input) if self._sums_pay(input) else super().forward(input)

    def _sums_pay(self, input: Tensor) -> bool:
        fits = input.dtype == torch.bfloat16 and not input.is_cuda
        fits = fits and input.is_contiguous(memory_format=torch.channels_last)
        return fits and self.num_channels // self.num_groups <= FEW_MAPS and torch.is_grad_enabled()

    def _by_sums(self, input: Tensor) -> Tensor:
        batch, maps, height, width = input.shape
        exact, groups = input.to(torch.promote_types(input.dtype, torch.float32)), (batch, self.num_groups, -1)
        sums = (values.sum((2, 3)).view(groups).sum(2, keepdim=True) for values in (exact, exact.square()))
        mean, square = (total * self.num_groups / (maps * height * width) for total in sums)
        deviation = ((square - mean.square()).clamp(min=0) + self.eps).sqrt()
        weight = self.weight.view(self.num_groups, -1) / deviation
        bias = self.bias.view(self.num_groups, -1) - mean * weight
        each = (batch, maps, 1, 1)
        return torch.addcmul(bias.view(each), exact, weight.view(each)).to(input.dtype)


class Halve(nn.Conv2d):
    """A convolution from maps `[N, C, S, S]` to maps of half the size: stride 2, padding 1."""

    def __init__(self, channels: int, maps: int, kernel: int, bias: bool = False) -> None:
        super().__init__(channels, maps, kernel, stride=2, padding=1, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """See `nn.Conv2d.forward`."""
        weight = self.weight
        if _product_pays(input, input.shape[-1], weight):
            halved: Tensor = _Halve.apply(input, weight)
            return halved if self.bias is None else halved + self.bias.view(1, -1, 1, 1)
        return conv2d(input, weight, self.bias, stride=2, padding=1)


class Double(nn.ConvTranspose2d):
    """A 4x4 transposed convolution from maps `[N, C, S, S]` to maps of twice the size."""

    def __init__(self, channels: int, maps: int, bias: bool = False) -> None:
        super().__init__(channels, maps, 4, stride=2, padding=1, bias=bias)

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """See `nn.ConvTranspose2d.forward`."""
        if output_size is None and _product_pays(input, 2 * input.shape[-1], self.weight):
            return _doubled(input, self.weight, self.bias)
        return super().forward(input, output_size)


class Grow(nn.Conv2d):
    """Twice the size by repeating every pixel, then a 3x3 convolution: no checkerboard as from transposed ones.

    Of the four pixels that a pixel becomes each sees only 2x2 different ones, so both steps together are one transposed
    4x4 convolution with a weight folded from the 3x3 one: 4 products where there would be 9.
    """

    def __init__(self, channels: int, maps: int, bias: bool = True) -> None:
        super().__init__(channels, maps, 3, padding=1, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """Maps `[N, C, S, S]` to `[N, M, 2 S, 2 S]`."""
        exact = self.weight.to(torch.promote_types(self.weight.dtype, torch.float32)).flip(2, 3).transpose(0, 1)
        folded = (
            pad(exact, (0, 1, 0, 1)) + pad(exact, (1, 0, 0, 1)) + pad(exact, (0, 1, 1, 0)) + pad(exact, (1, 0, 1, 0))
        )
        weight = folded.to(dtype=input.dtype, memory_format=torch.channels_last)
        if _product_pays(input, 2 * input.shape[-1], weight):
            return _doubled(input, weight, self.bias)
        return conv_transpose2d(input, weight, self.bias, stride=2, padding=1)


class Resize(nn.Conv2d):
    """Twice the size by bilinear interpolation, then a 3x3 convolution."""

    def __init__(self, channels: int, maps: int) -> None:
        super().__init__(channels, maps, 3, padding=1)

    def forward(self, input: Tensor) -> Tensor:
        """Maps `[N, C, S, S]` to `[N, M, 2 S, 2 S]`."""
        return super().forward(interpolate(input, scale_factor=2.0, mode="bilinear", align_corners=False))


class Shuffle(nn.Conv2d):
    """A 3x3 convolution to four times the maps, of which every four become one of twice the size (Shi et al. 2016)."""

    def __init__(self, channels: int, maps: int) -> None:
        super().__init__(channels, 4 * maps, 3, padding=1)

    def forward(self, input: Tensor) -> Tensor:
        """Maps `[N, C, S, S]` to `[N, M, 2 S, 2 S]`."""
        return pixel_shuffle(super().forward(input), 2)


class Spectral(nn.Module):
    """Divides a weight by its largest singular value (Miyato et al. 2018), found by one power iteration a pass.

    Register it with `torch.nn.utils.parametrize`. The vector that it keeps stays float32 in every precision.
    """

    left: Tensor

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.register_buffer("left", normalize(torch.randn(outputs), dim=0))

    def forward(self, weight: Tensor) -> Tensor:
        """A weight `[outputs, ...]` of spectral norm one."""
        matrix = weight.flatten(1).float()
        with torch.no_grad():
            right = normalize(matrix.T @ self.left, dim=0)
            left = normalize(matrix @ right, dim=0)
            if self.training:
                self.left.copy_(left)
        return weight / (left @ (matrix @ right)).to(weight.dtype)


class Logit(nn.Linear):
    """The last layer of a detector: features `[N, C]` to logits `[N]`, in float32 in every precision.

    A bfloat16 has 128 steps from one power of two to the next: the images of an exam would tie by the hundred, and
    an alarm threshold could not fall between them.
    """

    def __init__(self, features: int) -> None:
        super().__init__(features, 1)

    def forward(self, input: Tensor) -> Tensor:
        """See above."""
        return super().forward(input.float()).flatten(0)


def _doubled(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    doubled: Tensor = _Double.apply(input, weight)
    return doubled if bias is None else doubled + bias.view(1, -1, 1, 1)


def _product_pays(input: Tensor, side: int, weight: Tensor) -> bool:
    return side <= FEW and not input.is_cuda and weight.requires_grad and torch.is_grad_enabled()


class _Halve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, large: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(large, weight)
        return conv2d(large, weight, stride=2, padding=1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor]:
        large, weight = ctx.saved_tensors
        towards_large = _towards_large(gradient, weight, large) if ctx.needs_input_grad[0] else None
        return towards_large, _of_weight(large, gradient, weight)


class _Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, small: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(small, weight)
        return conv_transpose2d(small, weight, stride=2, padding=1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor]:
        small, weight = ctx.saved_tensors
        towards_small = conv2d(gradient, weight, stride=2, padding=1) if ctx.needs_input_grad[0] else None
        return towards_small, _of_weight(gradient, small, weight)


def _towards_large(small: Tensor, weight: Tensor, large: Tensor) -> Tensor:
    """The gradient of a convolution's input; a row or column that no patch reached is padded."""
    kernel = weight.shape[-1]
    rest = [side - (2 * few + kernel - 4) for side, few in zip(large.shape[2:], small.shape[2:], strict=True)]
    return conv_transpose2d(small, weight, stride=2, padding=1, output_padding=rest)


def _of_weight(large: Tensor, small: Tensor, weight: Tensor) -> Tensor:
    """The gradient of the weights `[small maps, large maps, k, k]`: every patch of one side times the other side."""
    maps, channels, kernel, _ = weight.shape
    padded = pad(large.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
    patches = padded.unfold(1, kernel, 2).unfold(2, kernel, 2).permute(0, 1, 2, 4, 5, 3)
    product = small.permute(0, 2, 3, 1).reshape(-1, maps).T @ patches.reshape(-1, kernel * kernel * channels)
    return product.view(maps, kernel, kernel, channels).permute(0, 3, 1, 2)
