"""Intervals for statistics of two samples: leave out a twentieth of one at a time and see how far the number moves.

The grouped jackknife: B. Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982, chapter 2. A bootstrap
would draw images twice, and a pair of equal images is what kernel distances and nearest neighbours must not see. The
variance is too large rather than too small (Efron and Stein, 1981).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from arena.quality.result import Estimate

GROUPS = 20
"""Parts of a sample. They are runs of images: where a source lies sorted by person, most people stay in one part, so
that the likeness of their faces is not taken for evidence."""
FEWEST = GROUPS
"""Images of each kind that there must be at least."""
_QUANTILE = 2.093
"""97.5 % point of Student's distribution with GROUPS - 1 degrees of freedom."""

Kept = npt.NDArray[np.bool_]
"""Which groups of a sample count, bool `[GROUPS]`."""
Array = npt.NDArray[np.float64]


def groups(items: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """A sample in GROUPS runs that differ in length by one at most."""
    return np.array_split(items, GROUPS)


def sizes(n: int) -> npt.NDArray[np.int64]:
    """How many of `n` are in each group, int64 `[GROUPS]`."""
    return np.array([len(part) for part in groups(np.empty(n))], np.int64)


def estimate(statistic: Callable[[Kept, Kept], float], n: int, at_least: float = -math.inf) -> Estimate:
    """The statistic of two whole samples with its interval. `at_least`: what the true value cannot fall below."""
    everything = np.ones(GROUPS, np.bool_)
    without = ~np.eye(GROUPS, dtype=np.bool_)
    first = np.array([statistic(kept, everything) for kept in without])
    second = np.array([statistic(everything, kept) for kept in without])
    variance = sum(float(np.square(part - part.mean()).sum()) for part in (first, second)) * (GROUPS - 1) / GROUPS
    value, reach = float(statistic(everything, everything)), _QUANTILE * math.sqrt(variance)
    return Estimate(value, min(value, max(value - reach, at_least)), value + reach, n)


def share(hits: int, n: int) -> Estimate:
    """A share of `n` with Wilson's interval (J. Am. Stat. Assoc. 22 (1927), 209-212)."""
    z2 = 1.96**2
    middle = (hits / n + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (hits * (n - hits) / n**3 + z2 / (4 * n**2))) / (1 + z2 / n)
    return Estimate(hits / n, 0.0 if hits == 0 else middle - half, 1.0 if hits == n else middle + half, n)
