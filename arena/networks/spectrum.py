"""Radial power spectra: upsampling leaves peaks, blur and small networks leave holes where real faces have detail."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

GREY = (0.299, 0.587, 0.114)
"""What red, green and blue give to grey (ITU-R BT.601)."""
_FLOOR = 1e-3
"""Added to every power, in squared grey levels: what rounding to whole levels leaves has some 0.1."""


def radial_profiles(images: Tensor) -> Tensor:
    """The power of images `[N, 3, S, S]` in [-1, 1] by frequency, in decibels: `[N, S // 2]`, of their dtype.

    1 to S // 2 periods across the image; of its grey levels from 0 to 255, windowed, averaged over all directions.
    """
    window, rings = (part.to(images) for part in _window_and_rings(images.shape[-1]))
    grey = torch.einsum("nchw,c->nhw", images * 127.5, torch.tensor(GREY).to(images))
    grey = grey - grey.mean((1, 2), keepdim=True)
    spectrum = torch.view_as_real(torch.fft.rfft2(grey * window))
    power = spectrum.square().sum(-1) / window.square().sum()
    return 10 * torch.log10(power.flatten(1) @ rings.T + _FLOOR)


@cache
def _window_and_rings(size: int) -> tuple[Tensor, Tensor]:
    """A Hann window `[S, S]`, and what a spectrum's places give to the mean of each ring, `[S // 2, places]`."""
    window = np.outer(np.hanning(size), np.hanning(size))
    down, right = np.fft.fftfreq(size, 1 / size), np.fft.rfftfreq(size, 1 / size)
    radius = np.rint(np.hypot(down[:, None], right[None])).astype(int)
    ring = np.arange(1, size // 2 + 1)[:, None] == radius.ravel()[None]
    return torch.from_numpy(window), torch.from_numpy(ring / ring.sum(1, keepdims=True))
