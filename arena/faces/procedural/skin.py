"""Skin: what lies between the features. Cheeks, folds and chin as relief; blush, mottling and beard as colour."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from arena.faces.procedural.draws import Draws
from arena.faces.procedural.expression import Expression
from arena.faces.procedural.fields import bump, constant, smoothstep, tint, total
from arena.faces.procedural.head import Surface
from arena.faces.procedural.mouth import Lips, Mouth
from arena.faces.procedural.nose import Nose, NoseView
from arena.faces.procedural.person import Person


@dataclass(frozen=True)
class Skin:
    """Planes: `fine` (noise of hairs and pores), `texture` (relief), `mottling` (around 1), `oil`. Scalar: `blush`."""

    fine: Tensor
    texture: Tensor
    mottling: Tensor
    blush: Tensor
    oil: Tensor
    fold: Tensor

    @classmethod
    def draw(cls, identity: Draws, shot: Draws, person: Person, expression: Expression) -> Skin:
        """Skin of the identity stream; its sheen depends on the shot."""
        fine, coarse = identity.noise(32), identity.noise(16)
        return cls(
            fine=fine,
            texture=(0.35 * fine + 0.4 * coarse) * (0.0012 + 0.0025 * person.age),
            mottling=1 + 0.05 * coarse * (0.5 + person.age) + 0.03 * identity.noise(8) + 0.04 * identity.noise(4),
            blush=identity.uniform(0.05, 0.4) * (1 - 0.5 * person.melanin),
            oil=(0.02 + 0.18 * shot.uniform() ** 2) * (1 + 0.2 * fine),
            fold=0.8 * expression.smile.clamp(min=0) + (0.35 + 0.5 * person.age) * (1 - 0.45 * person.female),
        )


@dataclass(frozen=True)
class Beard:
    """`density`: 0 for none. `goatee`: 1 leaves the cheeks bare. `moustache`: 0 or 1. `colour` of the hairs."""

    density: Tensor
    goatee: Tensor
    moustache: Tensor
    colour: Tensor

    @classmethod
    def draw(cls, identity: Draws, person: Person) -> Beard:
        """A beard of the identity stream, for half of the men."""
        return cls(
            density=identity.chance(0.45) * (1 - person.female) * identity.uniform(0.3, 0.9),
            goatee=identity.chance(0.3),
            moustache=identity.chance(0.85),
            colour=0.8 * person.hair + 0.10 * person.skin,
        )


def relief(skin: Skin, surface: Surface, expression: Expression, nose: Nose, mouth: Mouth) -> Tensor:
    """Cheeks, the folds from nose to mouth, the chin, and the groove between nose and lip."""
    u, v, across, smile = surface.u, surface.v, surface.u.abs(), expression.smile
    cheek = bump(across, 0.37, 0.17) * bump(v, 0.14 - 0.04 * smile, 0.15) * (1 + 0.7 * smile)
    fold_u = 0.135 + 0.15 * ((v - 0.22) / 0.26).clamp(0, 1.2)
    fold = bump(across, fold_u, 0.035) * smoothstep(v, 0.16, 0.28) * (1 - smoothstep(v, 0.46, 0.62))
    chin = bump(u, 0, 0.14) * bump(v, 0.79, 0.10)
    groove = bump(u, 0, 0.022) * smoothstep(v, nose.base + 0.08, nose.base + 0.12)
    groove = groove * (1 - smoothstep(v, mouth.v - 0.07, mouth.v - 0.04))
    return total([0.05 * cheek, -0.022 * skin.fold * fold, 0.05 * chin, -0.010 * groove])


def colour(
    skin: Skin, beard: Beard, person: Person, surface: Surface, nose: NoseView, mouth: Mouth, lips: Lips
) -> Tensor:
    """The unlit colour of the face, a picture."""
    picture = person.skin * skin.mottling.unsqueeze(1)
    cheeks = bump(surface.u.abs(), 0.38, 0.16) * bump(surface.v, 0.17, 0.13)
    tip = bump(nose.u, 0, 0.08) * bump(nose.v, nose.nose.base, 0.07)
    flush = (0.7 * cheeks + 0.5 * tip) * skin.blush * 0.5
    picture = tint(picture, person.skin * constant(1, 0.62, 0.60), flush)
    return tint(picture, beard.colour, _beard(beard, skin, surface, nose, mouth, lips))


def _beard(beard: Beard, skin: Skin, surface: Surface, nose: NoseView, mouth: Mouth, lips: Lips) -> Tensor:
    """Cover of the beard: from the cheeks down, thin under the lip, with a moustache."""
    u, v, across = surface.u, surface.v, surface.u.abs()
    edge = v + 0.16 * bump(u, 0, 0.2) - 0.55 * (across - 0.3).clamp(min=0)
    cover = smoothstep(edge, 0.30, 0.46) * (1 - 0.85 * beard.goatee * smoothstep(across, 0.2, 0.3))
    cover = cover * (1 - 0.45 * bump(u, 0, mouth.width) * bump(v, lips.outer_bottom + 0.03, 0.03))
    moustache = bump(v, nose.nose.base + 0.145, 0.055) * (1 - smoothstep(across, 0.18, 0.30))
    cover = torch.maximum(cover, moustache * beard.moustache)
    return (cover * beard.density * (0.85 + 0.13 * skin.fine).clamp(0.2, 1.3)).clamp(0, 0.95)
