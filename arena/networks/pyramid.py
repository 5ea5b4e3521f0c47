"""The complex steerable pyramid: an image by scale and orientation, computed with Fourier transforms.

J. Portilla and E. P. Simoncelli, A Parametric Texture Model Based on Joint Statistics of Complex Wavelet Coefficients,
2000, section 2.1. Every band keeps the image's size: it takes a little longer and needs no resampling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import pad

SCALES, ORIENTATIONS = 3, 4

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pyramid:
    """Bands of maps `[N, S, S]`. `high`, `low`: `[N, S, S]`, finest and coarsest rest.

    `even`, `odd`: real and imaginary part of the bands, `[N, SCALES, ORIENTATIONS, S, S]`, the finest scale first.
    """

    high: Tensor
    even: Tensor
    odd: Tensor
    low: Tensor


def pyramid(maps: Tensor) -> Pyramid:
    """The pyramid of real maps `[N, S, S]`; beyond the edge, an eighth of the side, they are their mirror image."""
    spectrum, edge = _spectrum(maps)
    high, bands, low = _filters_for(spectrum, maps)
    turned = _inside(spectrum[:, None, None] * bands, edge)
    first, last = (_inside(spectrum * rest, edge)[..., 0] for rest in (high, low))
    return Pyramid(first, turned[..., 0], turned[..., 1], last)


def finest(maps: Tensor) -> Tensor:
    """The finest rest alone, `Pyramid.high`, of real maps `[N, S, S]`: a twelfth of the work."""
    spectrum, edge = _spectrum(maps)
    return _inside(spectrum * _filters_for(spectrum, maps)[0], edge)[..., 0]


def _spectrum(maps: Tensor) -> tuple[Tensor, int]:
    """Real and imaginary part side by side, since complex numbers cannot be exported; and the width of the edge."""
    edge = maps.shape[-1] // 8
    return torch.view_as_real(torch.fft.fft2(pad(maps[:, None], (edge,) * 4, mode="reflect")[:, 0])), edge


def _filters_for(spectrum: Tensor, maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    high, bands, low = (part.to(maps)[..., None] for part in filters(spectrum.shape[-2]))
    return high, bands, low


def _inside(spectra: Tensor, edge: int) -> Tensor:
    """Back from frequencies to places, without the edge; `[..., 2]`, real and imaginary part."""
    within = torch.view_as_real(torch.fft.ifft2(torch.view_as_complex(spectra)))
    size = within.shape[-2] - 2 * edge
    return within[..., edge : edge + size, edge : edge + size, :]


@cache
def filters(size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Responses to each frequency of `size` places: float64 `[S, S]`, `[SCALES, ORIENTATIONS, S, S]`, `[S, S]`.

    Their squares, each band's with those of the opposite frequencies, add up to 1 everywhere.
    """
    frequency = 2 * math.pi * np.fft.fftfreq(size)
    radius = np.hypot(frequency[:, None], frequency[None])
    angle = np.arctan2(frequency[:, None], frequency[None])
    octave = np.log2(np.maximum(radius, 1e-9) / math.pi)  # 0 is the Nyquist frequency
    low, bands = _falling(octave + 1), []
    for scale in range(SCALES):
        rising = _rising(octave + 1 + scale + 1)
        bands.append([low * rising * _towards(angle, k) for k in range(ORIENTATIONS)])
        low = low * _falling(octave + 1 + scale + 1)
    return torch.from_numpy(_rising(octave + 1)), torch.from_numpy(np.array(bands)), torch.from_numpy(low)


def _rising(octave: Numbers) -> Numbers:
    """From 0 at octave 0 to 1 at octave 1, as a quarter of a cosine; its square and that of `_falling` add up to 1."""
    rising: Numbers = np.sin(math.pi / 2 * np.clip(octave, 0, 1))
    return rising


def _falling(octave: Numbers) -> Numbers:
    return _rising(1 - octave)


def _towards(angle: Numbers, k: int) -> Numbers:
    """How much of each direction the orientation `k` takes: one half of the plane, so that the band is analytic."""
    order = ORIENTATIONS - 1
    gain = 2**order * math.factorial(order) / math.sqrt(ORIENTATIONS * math.factorial(2 * order))
    taken: Numbers = gain * np.clip(np.cos(angle - math.pi * k / ORIENTATIONS), 0, None) ** order
    return taken
