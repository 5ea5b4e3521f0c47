"""Light: one key light, a fill and an ambient, on the normals of the relief."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from arena.faces.procedural.draws import Draws
from arena.faces.procedural.head import Pose


@dataclass(frozen=True)
class Light:
    """Direction towards the key light (x to the right, y down, z to the camera) and its character.

    `hardness`: 0 overcast, 1 sun. `ambient`: light from everywhere. `key`: strength of the key light.
    """

    x: Tensor
    y: Tensor
    z: Tensor
    hardness: Tensor
    ambient: Tensor
    key: Tensor

    @classmethod
    def draw(cls, shot: Draws) -> Light:
        """A light of the shot stream: mostly from above, from any side in front."""
        azimuth, elevation = shot.normal(0, 0.70), shot.normal(-0.45, 0.28)
        ambient = shot.uniform(0.24, 0.52)
        return cls(
            x=torch.sin(azimuth) * torch.cos(elevation),
            y=torch.sin(elevation),
            z=(torch.cos(azimuth) * torch.cos(elevation)).clamp(min=0.25),
            hardness=shot.uniform(0.15, 1.0),
            ambient=ambient,
            key=1.12 - 0.55 * ambient,
        )


@dataclass(frozen=True)
class Shading:
    """Planes: `shade` multiplies the skin's colour, `gloss` is added to it."""

    shade: Tensor
    gloss: Tensor


def shine(light: Light, pose: Pose, depth: Tensor, relief: Tensor, shadow: Tensor, oil: Tensor) -> Shading:
    """Light a surface of the given `depth`, of which `relief` is the part that casts soft occlusion.

    `shadow`: share of the key light that is blocked. `oil`: strength of the highlight, per pixel.
    """
    slope_x, slope_y = _slopes(depth, pose)
    normal = torch.rsqrt(slope_x * slope_x + slope_y * slope_y + 1)
    facing = (light.z - slope_x * light.x - slope_y * light.y) * normal
    # Light wraps around edges the more, the softer it is.
    wrap = 0.45 - 0.3 * light.hardness
    diffuse = ((facing + wrap) / (1 + wrap)).clamp(0, 1)
    fill = ((0.75 + 0.6 * slope_x * light.x + 0.15 * slope_y) * normal).clamp(0, 1)
    open_ = _openness(relief)
    lit = 1 - shadow * light.hardness
    shade = (light.ambient * (0.55 + 0.45 * fill) + light.key * diffuse * lit) * open_
    # Blinn-Phong highlight, exponent 20: half way between the light and the camera.
    half = torch.rsqrt(light.x**2 + light.y**2 + (light.z + 1) ** 2)
    mirror = ((light.z + 1 - slope_x * light.x - slope_y * light.y) * normal * half).clamp(0, 1)
    fourth = mirror.square().square()
    gloss = oil * fourth.square().square() * fourth * lit * open_
    return Shading(shade, gloss)


def _slopes(depth: Tensor, pose: Pose) -> tuple[Tensor, Tensor]:
    """Central differences of the depth, in the head's units."""
    step = 4 / depth.shape[-1] / pose.scale
    padded = F.pad(depth, (1, 1, 1, 1), mode="replicate")
    slope_x = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / step
    slope_y = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / step
    return slope_x, slope_y


def _openness(relief: Tensor) -> Tensor:
    """Ambient occlusion: what lies lower than its surroundings (a cross of 1/20 of the image) gets less light."""
    reach = max(1, round(relief.shape[-1] * 3 / 64))
    padded, inner = F.pad(relief, (reach,) * 4), slice(reach, -reach)
    around = padded[:, inner, 2 * reach :] + padded[:, inner, : -2 * reach]
    around = (around + padded[:, 2 * reach :, inner] + padded[:, : -2 * reach, inner]) * 0.25
    return (1 + 5.5 * (relief - around)).clamp(0.45, 1.12)
