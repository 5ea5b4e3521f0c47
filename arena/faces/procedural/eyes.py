"""Eyes and brows: sockets in the relief; lids, lashes, iris and brows as paint."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from arena.faces.procedural.draws import Draws
from arena.faces.procedural.expression import Expression
from arena.faces.procedural.fields import Canvas, along, bump, darken, palette, smoothstep, tint, total
from arena.faces.procedural.head import Pose, Surface
from arena.faces.procedural.light import Light
from arena.faces.procedural.person import Person

_IRIS = [(38, 24, 18), (58, 36, 22), (84, 58, 32), (92, 96, 60), (82, 112, 84), (84, 116, 146), (118, 140, 156)]
_WHITE = (208, 196, 189)


@dataclass(frozen=True)
class Eyes:
    """Of both eyes: place (`u` from the middle, `v`), half `width`, `tilt`, how far open, iris; and the brows."""

    u: Tensor
    v: Tensor
    width: Tensor
    tilt: Tensor
    open: Tensor
    iris: Tensor
    iris_radius: Tensor
    gaze_x: Tensor
    gaze_y: Tensor
    makeup: Tensor
    bags: Tensor
    glint: Tensor
    brow_v: Tensor
    brow_arch: Tensor
    brow_slope: Tensor
    brow_thickness: Tensor
    brow_strength: Tensor
    brow_colour: Tensor

    @classmethod
    def draw(cls, identity: Draws, shot: Draws, person: Person, expression: Expression) -> Eyes:
        """Shape and colour of the identity stream; opening, gaze and make-up of the shot."""
        v = identity.normal(-0.145, 0.02)
        pale = (1 - 0.75 * person.melanin).clamp(0, 1)
        return cls(
            u=identity.normal(0.308, 0.015),
            v=v,
            width=identity.normal(0.132, 0.011),
            tilt=identity.normal(-0.07, 0.07),
            open=identity.normal(0, 0.12) + 0.08 * person.female + expression.eyes_open,
            iris=along(palette(*_IRIS), identity.uniform() ** 1.8 * pale),
            iris_radius=identity.normal(0.073, 0.004),
            gaze_x=expression.gaze_x,
            gaze_y=expression.gaze_y,
            makeup=shot.uniform(0, 1) * person.female,
            bags=0.14 + 0.14 * person.age,
            glint=shot.uniform(0.2, 0.9),
            brow_v=v - identity.normal(0.148, 0.015) - expression.brow,
            brow_arch=identity.normal(0.035, 0.016),
            brow_slope=identity.normal(-0.03, 0.06),
            brow_thickness=identity.normal(0.034, 0.008) + 0.008 * (1 - person.female),
            brow_strength=identity.uniform(0.55, 1.0),
            brow_colour=0.45 * person.hair + 0.02 * person.skin,
        )


def relief(eyes: Eyes, surface: Surface) -> Tensor:
    """Sockets go in, eyeballs and brow ridges come out."""
    across, v = surface.u.abs(), surface.v - eyes.v
    socket = bump(across, eyes.u - 0.02, 0.17) * bump(v, 0, 0.105)
    ball = bump(across, eyes.u, 0.10) * bump(v, 0, 0.06)
    ridge = bump(across, 0.27, 0.25) * bump(v, -0.17, 0.075)
    return total([-0.10 * socket, 0.035 * ball, 0.035 * ridge])


def paint(
    picture: Tensor,
    canvas: Canvas,
    eyes: Eyes,
    surface: Surface,
    shade: Tensor,
    light: Light,
    pose: Pose,
    hairs: Tensor,
) -> Tensor:
    """Paint both eyes and brows over a lit face. `hairs`: fine noise that breaks the brows up."""
    du = surface.u.abs() - eyes.u
    dv = surface.v - eyes.v - eyes.tilt * du
    almond = 1 - (du / eyes.width) ** 2
    above = -(dv + 0.060 * eyes.open * almond)
    below = dv - 0.034 * eyes.open * almond
    picture = _lids(picture, eyes, above, below, almond)
    picture = tint(picture, eyes.brow_colour * shade.unsqueeze(1), _brows(eyes, surface.v, du, pose, hairs))
    ball = _eyeball(canvas, eyes, du, dv, almond, above, torch.sign(surface.u), shade, light)
    visible = canvas.inside(torch.maximum(above, below)) * smoothstep(almond, -0.02, 0.10)
    picture = tint(picture, ball, visible)
    upper = bump(above, 0, 0.020 + 0.006 * eyes.makeup) * smoothstep(almond, -0.25, 0.1)
    lower = bump(below, 0.002, 0.015) * smoothstep(almond, -0.1, 0.2)
    return darken(picture, (0.74 + 0.22 * eyes.makeup) * upper + (0.34 + 0.2 * eyes.makeup) * lower, 0.93)


def _lids(picture: Tensor, eyes: Eyes, above: Tensor, below: Tensor, almond: Tensor) -> Tensor:
    """Shade of the upper lid, the crease above it and the bags below."""
    lid = (0.26 + 0.30 * eyes.makeup) * bump(above, 0.03, 0.055)
    bag = eyes.bags * bump(below, 0.03, 0.045)
    crease = 0.30 * bump(above, 0.05, 0.016)
    return darken(picture, total([lid, bag, crease]) * smoothstep(almond, -0.45, 0.15), 0.8)


def _brows(eyes: Eyes, v: Tensor, du: Tensor, pose: Pose, hairs: Tensor) -> Tensor:
    across = du - 0.005
    arch = eyes.brow_arch * (1 - (across - 0.04) ** 2 / 0.035)
    middle = eyes.brow_v - arch - eyes.brow_slope * across + 0.03 * (0.02 - pose.pitch)
    thickness = eyes.brow_thickness * (1.15 - 2.0 * (across + 0.02).clamp(-0.12, 0.4))
    brow = torch.sigmoid((0.75 * thickness - (v - middle).abs()) / 0.010)
    brow = brow * smoothstep(across, -0.20, -0.14) * (1 - smoothstep(across, 0.15, 0.22))
    return (brow * (0.8 + 0.25 * hairs) * eyes.brow_strength).clamp(0, 1)


def _eyeball(
    canvas: Canvas,
    eyes: Eyes,
    du: Tensor,
    dv: Tensor,
    almond: Tensor,
    above: Tensor,
    side: Tensor,
    shade: Tensor,
    light: Light,
) -> Tensor:
    """White, iris, pupil and glint, darker under the upper lid."""
    lit = shade.clamp(0, 1.1)
    rounding = (1 - 0.70 * bump(above, 0, 0.034) - 0.40 * (1 - almond).clamp(0, 1)).clamp(0.1, 1)
    white = palette(_WHITE).view(1, 3, 1, 1) * ((0.25 + 0.65 * lit) * rounding).unsqueeze(1)
    x, y = du - side * eyes.gaze_x, dv - eyes.gaze_y
    radius = torch.sqrt(x * x + y * y + 1e-6)
    ring = 1 - 0.6 * smoothstep(radius, eyes.iris_radius * 0.7, eyes.iris_radius)
    glow = ((0.55 + 0.9 * (y / 0.06).clamp(-0.5, 1)) * ring).clamp(0.15, 1.6)
    glow = glow * (1 - canvas.inside(radius - 0.42 * eyes.iris_radius)) * (0.55 + 0.45 * lit)
    ball = tint(white, eyes.iris * glow.unsqueeze(1), canvas.inside(radius - eyes.iris_radius))
    glint_x, glint_y = side * du - eyes.gaze_x - 0.030 * light.x, y - 0.030 * light.y
    glint = eyes.glint * canvas.inside(torch.sqrt(glint_x**2 + glint_y**2 + 1e-6) - 0.016)
    return darken(ball.add_(glint.unsqueeze(1)), 0.45 * bump(above, -0.006, 0.018))
