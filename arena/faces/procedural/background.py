"""Backgrounds: what a portrait lens leaves of a room, a street, a garden."""

from __future__ import annotations

import torch
from torch import Tensor

from arena.faces.procedural.draws import Draws
from arena.faces.procedural.fields import Canvas, dye, smoothstep, tint

_THINGS = 5
"""Out-of-focus things behind the sitter at most: frames, shelves, other people."""


def paint(canvas: Canvas, shot: Draws) -> Tensor:
    """A background of the shot stream: a wall in uneven light, half of it another, things, lights or foliage."""
    coarse, medium, fine = shot.noise(4), shot.noise(8), shot.noise(16)
    brightness = shot.uniform(0.06, 0.92)
    near = _muted(shot, (brightness + shot.normal(0, 0.42)).clamp(0, 1))
    falloff = _across(canvas, shot, 6.28) * 0.5 + 0.5
    mixing = falloff * shot.uniform() + coarse * shot.uniform(0, 0.7) + medium * shot.uniform(0, 0.3) * shot.chance(0.4)
    picture = torch.lerp(_muted(shot, brightness), near, mixing.clamp(0, 1).unsqueeze(1))
    edge = _across(canvas, shot) - shot.normal(0, 0.6) + 0.15 * coarse * shot.chance(0.5)
    side = _soft(-edge, 0.015 + 0.2 * shot.uniform() ** 2) * shot.chance(0.75) * shot.uniform(0.3, 1)
    picture = tint(picture, _muted(shot, shot.uniform(0.02, 1)), side)
    clutter = shot.uniform(0.2, 1.1)
    for _ in range(_THINGS):
        picture = tint(picture, _muted(shot, shot.uniform(0.02, 1)), _thing(canvas, shot) * shot.chance(clutter))
    lamp = (_muted(shot, shot.uniform(0.5, 1)) * 1.2 + 0.2).clamp(0, 1.2)
    lights = smoothstep(medium, 0.7, 1.5) * shot.chance(0.2) * shot.uniform(0.3, 1)
    picture = tint(picture, lamp, lights)
    leaf = _muted(shot, shot.uniform(0.02, 0.6))
    leaves = smoothstep(medium + 0.6 * coarse + 0.25 * fine, -0.3, shot.uniform(0.6, 1.8))
    picture = tint(picture, leaf, leaves * shot.chance(0.25) * shot.uniform(0.3, 0.9))
    rough = 0.10 * shot.uniform() ** 2 * shot.noise(32) + 0.22 * shot.uniform() ** 2 * fine
    return picture.mul_((1 + rough).clamp(0.2, 2).unsqueeze(1))


def _thing(canvas: Canvas, shot: Draws) -> Tensor:
    """Coverage by a box with soft edges, mostly at the side of the picture, where the sitter is not."""
    angle = shot.normal(0, 0.12)
    x = canvas.x * torch.cos(angle) + canvas.y * torch.sin(angle) - shot.uniform(-1.1, 1.1)
    y = canvas.y * torch.cos(angle) - canvas.x * torch.sin(angle) - shot.uniform(-1.1, 0.9)
    softness = shot.uniform(0.03, 0.16)
    across = _soft(x.abs() - shot.uniform(0.05, 0.45), softness)
    return across * _soft(y.abs() - shot.uniform(0.1, 0.8), softness) * shot.uniform(0.4, 1)


def _muted(shot: Draws, brightness: Tensor) -> Tensor:
    """A colour of rooms, walls and gardens: mostly grey, the brighter the less saturated."""
    return dye(shot.uniform(), shot.uniform() ** 2.2 * (0.85 - 0.35 * brightness), brightness)


def _across(canvas: Canvas, shot: Draws, turn: float = 3.14) -> Tensor:
    """Distance along a random direction."""
    angle = shot.uniform(0, turn)
    return canvas.x * torch.cos(angle) + canvas.y * torch.sin(angle)


def _soft(distance: Tensor, width: Tensor) -> Tensor:
    """Coverage by the set of negative `distance` with an edge of `width`: out of focus."""
    return smoothstep(distance / width, 2, -2)
