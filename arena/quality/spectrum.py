"""How far the radial power spectra of fakes are from those of real faces."""

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
_BATCH = 256


def radial_profiles(images: Images) -> Profiles:
    """The power of each image, uint8 `[N, S, S, 3]`, by frequency, as `networks.spectrum` computes it."""
    from arena.networks import spectrum
    from arena.networks.training import as_pool, to_range

    parts = (to_range(as_pool(images[i : i + _BATCH], "cpu")) for i in range(0, len(images), _BATCH))
    return np.concatenate([spectrum.radial_profiles(part).numpy() for part in parts])


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
