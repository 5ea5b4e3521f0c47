"""Neck, ears and clothes: what holds the head up."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from arena.faces.procedural.draws import Draws
from arena.faces.procedural.fields import Canvas, bump, constant, dye, smoothstep, tint
from arena.faces.procedural.head import Pose, Skull, Surface
from arena.faces.procedural.light import Light
from arena.faces.procedural.person import Person


@dataclass(frozen=True)
class Body:
    """`neck`, `ear`: half widths. `collar`: height of the neckline, `cut`: its depth. `clothes`: their colour."""

    neck: Tensor
    ear: Tensor
    collar: Tensor
    cut: Tensor
    clothes: Tensor

    @classmethod
    def draw(cls, identity: Draws, shot: Draws, person: Person) -> Body:
        """Neck and ears of the identity stream, clothes of the shot."""
        return cls(
            neck=identity.normal(0.37, 0.025) - 0.06 * person.female,
            ear=identity.normal(0.085, 0.01),
            collar=shot.normal(0.93, 0.05),
            cut=shot.uniform(-0.15, 0.35),
            clothes=dye(shot.uniform(), shot.uniform() ** 1.5 * 0.8, shot.uniform() ** 1.1 * 0.95),
        )


def paint_neck(
    picture: Tensor, canvas: Canvas, body: Body, person: Person, pose: Pose, light: Light, folds: Tensor
) -> Tensor:
    """Neck and clothes over the background; the chin shades the neck. `folds`: smooth noise on the cloth."""
    x = (canvas.x - pose.x) / pose.scale - 0.06 * torch.sin(pose.yaw)
    y = (canvas.y - pose.y) / pose.scale
    # The neck widens into the shoulders, is round, and lies in the shadow of the chin.
    neck = canvas.inside(x.abs() - body.neck - 0.9 * (y - 0.82).clamp(min=0) ** 1.5) * smoothstep(y, 0.25, 0.3)
    round_ = (1 - (x / (body.neck * 1.2)).abs().clamp(0, 1) ** 2).sqrt()
    under_chin = 1 - smoothstep(y - 0.1 * light.x.abs(), 0.84, 1.15)
    shade = (0.15 + 0.80 * round_ + 0.35 * x * light.x) * (0.82 - 0.60 * under_chin)
    shade = shade.clamp(0.06, 1.1) * (0.5 * light.ambient + 0.75 * light.key)
    picture = tint(picture, person.skin * constant(1, 0.90, 0.86) * shade.unsqueeze(1), neck)
    slope = 0.30 * (x.abs() - 0.42).clamp(min=0)
    neckline = body.collar + slope + body.cut * (1 - x.abs() / 0.45).clamp(min=0)
    cloth = (0.55 + 0.35 * smoothstep(2 * x * light.x, -1, 1) + 0.15 * folds).clamp(0.1, 1.2)
    return tint(picture, body.clothes * cloth.unsqueeze(1), canvas.inside(neckline - y))


def paint_ears(
    picture: Tensor,
    canvas: Canvas,
    body: Body,
    skull: Skull,
    person: Person,
    surface: Surface,
    pose: Pose,
    light: Light,
) -> Tensor:
    """Ears at the sides of the head: the far one behind it, the near one over it."""
    x = surface.x + 0.10 * torch.sin(pose.yaw)
    y = surface.y + 0.02 + 0.5 * torch.sin(pose.pitch)
    across = x.abs() - skull.width * torch.cos(pose.yaw)
    edge = torch.sqrt((across / body.ear) ** 2 + ((y - 0.3 * across) / 0.19) ** 2 + 1e-6) - 1
    near = smoothstep(-torch.sign(x) * torch.sin(pose.yaw), 0.05, 0.35)
    cover = canvas.inside(body.ear * edge) * (1 - surface.visible * (1 - near))
    shade = 0.62 * (light.ambient + 0.6 * light.key) * (1 + 0.6 * surface.x * light.x)
    shade = (shade * (0.75 + 0.5 * bump(edge, -0.45, 0.30))).clamp(0.05, 1.2)
    return tint(picture, person.skin * constant(1.05, 0.9, 0.87) * shade.unsqueeze(1), cover)
