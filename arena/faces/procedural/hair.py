"""Hair: an outline around the skull, an opening for the face, and strands that fan out from the parting."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from arena.faces.procedural.draws import Draws
from arena.faces.procedural.fields import Canvas, bump, smoothstep
from arena.faces.procedural.head import Pose, Skull, Surface
from arena.faces.procedural.light import Light
from arena.faces.procedural.person import Person

_TEMPLES = 0.34
"""How far in front of the ears the hair begins at the sides, in half depths of the head."""


@dataclass(frozen=True)
class Hair:
    """A haircut. `long`, `bob`, `bald`, `fringe`: 0 or 1 (none of them: short). `curl`: 0 straight to 1.

    `width`, `height`: half axes of the outline. `end`: v where it ends. `parting`: u of the parting. `opening`:
    half width of the bare face. `hairline`: its v, `sweep`: its slope. `temple`: v above which the opening closes
    towards the hairline, `square`: how abruptly. `shift`: to the side in this shot. `sheen`: of the highlight.
    """

    long: Tensor
    bob: Tensor
    bald: Tensor
    fringe: Tensor
    curl: Tensor
    width: Tensor
    height: Tensor
    end: Tensor
    parting: Tensor
    opening: Tensor
    hairline: Tensor
    temple: Tensor
    sweep: Tensor
    square: Tensor
    shift: Tensor
    sheen: Tensor

    @classmethod
    def draw(cls, identity: Draws, shot: Draws, person: Person, skull: Skull) -> Hair:
        """A haircut of the identity stream, a little out of place in each shot."""
        style, woman = identity.uniform(), person.female > 0
        long = ((woman & (style < 0.64)) | (~woman & (style < 0.05))).float()
        bob = (woman & (style >= 0.64) & (style < 0.84)).float()
        bald = (~woman & (style > 0.93)).float()
        curl = identity.chance(0.2) * identity.uniform(0.4, 1)
        thick = identity.normal(0.085, 0.035) + 0.06 * curl + 0.04 * person.female
        fringe = identity.chance(0.20) * (1 - bald) * (0.25 + 0.75 * person.female)
        hairline = identity.normal(-0.70, 0.07) - 0.06 * person.age * (1 - person.female)
        volume = (0.35 + 0.65 * (long + bob)) * thick
        return cls(
            long=long,
            bob=bob,
            bald=bald,
            fringe=fringe,
            curl=curl,
            width=skull.width + volume + identity.uniform(0, 0.04) + 0.10 * long * identity.uniform(),
            height=skull.height * 0.97 + thick * identity.uniform(0.9, 1.9),
            end=(identity.normal(-0.10, 0.07)) * (1 - long - bob) + bob * identity.normal(0.62, 0.12) + long * 3,
            parting=identity.normal(0, 0.2),
            opening=identity.normal(0.605, 0.03) + 0.025 * (1 - long - bob) - 0.08 * long * identity.uniform(),
            hairline=hairline + fringe * identity.normal(0.24, 0.05),
            temple=identity.normal(-0.18, 0.05),
            sweep=identity.normal(0, 0.30) * (1 - 0.3 * fringe),
            square=identity.uniform(),
            shift=shot.normal(0, 0.03) * (long + bob),
            sheen=shot.uniform(0.01, 0.13),
        )


@dataclass(frozen=True)
class HairView:
    """Planes: `front` and `back` coverage, `shadow` of the hair on the face, and what its colour needs."""

    front: Tensor
    back: Tensor
    shadow: Tensor
    outer: Tensor
    inner: Tensor
    strands: Tensor
    clumps: Tensor


def comb(
    canvas: Canvas, hair: Hair, surface: Surface, skull: Skull, pose: Pose, identity: Draws, shot: Draws
) -> HairView:
    """Where the hair is. Noise of the identity stream shapes it, so that curls belong to the person."""
    clumps = identity.noise(16)
    waves = (0.045 * clumps + 0.035 * identity.noise(8)) * (0.35 + 1.6 * hair.curl)
    strands = _strands(hair, surface, clumps, identity, shot)
    loose = hair.long + hair.bob
    outer = _outer(hair, surface, pose) + 1.6 * waves + 0.03 * strands + 0.07 * identity.noise(4) * (loose + 0.4)
    inner = _inner(hair, surface, skull) + 0.16 * strands * (0.35 + 0.9 * hair.fringe) + 0.4 * waves
    some = 1 - hair.bald
    ends = 1 - smoothstep(surface.v + 0.04 * strands, hair.end - 0.14, hair.end + 0.08)
    mass = canvas.within(1 - outer)
    front = mass * (1 - canvas.within(1 - inner, 0.15)) * ends * some
    back = mass * (1 - smoothstep(surface.y, hair.end, hair.end + 0.15)) * some
    shadow = 0.38 * some * smoothstep(inner, 0.62, 1.0) * ends
    return HairView(front, back, shadow, outer, inner, strands, clumps)


def _strands(hair: Hair, surface: Surface, clumps: Tensor, identity: Draws, shot: Draws) -> Tensor:
    """Waves across the hair's flow, -1 to 1: lines that fan out from the parting and fall at the sides."""
    fan = (surface.x - hair.parting) / (0.30 + 0.75 * smoothstep(surface.y, -0.95, -0.1))
    sway = identity.uniform(0, 0.08) * torch.sin(surface.y * identity.uniform(4, 10) + shot.uniform(0, 6.28))
    waves = 0.07 * hair.curl * torch.sin(surface.y * 16 + 3 * clumps)
    fan = fan + sway + waves + 0.05 * shot.noise(4)
    broad = torch.sin(fan * identity.uniform(8, 14) + shot.uniform(0, 6.28) + identity.noise(8))
    fine = torch.sin(fan * identity.uniform(20, 34) + 1.3 * shot.noise(8))
    straight = 0.5 * broad + 0.5 * fine + 0.3 * identity.noise(32)
    return straight * (1 - 0.5 * hair.curl) + (0.40 * clumps + 0.45 * shot.noise(32)) * hair.curl


def _outer(hair: Hair, surface: Surface, pose: Pose) -> Tensor:
    """Quadratic form that is 1 on the outline and more outside."""
    above, y = surface.y.clamp(max=0), surface.y + 0.03
    x = (surface.x - 0.10 * torch.sin(pose.yaw) - hair.shift) * (1 - 0.12 * above * above)
    spread = hair.width * (1 + 0.18 * hair.long * y.clamp(min=0))
    top = (y.clamp(max=0) / hair.height) ** 2
    return (x / spread) ** 2 + top * (0.6 + 0.4 * top)


def _inner(hair: Hair, surface: Surface, skull: Skull) -> Tensor:
    """Quadratic form that is 1 on the hairline and less on the bare face."""
    u = surface.u - hair.parting * 0.35 * smoothstep(-surface.v, 0.2, 0.7) - hair.shift
    # On the head (u / width)² is 1 - (w / depth)² - (v / height)². From the temples backwards let it go on growing,
    # or a turned head would be bald behind the ears.
    w = surface.w / skull.depth
    behind = 1 - w.clamp(min=_TEMPLES) ** 2 + (_TEMPLES - w).clamp(min=0) - (surface.v / skull.height) ** 2
    reach = (hair.hairline + hair.sweep * surface.u - hair.temple).clamp(max=-0.12)
    side = torch.maximum((u / hair.opening) ** 2, (skull.width / hair.opening) ** 2 * behind)
    top = ((surface.v - hair.temple).clamp(max=0) / reach) ** 2
    top = top * (1 - hair.square + hair.square * top)
    return side * (1 + 0.25 * hair.long * (surface.v - 0.2).clamp(min=0)) + top


def colour(hair: Hair, view: HairView, person: Person, surface: Surface, light: Light) -> Tensor:
    """The lit colour of the hair everywhere, a picture."""
    lit = 0.55 + 0.4 * smoothstep(surface.x * light.x + surface.y * light.y, -0.7, 0.7)
    parting = bump(surface.x, hair.parting, 0.035) * (1 - smoothstep(surface.y, -1.0, -0.7)) * (1 - hair.fringe)
    texture = (lit * (1 + 0.32 * view.strands + 0.18 * view.clumps - 0.35 * parting)).clamp(0.12, 1.9)
    depth = (0.62 + 0.62 * smoothstep(view.inner, 0.95, 1.7)) * (0.75 + 0.35 * (1 - smoothstep(surface.y, -0.7, 0.5)))
    crown = bump(surface.y, -0.62 - 0.25 * surface.x**2 + 0.1 * view.strands, 0.17)
    sheen = hair.sheen * crown * (0.35 + 0.65 * view.strands.clamp(0, 1))
    return person.hair * (texture * depth).unsqueeze(1) + (0.5 * person.hair + 0.22) * sheen.unsqueeze(1)
