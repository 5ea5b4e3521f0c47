"""Backgrounds: what a portrait lens leaves of a room, a street, a garden."""

from __future__ import annotations

import torch
from torch import Tensor

from arena.faces.procedural.draws import Draws
from arena.faces.procedural.fields import Canvas, hsv, smoothstep, tint


def paint(canvas: Canvas, shot: Draws) -> Tensor:
    """A background of the shot stream: a gradient, a stripe, lights, a half plane, foliage and texture, in part."""
    coarse, medium, fine = shot.noise(4), shot.noise(8), shot.noise(16)
    brightness = shot.uniform(0.02, 0.98)
    first = hsv(shot.uniform(), shot.uniform() ** 2.2 * 0.8, brightness)
    second = hsv(shot.uniform(), shot.uniform() ** 2.2 * 0.8, (brightness + shot.normal(0, 0.36)).clamp(0, 1))
    third = hsv(shot.uniform(), shot.uniform() ** 2 * 0.8, shot.uniform(0.02, 1))
    fourth = hsv(shot.uniform(), shot.uniform() ** 2 * 0.8, shot.uniform(0.02, 1))
    gradient = _across(canvas, shot, 6.28) * 0.5 + 0.5
    mixing = (
        gradient * shot.uniform() + coarse * shot.uniform(0, 0.7) + medium * shot.uniform(0, 0.4) * shot.chance(0.6)
    )
    picture = tint(first, second, mixing.clamp(0, 1))
    stripe = (_across(canvas, shot) - shot.normal(0, 0.7)).abs() - shot.uniform(0.1, 0.8)
    picture = tint(picture, third, _soft(stripe, shot.uniform(0.01, 0.17)) * shot.chance(0.5) * shot.uniform(0.3, 1))
    lights = smoothstep(medium, 0.7, 1.5) * shot.chance(0.35) * shot.uniform(0.3, 1)
    picture = tint(picture, (third * 1.2 + 0.3).clamp(0, 1.2), lights)
    edge = _across(canvas, shot) - shot.normal(0, 0.6) + 0.15 * coarse * shot.chance(0.5)
    side = _soft(-edge, 0.015 + 0.2 * shot.uniform() ** 2)
    picture = tint(picture, fourth, side * shot.chance(0.6) * shot.uniform(0.2, 1))
    leaves = smoothstep(medium + 0.6 * coarse + 0.15 * fine, -0.1, shot.uniform(0.3, 1.6))
    picture = tint(picture, third * 0.6, leaves * shot.chance(0.3) * shot.uniform(0.2, 0.9))
    rough = 0.28 * shot.chance(0.6) * shot.uniform() ** 2 * shot.noise(32) + 0.28 * shot.uniform() ** 2 * fine
    return picture * (1 + rough).clamp(0.2, 2).unsqueeze(1)


def _across(canvas: Canvas, shot: Draws, turn: float = 3.14) -> Tensor:
    """Distance along a random direction."""
    angle = shot.uniform(0, turn)
    return canvas.x * torch.cos(angle) + canvas.y * torch.sin(angle)


def _soft(distance: Tensor, width: Tensor) -> Tensor:
    """Coverage by the set of negative `distance` with an edge of `width`: out of focus."""
    return torch.sigmoid(-distance / width)
