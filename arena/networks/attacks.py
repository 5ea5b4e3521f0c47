"""Adversarial perturbations: images changed by at most `eps` in any pixel, so that an objective rises.

Images are float32 `[N, 3, S, S]` in [0, 1], and so are `eps`, the largest change, and `alpha`, the change of a step:
8 grey levels are 8 / 255. What is random follows from PyTorch's random state.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from arena.networks.training import as_pool
from arena.types import Critic, Images

Objective = Callable[[Tensor], Tensor]
"""What an attack raises, for each image by itself: from images `[N, 3, S, S]` in [0, 1] to float32 `[N]`."""


def to_unit(images: Images, device: str) -> Tensor:
    """Images, uint8 `[N, S, S, 3]`, as an attack takes them."""
    return as_pool(images, device).permute(0, 3, 1, 2).float().div(255)


def from_unit(images: Tensor) -> Images:
    """What an attack has made, rounded as in a file: uint8 `[N, S, S, 3]`."""
    return images.mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()


def called_real(critic: Critic) -> Objective:
    """How real a critic calls images: its logit, turned round. It never saturates, as a probability does."""
    return lambda images: -critic(images * 2 - 1)


def fgsm(objective: Objective, images: Tensor, eps: float) -> Tensor:
    """The fast gradient sign method, Goodfellow et al. 2014 (arXiv:1412.6572), section 4: one step of the whole eps."""
    return _climb(objective, images, images, eps, eps, 1)


def bim(objective: Objective, images: Tensor, eps: float, alpha: float, steps: int, momentum: float = 0.0) -> Tensor:
    """The basic iterative method, Kurakin et al. 2016 (arXiv:1607.02533), section 2.2: steps of alpha, clipped to eps.

    `momentum`: decay of the mean of the gradients, each scaled to norm 1, whose sign is followed; perturbations then
    fool other critics more often (Dong et al. 2018, arXiv:1710.06081, algorithm 1).
    """
    return _climb(objective, images, images, eps, alpha, steps, momentum)


def pgd(objective: Objective, images: Tensor, eps: float, alpha: float, steps: int, momentum: float = 0.0) -> Tensor:
    """Projected gradient descent, Madry et al. 2017 (arXiv:1706.06083), section 2.1: BIM from a random start."""
    start = images + torch.empty_like(images).uniform_(-eps, eps)
    return _climb(objective, images, start.clamp_(0, 1), eps, alpha, steps, momentum)


def _climb(
    objective: Objective, images: Tensor, start: Tensor, eps: float, alpha: float, steps: int, momentum: float = 0.0
) -> Tensor:
    low, high = (images - eps).clamp_(0, 1), (images + eps).clamp_(0, 1)
    at, velocity = start, torch.zeros_like(images)
    for _ in range(steps):
        gradient = _gradient(objective, at)
        if momentum:
            norm = gradient.abs().sum(dim=(1, 2, 3), keepdim=True)
            velocity = momentum * velocity + gradient / norm.clamp_min(torch.finfo(norm.dtype).tiny)
        at = (at + alpha * (velocity if momentum else gradient).sign()).clamp(low, high)
    return at


def _gradient(objective: Objective, images: Tensor) -> Tensor:
    with torch.enable_grad():
        at = images.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(objective(at).sum(), at)
    return gradient
