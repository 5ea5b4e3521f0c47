"""Where a detector looked: which pixels of an image its answer hangs on.

SmoothGrad: the gradient of the logit by the pixels, averaged over copies of the image with a little noise.
D. Smilkov et al., SmoothGrad: removing noise by adding noise, 2017, section 2.1:

    M(x) = 1/n * sum over i of dS(x + N(0, sigma^2)) / dx

with the logit as S, whose gradient does not fade where the score is close to 0 or 1. The noise is the paper's: a share
of the image's own range of values. Its absolute value is shown, of the strongest colour channel, as a mean over each
pixel's surroundings: strides make neighbours differ more than regions do.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, PngImagePlugin
from torch import Tensor
from torch.nn.functional import avg_pool2d

from arena import __version__
from arena.types import Critic, Heat

COPIES = 32
"""Noisy copies of an image; the paper uses 50 and sees little change beyond."""
NOISE = 0.15
"""Standard deviation of the noise as a share of the image's range; the paper recommends 0.1 to 0.2."""
_REACH = 12
_SENTENCE = (
    "Heat map of a detector: the stronger the colour, the more its score changes with this pixel. "
    "It is drawn from the detector's gradients, to be laid over the picture it was shown."
)


def smooth_grad(critic: Critic, images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Mean gradient of the logits by noisy copies of each image, float32 `[N, C, H, W]`.

    `critic`: from `[N, C, H, W]` to logits `[N]`. `images`: float32 in [-1, 1]. The noise is the same every time, so
    equal images give equal maps.
    """
    noise = torch.Generator().manual_seed(0)
    shape = (COPIES, *images.shape[1:])
    drawn = torch.randn(shape, generator=noise).to(images.device)
    maps = []
    for image in images:  # one at a time: a crowd of faces must not take a crowd's memory
        sigma = NOISE * (image.max() - image.min())
        copies = (image + sigma * drawn).to(dtype).requires_grad_()
        (gradients,) = torch.autograd.grad(critic(copies).float().sum(), copies)
        maps.append(gradients.float().mean(0))
    return torch.stack(maps)


def heat_of(gradients: Tensor) -> Heat:
    """Gradients `[N, C, H, W]` as heat, float32 `[N, H, W]` in [0, 1]: 1 is where an image's answer hangs most."""
    strength = gradients.abs().amax(1, keepdim=True)
    reach = gradients.shape[-1] // _REACH | 1
    for _ in range(2):
        strength = avg_pool2d(strength, reach, stride=1, padding=reach // 2, count_include_pad=False)
    most = strength.amax((2, 3), keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
    heat: Heat = (strength / most)[:, 0].cpu().numpy()
    return heat


def heat_pixels(heat: Heat) -> npt.NDArray[np.uint8]:
    """Heat `[H, W]` as uint8 `[H, W, 4]`: from clear over yellow to red, to be laid over the image it belongs to."""
    rgba = np.empty((*heat.shape, 4), np.uint8)
    rgba[..., 0], rgba[..., 2] = 255, 0
    rgba[..., 1] = (230 * (1 - heat)).round()
    rgba[..., 3] = (215 * heat**2).round()  # most of a map is lukewarm, and the picture is to be seen through it
    return rgba


def heat_png(heat: Heat, image: npt.NDArray[np.uint8] | None = None) -> bytes:
    """Heat `[H, W]` as a PNG that says what it is: transparent, or laid over its image, uint8 `[H, W, 3]`."""
    picture = Image.fromarray(heat_pixels(heat))
    if image is not None:
        picture = Image.alpha_composite(Image.fromarray(image).convert("RGBA"), picture).convert("RGB")
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", f"arena {__version__}")
    info.add_text("Description", _SENTENCE)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()
