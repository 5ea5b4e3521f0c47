"""Who it is: sex, age, skin and hair colour."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from arena.faces.procedural.draws import Draws
from arena.faces.procedural.fields import along, as_colour, palette

# Colours picked by eye from portraits, light to dark skin; hair with how often each is met.
_SKIN = [(244, 204, 182), (238, 188, 160), (228, 173, 143), (214, 156, 124), (184, 126, 94), (146, 96, 70)]
_SKIN += [(110, 72, 54), (80, 54, 43)]
_HAIR = {
    (24, 20, 19): 0.20,
    (34, 26, 23): 0.15,
    (54, 37, 28): 0.16,
    (78, 52, 36): 0.13,
    (112, 78, 52): 0.10,
    (158, 120, 76): 0.08,
    (205, 170, 116): 0.08,
    (228, 206, 168): 0.03,
    (132, 62, 36): 0.025,
    (96, 46, 30): 0.025,
    (140, 138, 136): 0.01,
    (200, 198, 195): 0.01,
}
_GREY, _BLACK = (168, 166, 163), (26, 21, 20)


@dataclass(frozen=True)
class Person:
    """`female`: 0 or 1. `age`, `melanin`: scalars in [0, 1]. `skin`, `hair`: colours."""

    female: Tensor
    age: Tensor
    melanin: Tensor
    skin: Tensor
    hair: Tensor

    @classmethod
    def draw(cls, identity: Draws) -> Person:
        """A person of the identity stream."""
        female, age = identity.chance(0.55), identity.uniform()
        melanin = identity.uniform() ** 1.35
        undertone = as_colour(identity.normal(1, 0.03), identity.normal(1, 0.025), identity.normal(1, 0.05))
        skin = along(palette(*_SKIN), melanin) * undertone
        return cls(female, age, melanin, skin, _hair(identity, age, melanin))


def _hair(identity: Draws, age: Tensor, melanin: Tensor) -> Tensor:
    colours, shares = palette(*_HAIR), torch.tensor(list(_HAIR.values())).cumsum(0)
    choice = torch.searchsorted(shares / shares[-1], identity.uniform(0, 0.999).view(-1))
    hair = colours[choice].view(-1, 3, 1, 1)
    grey = ((age - 0.78) * 4).clamp(0, 1) * identity.chance(0.6)
    hair = torch.lerp(hair, palette(_GREY).view(1, 3, 1, 1), grey.unsqueeze(1))
    # Dark skin comes with black hair nearly always.
    black = ((melanin - 0.5) * 4).clamp(0, 1) * identity.chance(0.92)
    hair = torch.lerp(hair, palette(_BLACK).view(1, 3, 1, 1), black.unsqueeze(1))
    return hair * torch.exp(identity.normal(0, 0.15)).unsqueeze(1)
