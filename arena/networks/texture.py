"""What a texture is made of: moments and correlations of an image's steerable pyramid.

J. Portilla and E. P. Simoncelli, A Parametric Texture Model Based on Joint Statistics of Complex Wavelet Coefficients,
2000, section 3, for the statistics; S. Lyu and H. Farid, How Realistic is Photorealistic?, 2005, for telling images
apart with such. Means are left out and brightness has variance 1, so light, tint and contrast are none of it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from arena.networks.pyramid import SCALES, finest, pyramid

_YCBCR = ((0.299, 0.587, 0.114), (-0.1687, -0.3313, 0.5), (0.5, -0.4187, -0.0813))
_LAGS = [(down, right) for down in range(3) for right in range(-2, 3) if (down, right) > (0, 0)]
"""Half of the places of 5x5 around a pixel: the other half says the same. In steps of the band's scale."""
_FAINTEST = 4e-4
"""Variance, of a range of 2, that is too little to be brought up to 1."""
_TINY = 1e-6
"""Added to every variance: a flat image has none, and rounding to grey levels leaves a face 2e-5."""
SMALLEST = 16
"""Side in pixels of the smallest images: the widest lag of the coarsest scale is half of it."""


def texture(images: Tensor) -> Tensor:
    """Statistics of images `[N, 3, S, S]` in [-1, 1], S at least SMALLEST: `[N, 351]`, of their dtype.

    Of brightness: moments of every band's real part and magnitude, correlations of magnitudes between orientations,
    between scales and between neighbours, of each scale with the next at doubled phase. Of brightness and both colour
    differences: moments of the finest details and of the whole, correlations of the details.
    """
    channels = torch.einsum("nchw,kc->nkhw", images, torch.tensor(_YCBCR).to(images))
    n, spread = images.shape[0], channels[:, :1].var((2, 3), correction=0, keepdim=True)
    channels = channels / (spread + _FAINTEST).sqrt()
    light = pyramid(channels[:, 0])
    details = torch.stack([light.high, *(finest(channels[:, k]) for k in (1, 2))], 1)
    real, odd = light.even, light.odd
    magnitude = (real.square() + odd.square() + _TINY).sqrt()
    found = [_moments(real), _moments(magnitude)[..., 1:], _moments(details), _moments(channels[:, 1:])]
    found += [_moments(light.low), _pairs(details), _between_neighbours(light.high[:, None], 1)]
    for scale in range(SCALES):
        found += [_pairs(magnitude[:, scale]), _between_neighbours(magnitude[:, scale], 2**scale)]
        if scale + 1 < SCALES:
            x, y, shorter = real[:, scale + 1], odd[:, scale + 1], 1 / magnitude[:, scale + 1]
            doubled = torch.cat([(x * x - y * y) * shorter, (x * y + y * x) * shorter], 1)
            found.append(_correlations(magnitude[:, scale], magnitude[:, scale + 1]))
            found.append(_correlations(real[:, scale], doubled))
    return torch.cat([part.reshape(n, -1) for part in found], 1)


def _moments(maps: Tensor) -> Tensor:
    """Logarithm of the variance, skewness, and logarithm of the kurtosis of maps `[..., H, W]`: `[..., 3]`."""
    off = maps - maps.mean((-2, -1), keepdim=True)
    variance = off.square().mean((-2, -1)) + _TINY
    skewness = off.pow(3).mean((-2, -1)) / variance.pow(1.5)
    kurtosis = off.pow(4).mean((-2, -1)) / variance.square()
    return torch.stack([variance.log(), skewness, (kurtosis + 1).log()], -1)


def _unit(maps: Tensor) -> Tensor:
    """Maps with mean 0 and variance 1, or nearly so where there is hardly any."""
    off = maps - maps.mean((-2, -1), keepdim=True)
    return off / (off.square().mean((-2, -1), keepdim=True) + _TINY).sqrt()


def _correlations(one: Tensor, other: Tensor) -> Tensor:
    """Of every map `[N, P, H, W]` with every other `[N, Q, H, W]`: `[N, P, Q]`."""
    products: Tensor = _unit(one).flatten(2) @ _unit(other).flatten(2).mT
    return products / one[0, 0].numel()


def _pairs(maps: Tensor) -> Tensor:
    """Of every two maps of `[N, P, H, W]`: `[N, P (P - 1) / 2]`."""
    first, second = torch.triu_indices(maps.shape[1], maps.shape[1], 1, device=maps.device)
    return _correlations(maps, maps)[:, first, second]


def _between_neighbours(maps: Tensor, step: int) -> Tensor:
    """Of every map `[N, P, H, W]` with itself, moved by each lag times `step` pixels: `[N, P, lags]`."""
    unit, size = _unit(maps), maps.shape[-1]
    found = []
    for down, right in ((step * down, step * right) for down, right in _LAGS):
        here = unit[..., down:, max(right, 0) : size + min(right, 0)]
        there = unit[..., : size - down, max(-right, 0) : size - max(right, 0)]
        found.append((here * there).mean((-2, -1)))
    return torch.stack(found, -1)
