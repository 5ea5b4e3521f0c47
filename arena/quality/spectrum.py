"""Radial power spectra: upsampling leaves peaks, blur and small networks leave holes where real faces have detail."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from arena.quality import jackknife
from arena.quality.jackknife import Array, Kept
from arena.quality.result import Estimate
from arena.types import Images

Profiles = npt.NDArray[np.float32]
"""Decibels of each image by frequency, float32 `[N, S // 2]`: 1 to S // 2 periods across the image."""

_OfGap = Callable[[Array], float]
_FLOOR = 1e-3
"""Added to every power, in squared grey levels: what rounding to whole levels leaves has some 0.1."""


def radial_profiles(images: Images) -> Profiles:
    """The power of each image, uint8 `[N, S, S, 3]`, by frequency: grey, windowed, averaged over all directions."""
    size = images.shape[1]
    window = np.outer(np.hanning(size), np.hanning(size)).astype(np.float32)
    down, right = np.fft.fftfreq(size, 1 / size), np.fft.rfftfreq(size, 1 / size)
    radius = np.rint(np.hypot(down[:, None], right[None])).astype(int)
    ring = np.arange(1, size // 2 + 1)[:, None] == radius.ravel()[None]
    weights = (ring / ring.sum(1, keepdims=True)).astype(np.float32)
    found = []
    for start in range(0, len(images), 256):
        grey = images[start : start + 256] @ np.array([0.299, 0.587, 0.114], np.float32)
        grey -= grey.mean((1, 2), keepdims=True)
        power = np.abs(np.fft.rfft2(grey * window)) ** 2 / np.square(window).sum()
        found.append(10 * np.log10(power.reshape(len(grey), -1) @ weights.T + _FLOOR))
    return np.concatenate(found).astype(np.float32)


def spectrum_distance(fakes: Profiles, reals: Profiles) -> Estimate:
    """Root mean square over the frequencies of how far the mean spectra are apart, in decibels."""
    return _compare(fakes, reals, lambda gap: float(np.sqrt(np.square(gap).mean())), at_least=0.0)


def fine_detail(fakes: Profiles, reals: Profiles) -> Estimate:
    """How much more power the fakes have in the finest third of the frequencies, in decibels."""
    third = -(-fakes.shape[1] // 3)
    return _compare(fakes, reals, lambda gap: float(gap[-third:].mean()))


def _compare(
    fakes: Profiles, reals: Profiles, of_gap: Callable[[Array], float], at_least: float = -math.inf
) -> Estimate:
    sums = [np.stack([part.sum(0, dtype=np.float64) for part in jackknife.groups(p)]) for p in (fakes, reals)]
    sizes = [jackknife.sizes(len(p)) for p in (fakes, reals)]

    def statistic(kept_fakes: Kept, kept_reals: Kept) -> float:
        ours, theirs = (s[k].sum(0) / n[k].sum() for s, n, k in zip(sums, sizes, (kept_fakes, kept_reals), strict=True))
        return of_gap(ours - theirs)

    return jackknife.estimate(statistic, len(fakes), at_least)
