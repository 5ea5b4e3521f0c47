"""Glasses and hats: worn in some shots, so a person is not known by them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from arena.faces.procedural.draws import Draws
from arena.faces.procedural.eyes import Eyes
from arena.faces.procedural.fields import Canvas, bump, darken, dye, palette, smoothstep, tint, total
from arena.faces.procedural.hair import HairView
from arena.faces.procedural.head import Pose, Surface
from arena.faces.procedural.light import Light

_SUNGLASS = (28, 26, 28)


@dataclass(frozen=True)
class Glasses:
    """`worn`: 0 or 1. `width`, `height`: half sizes of a lens. `frame`: thickness. `square`: exponent of its shape."""

    worn: Tensor
    width: Tensor
    height: Tensor
    frame: Tensor
    square: Tensor
    dark: Tensor
    glare: Tensor
    colour: Tensor
    strength: Tensor

    @classmethod
    def draw(cls, identity: Draws, shot: Draws) -> Glasses:
        """The person's glasses, worn in some shots: some people always need them, most never."""
        worn = shot.chance(identity.uniform() ** 5)
        dark = shot.chance(0.12) * worn
        return cls(
            worn=worn,
            width=identity.normal(0.17, 0.012),
            height=identity.normal(0.115, 0.018) + 0.03 * dark,
            frame=identity.uniform(0.010, 0.026),
            square=identity.uniform(2.2, 5),
            dark=dark,
            glare=worn * shot.chance(0.5) * shot.uniform(0.03, 0.25),
            colour=dye(identity.uniform(), identity.uniform(0, 0.5), identity.uniform() ** 2 * 0.6),
            strength=identity.uniform(0.6, 1.0),
        )


def paint_glasses(
    picture: Tensor, canvas: Canvas, glasses: Glasses, eyes: Eyes, surface: Surface, pose: Pose
) -> Tensor:
    """Lenses, rims, bridge and temples over a band of the picture."""
    u = surface.u - 0.05 * torch.sin(pose.yaw)
    across, v = u.abs() - eyes.u - 0.01, surface.v - eyes.v - 0.015
    power = glasses.square
    lens = (across.abs() / glasses.width) ** power + (v.abs() / glasses.height) ** power + 1e-6
    rim = (lens ** (1 / power) - 1) * glasses.height
    bridge = torch.maximum((v + 0.04).abs() - glasses.frame, u.abs() - (eyes.u - glasses.width))
    temple = torch.maximum((v + 0.03).abs() - glasses.frame, glasses.width - across)
    frame = canvas.inside(torch.minimum(rim.abs() - glasses.frame, bridge))
    frame = torch.maximum(frame, canvas.inside(temple) * surface.visible) * glasses.worn
    inside = canvas.inside(rim)
    smoke = palette(_SUNGLASS).view(1, 3, 1, 1)
    picture = tint(picture, smoke, inside * (0.06 * glasses.worn + 0.82 * glasses.dark))
    diagonal = across - v
    streak = smoothstep(diagonal, -0.02, 0.08) * (1 - smoothstep(diagonal, 0.10, 0.2))
    picture = picture.add_((inside * streak * glasses.glare).unsqueeze(1))
    return tint(picture, glasses.colour, frame * glasses.strength)


@dataclass(frozen=True)
class Hat:
    """`worn`: 0 or 1. `brim`: y of its edge. `curve`: how it sags at the sides. `band`: width of its shade."""

    worn: Tensor
    brim: Tensor
    curve: Tensor
    band: Tensor
    colour: Tensor

    @classmethod
    def draw(cls, shot: Draws) -> Hat:
        """A hat of the shot stream."""
        return cls(
            worn=shot.chance(0.07),
            brim=shot.normal(-0.50, 0.05),
            curve=shot.uniform(-0.3, 0.5),
            band=shot.uniform(0.02, 0.12),
            colour=dye(shot.uniform(), shot.uniform() ** 1.5 * 0.9, shot.uniform() ** 1.3 * 0.95),
        )


def paint_hat(
    picture: Tensor, canvas: Canvas, hat: Hat, surface: Surface, hair: HairView, light: Light, cloth: Tensor
) -> Tensor:
    """A cap over hair and forehead, with its shadow on the face. `cloth`: smooth noise."""
    below = surface.y - hat.brim - hat.curve * surface.x**2
    shadow = bump(below, 0.02, 0.09) * (below > 0) * surface.visible
    picture = darken(picture, 0.45 * hat.worn * shadow)
    cover = canvas.inside(below) * canvas.within(1.13 - hair.outer) * hat.worn
    lit = smoothstep(surface.x * light.x + surface.y * light.y, -0.8, 0.8)
    shade = total([0.45 + 0.45 * lit, 0.10 * cloth, 0.06 * hair.strands]) * (1 - 0.45 * bump(below, 0, hat.band))
    return tint(picture, hat.colour * shade.clamp(0.05, 1.2).unsqueeze(1), cover)
