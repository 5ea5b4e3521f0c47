"""The nose: the relief that matters most, measured by how readily a face detector accepts the face."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from arena.faces.procedural.draws import Draws
from arena.faces.procedural.fields import bump, smoothstep, total
from arena.faces.procedural.head import Pose, Surface
from arena.faces.procedural.person import Person


@dataclass(frozen=True)
class Nose:
    """`base`: v of the nose's underside. `width`: half distance of the wings. `height`: how far the tip stands out."""

    base: Tensor
    width: Tensor
    height: Tensor

    @classmethod
    def draw(cls, identity: Draws, person: Person) -> Nose:
        """A nose of the identity stream."""
        return cls(
            base=identity.normal(0.215, 0.02),
            width=identity.normal(0.107, 0.012) + 0.02 * person.melanin - 0.008 * person.female,
            height=identity.normal(0.20, 0.03) - 0.02 * person.female,
        )


@dataclass(frozen=True)
class NoseView:
    """Planes: coordinates `u`, `v` on the nose, shifted by parallax as it stands out, and its `ridge`."""

    nose: Nose
    u: Tensor
    v: Tensor
    height: Tensor
    ridge: Tensor
    ridge_width: Tensor

    @classmethod
    def of(cls, nose: Nose, surface: Surface, pose: Pose) -> NoseView:
        """The nose seen in this pose."""
        along = (surface.v + 0.17) / (nose.base + 0.17)
        height = nose.height * smoothstep(along, -0.15, 1.05)
        u = surface.u - height * torch.sin(pose.yaw)
        v = surface.v - nose.height * 0.6 * torch.sin(pose.pitch)
        ridge_width = 0.052 + 0.035 * along.clamp(0, 1) ** 2
        underside = 1 - smoothstep(v, nose.base, nose.base + 0.085)
        ridge = height * bump(u, 0, ridge_width) * underside * smoothstep(along, -0.4, 0.15)
        return cls(nose, u, v, height, ridge, ridge_width)

    def relief(self) -> Tensor:
        """Ridge, wings and tip, added to the depth of the head."""
        nose = self.nose
        wings = bump(self.u.abs(), nose.width * 0.82, 0.042) * bump(self.v, nose.base + 0.015, 0.052)
        tip = bump(self.u, 0, 0.06) * bump(self.v, nose.base - 0.015, 0.06)
        return total([self.ridge, 0.055 * wings, 0.05 * tip])

    def shadow(self, light_x: Tensor, light_y: Tensor) -> Tensor:
        """Share of the key light the nose takes from its other side: one step of a march towards the light."""
        step = 0.13
        u, v = self.u + light_x * step, self.v + light_y * step
        towards = self.height * bump(u, 0, self.ridge_width)
        towards = towards * (1 - smoothstep(v, self.nose.base, self.nose.base + 0.085))
        return (towards - self.ridge - 0.05).clamp(0, 0.12) * 5.5 * smoothstep(self.v, -0.2, 0.0)

    def nostrils(self) -> Tensor:
        """Darkness of nostrils, the crease of the wings and the shade under the tip."""
        nose, across = self.nose, self.u.abs()
        holes = bump(across, nose.width * 0.48, 0.030) * bump(self.v, nose.base + 0.055, 0.018)
        crease = bump(across, nose.width * 1.18, 0.022) * bump(self.v, nose.base + 0.02, 0.045)
        below = bump(self.u, 0, nose.width * 1.1) * bump(self.v, nose.base + 0.072, 0.022)
        return total([0.75 * holes, 0.35 * crease, 0.22 * below])
