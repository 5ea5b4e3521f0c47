"""How far two clouds of features lie apart, and how far each is spread: NumPy alone.

Features are float32 `[N, D]`, one row an image. Pairs are summed group by group, so that neither memory nor the
intervals need all of them more than once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from arena.quality import jackknife
from arena.quality.jackknife import Array, Kept
from arena.quality.result import Estimate

Features = npt.NDArray[np.float32]
_Kernel = Callable[[Features, Features], Array]


@dataclass(frozen=True, eq=False)
class Cloud:
    """Features of images of one kind, with what every comparison needs of them; found once."""

    features: Features

    def __post_init__(self) -> None:
        if len(self.features) < jackknife.FEWEST:
            raise ValueError(f"at least {jackknife.FEWEST} images are needed, not {len(self.features)}")

    @cached_property
    def parts(self) -> list[Features]:
        """The features in their groups."""
        return jackknife.groups(self.features)

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Images of each group."""
        return jackknife.sizes(len(self.features))

    @cached_property
    def kernel_sums(self) -> Array:
        """Sums of the kernel over ordered pairs of different images, float64 `[GROUPS, GROUPS]`."""
        return _within(self.parts, _cubic)

    @cached_property
    def distance_sums(self) -> Array:
        """The same of the Euclidean distance."""
        return _within(self.parts, _euclidean)

    @cached_property
    def nearest(self) -> Array:
        """The distance of each image to the nearest other one, float64 `[N]`."""
        return nearest(self.features, self.features, other=True)

    @cached_property
    def moments(self) -> tuple[Array, Array]:
        """Sums and sums of outer products by group, float64 `[GROUPS, D]` and `[GROUPS, D, D]`."""
        parts = [part.astype(np.float64) for part in self.parts]
        return np.stack([part.sum(0) for part in parts]), np.stack([part.T @ part for part in parts])

    def mean_over_pairs(self, sums: Array, kept: Kept) -> float:
        """The mean over ordered pairs of different images of the kept groups."""
        n = int(self.sizes[kept].sum())
        return float(sums[np.ix_(kept, kept)].sum()) / (n * (n - 1))

    def normal(self, kept: Kept) -> tuple[Array, Array]:
        """Mean and unbiased covariance of the kept groups, `[D]` and `[D, D]`."""
        n = int(self.sizes[kept].sum())
        sums, products = (moment[kept].sum(0) for moment in self.moments)
        return sums / n, (products - np.outer(sums, sums) / n) / (n - 1)


def kernel_distance(fakes: Cloud, reals: Cloud) -> Estimate:
    """The squared maximum mean discrepancy with the kernel (x.y / D + 1)^3, unbiased, over all pairs.

    M. Binkowski et al., Demystifying MMD GANs, 2018, section 4 and appendix A; they average it over random subsets,
    which has the same expectation and a larger variance.
    """
    across = _across(fakes, reals, _cubic)

    def statistic(kept_fakes: Kept, kept_reals: Kept) -> float:
        n, m = int(fakes.sizes[kept_fakes].sum()), int(reals.sizes[kept_reals].sum())
        within = fakes.mean_over_pairs(fakes.kernel_sums, kept_fakes) + reals.mean_over_pairs(
            reals.kernel_sums, kept_reals
        )
        return within - 2 * float(across[np.ix_(kept_fakes, kept_reals)].sum()) / (n * m)

    return jackknife.estimate(statistic, len(fakes.features))


def frechet_distance(fakes: Cloud, reals: Cloud) -> Estimate:
    """The squared Frechet distance of two normal distributions with the moments of the clouds.

    D. Dowson and B. Landau, 1982; M. Heusel et al., GANs Trained by a Two Time-Scale Update Rule, 2017. With few images
    it is too large; the interval holds what as many images would give, not what infinitely many would.
    """
    everything = np.ones(jackknife.GROUPS, np.bool_)
    spread_fakes, spread_reals = (cloud.normal(everything)[1] for cloud in (fakes, reals))
    shared, pull_fakes = _shared(spread_fakes, spread_reals)
    _, pull_reals = _shared(spread_reals, spread_fakes)

    def statistic(kept_fakes: Kept, kept_reals: Kept) -> float:
        """To first order in the covariances: an eigenvalue problem for each of 40 would take 20 times as long."""
        mean_one, spread_one = fakes.normal(kept_fakes)
        mean_other, spread_other = reals.normal(kept_reals)
        moved = (pull_fakes * (spread_one - spread_fakes)).sum() + (pull_reals * (spread_other - spread_reals)).sum()
        means = np.square(mean_one - mean_other).sum()
        return float(means + np.trace(spread_one) + np.trace(spread_other) - 2 * (shared + moved))

    return jackknife.estimate(statistic, len(fakes.features), at_least=0.0)


def diversity(fakes: Cloud, reals: Cloud) -> Estimate:
    """Mean distance between two fakes over that between two reals."""

    def statistic(kept_fakes: Kept, kept_reals: Kept) -> float:
        theirs = reals.mean_over_pairs(reals.distance_sums, kept_reals)
        return fakes.mean_over_pairs(fakes.distance_sums, kept_fakes) / theirs if theirs else 1.0

    return jackknife.estimate(statistic, len(fakes.features), at_least=0.0)


def nearness(fakes: Cloud, reals: Cloud) -> Estimate:
    """Mean distance from a fake to the nearest real over that from a real to the nearest other real.

    The reals that are near are taken as given; the interval is for other fakes, and other reals that look for theirs.
    """
    own, theirs = (jackknife.groups(found) for found in (nearest(fakes.features, reals.features), reals.nearest))
    sums_own, sums_theirs = (np.array([part.sum() for part in parts]) for parts in (own, theirs))

    def statistic(kept_fakes: Kept, kept_reals: Kept) -> float:
        ours = sums_own[kept_fakes].sum() / fakes.sizes[kept_fakes].sum()
        usual = sums_theirs[kept_reals].sum() / reals.sizes[kept_reals].sum()
        return float(ours / usual) if usual else 1.0

    return jackknife.estimate(statistic, len(fakes.features), at_least=0.0)


def nearest(features: Features, among: Features, other: bool = False) -> Array:
    """The distance of each row to its nearest row of `among`, float64 `[N]`. `other`: among itself, never itself."""
    found = []
    for start in range(0, len(features), 512):
        distances = _euclidean(features[start : start + 512], among)
        if other:
            distances[np.arange(len(distances)), start + np.arange(len(distances))] = np.inf
        found.append(distances.min(1))
    return np.concatenate(found)


def _cubic(x: Features, y: Features) -> Array:
    products: Array = x.astype(np.float64) @ y.T.astype(np.float64) / x.shape[1] + 1
    return products**3


def _euclidean(x: Features, y: Features) -> Array:
    a, b = x.astype(np.float64), y.astype(np.float64)
    squared = np.square(a).sum(1)[:, None] + np.square(b).sum(1)[None] - 2 * (a @ b.T)
    distances: Array = np.sqrt(squared.clip(0))
    return distances


def _within(parts: list[Features], kernel: _Kernel) -> Array:
    sums = np.zeros((len(parts), len(parts)))
    for i, one in enumerate(parts):
        for j, another in enumerate(parts[: i + 1]):
            values = kernel(one, another)
            if i == j:
                np.fill_diagonal(values, 0)
            sums[i, j] = sums[j, i] = values.sum()
    return sums


def _across(fakes: Cloud, reals: Cloud, kernel: _Kernel) -> Array:
    return np.array([[kernel(one, another).sum() for another in reals.parts] for one in fakes.parts])


def _shared(one: Array, other: Array) -> tuple[float, Array]:
    """tr (one other)^1/2, and its derivative with respect to `one`, `[D, D]`."""
    root = _power(other, 0.5)
    product = root @ one @ root
    return float(np.trace(_power(product, 0.5))), root @ _power(product, -0.5) @ root / 2


def _power(matrix: Array, exponent: float) -> Array:
    """A power of a symmetric matrix without negative eigenvalues; those that are 0 stay so."""
    values, vectors = np.linalg.eigh(matrix)
    positive = values > values.max() * 1e-12
    powers = np.zeros_like(values)
    powers[positive] = values[positive] ** exponent
    product: Array = (vectors * powers) @ vectors.T
    return product
