"""The head: a tapered ellipsoid, turned and placed, with surface coordinates on which the features sit."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from arena.faces.procedural.draws import Draws
from arena.faces.procedural.fields import Band, Canvas
from arena.faces.procedural.person import Person


@dataclass(frozen=True)
class Pose:
    """Where the head is and where it looks. Angles in radians; yaw > 0 turns the face to the left of the image."""

    yaw: Tensor
    pitch: Tensor
    roll: Tensor
    scale: Tensor
    x: Tensor
    y: Tensor

    @classmethod
    def draw(cls, shot: Draws) -> Pose:
        """A pose of the shot stream: a portrait, so mostly towards the camera and centred as a crop centres it."""
        yaw, pitch = shot.normal(0, 0.23), shot.normal(0, 0.10)
        return cls(
            yaw=yaw,
            pitch=pitch,
            roll=shot.normal(0, 0.07),
            scale=shot.normal(0.98, 0.045),
            x=shot.normal(0, 0.04) - 0.45 * yaw,
            y=shot.normal(0.11, 0.045) - 0.45 * pitch,
        )

    def row(self, v: Tensor | float, depth: float = 0.78) -> Tensor:
        """Image height of the point at height `v` and `depth` of the head, as a scalar."""
        return self.y + self.scale * (v * torch.cos(self.pitch) + depth * torch.sin(self.pitch))


@dataclass(frozen=True)
class Skull:
    """The bones: half axes of an ellipsoid and how the head departs from it.

    `chin`: above 1 shortens what lies below the ears. `jaw`: narrows towards the chin. `crown`: narrows towards the
    top. `forehead`: heightens the skull. `asymmetry`: shear of the face.
    """

    width: Tensor
    height: Tensor
    depth: float
    chin: Tensor
    jaw: Tensor
    crown: Tensor
    forehead: Tensor
    asymmetry: Tensor

    @classmethod
    def draw(cls, identity: Draws, person: Person) -> Skull:
        """Bones of the identity stream; men have broader jaws."""
        return cls(
            width=0.645 * identity.normal(1, 0.04),
            height=0.95 * identity.normal(1, 0.03),
            depth=0.82,
            chin=identity.normal(1.11, 0.03) + 0.02 * person.female,
            jaw=identity.normal(0.07, 0.09) + 0.07 * person.female,
            crown=identity.uniform(0.0, 0.08),
            forehead=identity.uniform(0.09, 0.16),
            asymmetry=identity.normal(0, 0.02),
        )


@dataclass(frozen=True)
class Surface:
    """The head as seen: planes over the image.

    `x`, `y`: image coordinates upright in the head's frame, origin between the ears. `u`, `v`, `w`: coordinates on
    the head, u to the right, v downwards, w forwards (negative behind the ears). `depth`: towards the camera.
    `rim`: 0 on the outline, growing inwards. `visible`: coverage by the head.
    """

    x: Tensor
    y: Tensor
    u: Tensor
    v: Tensor
    w: Tensor
    depth: Tensor
    rim: Tensor
    visible: Tensor

    def band(self, band: Band) -> Surface:
        """Only the rows of the band."""
        return Surface(*(band.take(getattr(self, field.name)) for field in fields(self)))


def surface(canvas: Canvas, pose: Pose, skull: Skull) -> Surface:
    """Where each pixel's ray meets the head."""
    x0, y0 = (canvas.x - pose.x) / pose.scale, (canvas.y - pose.y) / pose.scale
    cos, sin = torch.cos(pose.roll), torch.sin(pose.roll)
    x, y = x0 * cos + y0 * sin, y0 * cos - x0 * sin
    # The outline narrows towards the chin and widens towards a higher crown.
    below, above = (y - 0.05).clamp(min=0) ** 2, y.clamp(max=0)
    tapered = x * (1 + 1.7 * skull.jaw * below + 0.45 * below**3 - skull.crown * above * above)
    y = y - above * (1.6 * skull.forehead - 0.10 * above * above) + (skull.chin - 1) * y.clamp(min=0)
    rotation = _rotation(pose)
    depth, rim = _ray(tapered, y, rotation, (skull.width, skull.height, skull.depth))
    u = rotation[0][0] * tapered + rotation[0][2] * depth
    v = rotation[1][0] * tapered + rotation[1][1] * y + rotation[1][2] * depth
    w = rotation[2][0] * tapered + rotation[2][1] * y + rotation[2][2] * depth
    v = v - (1 - 1 / skull.chin) * v.clamp(min=0)
    u = u * (1 + skull.asymmetry * v)
    return Surface(x, y, u, v, w, depth, rim, canvas.within(rim))


def _rotation(pose: Pose) -> list[list[Tensor]]:
    """Rows of the matrix from camera to head: first yaw, then pitch."""
    cy, sy, cp, sp = torch.cos(pose.yaw), torch.sin(pose.yaw), torch.cos(pose.pitch), torch.sin(pose.pitch)
    return [[cy, torch.zeros_like(cy), -sy], [-sp * sy, cp, -sp * cy], [cp * sy, sp, cp * cy]]


def _ray(x: Tensor, y: Tensor, rotation: list[list[Tensor]], axes: tuple[Tensor | float, ...]) -> tuple[Tensor, Tensor]:
    """Depth where the ray through (x, y) meets the ellipsoid, and the discriminant (negative: it misses)."""
    rows = [[entry / axis for entry in row] for row, axis in zip(rotation, axes, strict=True)]

    def product(i: int, j: int) -> Tensor:
        return rows[0][i] * rows[0][j] + rows[1][i] * rows[1][j] + rows[2][i] * rows[2][j]

    linear = product(0, 2) * x + product(1, 2) * y
    free = product(0, 0) * x * x + 2 * product(0, 1) * x * y + product(1, 1) * y * y - 1
    rim = linear * linear - product(2, 2) * free
    return (torch.sqrt(rim.clamp(min=1e-6)) - linear) / product(2, 2), rim
