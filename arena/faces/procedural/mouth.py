"""Mouth: lips as curves over the face, teeth and the dark between them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from arena.faces.procedural.draws import Draws
from arena.faces.procedural.expression import Expression
from arena.faces.procedural.fields import Canvas, as_colour, bump, constant, darken, palette, smoothstep, tint, total
from arena.faces.procedural.head import Surface
from arena.faces.procedural.person import Person

_TEETH, _CAVITY = (240, 226, 208), (58, 22, 20)


@dataclass(frozen=True)
class Mouth:
    """`v`: height of the line. `width`: half of it. `upper`, `lower`: thickness of the lips. `gap`: of the opening."""

    v: Tensor
    width: Tensor
    upper: Tensor
    lower: Tensor
    gap: Tensor
    smile: Tensor
    teeth: Tensor
    whiteness: Tensor
    colour: Tensor
    strength: Tensor

    @classmethod
    def draw(cls, identity: Draws, shot: Draws, person: Person, expression: Expression) -> Mouth:
        """Lips of the identity stream, opened by the expression, with lipstick in some shots of women."""
        bare = person.skin * constant(0.74, 0.38, 0.38) * identity.normal(1, 0.10).unsqueeze(1)
        rouge = as_colour(identity.uniform(0.35, 0.72), identity.uniform(0.03, 0.13), identity.uniform(0.05, 0.18))
        rouge = rouge * (0.5 + 0.5 * person.skin[:, :1])
        lipstick = shot.chance(0.5) * person.female * shot.uniform(0.3, 0.9)
        smile, opening = expression.smile.clamp(min=0), expression.mouth_open
        return cls(
            v=identity.normal(0.485, 0.025),
            width=identity.normal(0.245, 0.018) + 0.055 * smile - 0.02 * opening,
            upper=identity.normal(0.050, 0.010) + 0.012 * person.melanin,
            lower=identity.normal(0.070, 0.013) + 0.014 * person.melanin,
            gap=opening * 0.13,
            smile=expression.smile,
            teeth=expression.teeth,
            whiteness=identity.normal(0.88, 0.10),
            colour=torch.lerp(bare, rouge, lipstick.unsqueeze(1)),
            strength=0.92 - 0.30 * (1 - person.female) * (1 - person.melanin),
        )


@dataclass(frozen=True)
class Lips:
    """Curves over u: `middle` line, inner and outer edges of both lips; `open` is 1 in the middle, 0 at the corners."""

    open: Tensor
    middle: Tensor
    inner_top: Tensor
    inner_bottom: Tensor
    outer_top: Tensor
    outer_bottom: Tensor

    @classmethod
    def of(cls, mouth: Mouth, u: Tensor) -> Lips:
        """The curves of a mouth over the plane `u`. A smile lifts the corners and drops the middle."""
        open_ = 1 - (u / mouth.width) ** 2
        arch = open_.clamp(min=0)
        middle = mouth.v - mouth.smile * 0.062 * (1 - open_).clamp(0, 1.6) + 0.02 * mouth.smile
        top, bottom = middle - mouth.gap * 0.30 * arch, middle + mouth.gap * 0.70 * arch
        bow = 1 - 0.22 * bump(u, 0, 0.035)
        return cls(open_, middle, top, bottom, top - mouth.upper * arch.sqrt() * bow, bottom + mouth.lower * arch)


def relief(lips: Lips, surface: Surface) -> Tensor:
    """The lips stand out, the hollow under the lower lip goes in."""
    u, v, arch = surface.u, surface.v, lips.open.clamp(min=0)
    upper = bump(v, lips.outer_top + 0.02, 0.035) * arch
    lower = bump(v, lips.inner_bottom + 0.03, 0.035) * arch
    hollow = bump(v, lips.outer_bottom + 0.045, 0.04) * bump(u, 0, 0.14)
    return total([0.03 * upper, 0.04 * lower, -0.03 * hollow])


def paint(picture: Tensor, canvas: Canvas, mouth: Mouth, surface: Surface, shade: Tensor, gloss: Tensor) -> Tensor:
    """Paint lips, teeth and the line of the mouth over a lit face."""
    u, v = surface.u, surface.v
    lips = Lips.of(mouth, u)
    lip = canvas.inside(torch.maximum(lips.outer_top - v, v - lips.outer_bottom)) * smoothstep(lips.open, -0.03, 0.12)
    lit = mouth.colour * shade.unsqueeze(1) + 1.3 * gloss.unsqueeze(1)
    picture = tint(picture, lit, lip * mouth.strength)
    opening = canvas.inside(torch.maximum(lips.inner_top - v, v - lips.inner_bottom))
    opening = opening * smoothstep(lips.open, 0.02, 0.18) * (mouth.gap > 0.012)
    picture = tint(picture, _inside(mouth, lips, v, shade), opening)
    closed = bump(v, lips.middle, 0.016) * smoothstep(lips.open, -0.10, 0.10) * (mouth.gap <= 0.02)
    corners = bump(u.abs(), mouth.width, 0.03) * bump(v, lips.middle, 0.028)
    under = bump(v, lips.outer_bottom + 0.022, 0.022) * bump(u, 0, 0.12)
    return darken(picture, total([0.62 * closed, 0.45 * corners, 0.22 * under]), 0.85)


def _inside(mouth: Mouth, lips: Lips, v: Tensor, shade: Tensor) -> Tensor:
    teeth = 1 - smoothstep(v - lips.inner_top, 0.035 + mouth.gap * 0.45, 0.055 + mouth.gap * 0.65)
    teeth = teeth * smoothstep(lips.open, 0.0, 0.45) * mouth.teeth
    white = palette(_TEETH).view(1, 3, 1, 1) * mouth.whiteness.unsqueeze(1)
    inside = torch.lerp(palette(_CAVITY).view(1, 3, 1, 1), white, teeth.unsqueeze(1))
    lit = (0.30 + 0.75 * shade.clamp(0, 1.05)) * (1 - 0.4 * (1 - lips.open).clamp(0, 1))
    return inside.mul_(lit.unsqueeze(1))
