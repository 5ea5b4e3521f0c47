"""The camera: white balance, exposure, tone curve, focus and grain, down to 8 bits."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from arena.faces.procedural.draws import Draws
from arena.faces.procedural.fields import Canvas, as_colour
from arena.faces.procedural.person import Person


def develop(picture: Tensor, canvas: Canvas, shot: Draws, person: Person) -> Tensor:
    """Light to pixels: a picture to uint8 `[B, S, S, 3]`. Dark skin is exposed for, as photographers do."""
    balance = as_colour(shot.normal(0.04, 0.06), shot.normal(0, 0.025), shot.normal(-0.05, 0.08)).exp()
    exposure = torch.exp(shot.normal(0.06, 0.14) + 0.40 * person.melanin)
    vignette = 1 - shot.uniform(0, 0.25) * (canvas.x**2 + canvas.y**2) * 0.5
    picture = picture.mul_(balance * exposure.unsqueeze(1)).mul_(vignette.unsqueeze(1)).clamp_(min=0)
    picture = _grade(_tone(picture), shot.normal(1.04, 0.10), shot.normal(1.12, 0.15))
    picture = _focus(picture, shot.uniform() ** 2 * 0.30 - 0.095)
    picture = picture.add_((shot.grain() * shot.uniform(0.001, 0.009)).unsqueeze(1))
    return picture.clamp_(0, 1).mul_(255).add_(0.5).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def _tone(light: Tensor) -> Tensor:
    """Square root (the working space's gamma), with highlights rolled off above 0.72."""
    value = light.sqrt_()
    high = (value - 0.72).clamp_(min=0)
    return value.sub_(high).add_(high.div_(high * 2.4 + 1))


def _grade(picture: Tensor, contrast: Tensor, saturation: Tensor) -> Tensor:
    """Contrast around 0.45 and saturation around the mean of the channels."""
    contrast, saturation = contrast.unsqueeze(1), saturation.unsqueeze(1)
    grey = (picture[:, 0:1] + picture[:, 1:2] + picture[:, 2:3]) * ((1 - saturation) * contrast / 3)
    return picture.mul_(saturation * contrast).add_(grey.add_(0.45 * (1 - contrast)))


def _focus(picture: Tensor, weight: Tensor) -> Tensor:
    """A 3 x 3 separable kernel [w, 1 - 2w, w]: blurs for w > 0, sharpens for w < 0."""
    side = weight.unsqueeze(1)
    middle = 1 - 2 * side
    padded = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., :-2] + padded[..., 2:]).mul_(side).add_(padded[..., 1:-1] * middle)
    return (across[:, :, :-2] + across[:, :, 2:]).mul_(side).add_(across[:, :, 1:-1] * middle)
