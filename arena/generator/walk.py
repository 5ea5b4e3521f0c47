"""Between two latents: along the sphere that normal vectors lie close to, where a straight line would leave it."""

from __future__ import annotations

import torch
from torch import Tensor


def great_circles(stops: Tensor, frames: int) -> Tensor:
    """From each stop, float32 `[N, ...]`, to the next and from the last to the first, `frames` steps each.

    Spherical interpolation: K. Shoemake, Animating Rotation with Quaternion Curves, 1985. Returns `[N * frames, ...]`,
    the first of each `frames` is the stop itself.
    """
    start = stops.flatten(1)
    end = start.roll(-1, 0)
    cosine = torch.nn.functional.cosine_similarity(start, end).clamp(-1, 1)
    angle = torch.arccos(cosine)[:, None, None]
    share = (torch.arange(frames, device=stops.device) / frames)[None, :, None]
    straight = angle.sin() < 1e-4  # equal or opposite: there is no one great circle
    sine = torch.where(straight, torch.ones_like(angle), angle.sin())
    first = torch.where(straight, 1 - share, ((1 - share) * angle).sin() / sine)
    second = torch.where(straight, share, (share * angle).sin() / sine)
    path = first * start[:, None] + second * end[:, None]
    return path.reshape(-1, *stops.shape[1:])
