"""Straight through: what an image passes on its way to a network changes what the network sees, not the gradients.

Rounding has no gradient worth following; the straight-through estimator takes it for the identity (Y. Bengio et al.,
Estimating or Propagating Gradients Through Stochastic Neurons for Conditional Computation, 2013).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from arena.networks.training import as_pool, to_images, to_range
from arena.types import Critic, Images

Code = Callable[[Images, int], Images]
"""What changes images, uint8 `[N, S, S, 3]`, with a seed, such as `arena.faces.coding.coder` makes."""


def through(images: Tensor, code: Code) -> Tensor:
    """Images `[N, 3, S, S]` in [-1, 1] as `code` changes them; backward they are what they were.

    It computes outside of PyTorch, so a step with it cannot be captured in a CUDA graph.

    What `code` draws follows from PyTorch's random state, so training with one seed is repeatable.
    """
    seed = int(torch.randint(2**62, ()))
    coded = to_range(as_pool(code(to_images(images.detach()), seed), str(images.device)))
    return straight(images, coded)


def straight(images: Tensor, changed: Tensor) -> Tensor:
    """What images were changed to, of their shape and dtype, with the gradients of the images themselves."""
    passed: Tensor = _Straight.apply(images, changed.to(images.dtype))
    return passed


def coded(critic: Critic, code: Code | None) -> Critic:
    """The critic of images as `code` changes them, with gradients straight through; the critic itself without one."""
    return critic if code is None else lambda images: critic(through(images, code))


class _Straight(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, images: Tensor, coded: Tensor) -> Tensor:
        return coded

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None
