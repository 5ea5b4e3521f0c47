"""Distances against their definitions, written out slowly, and intervals against how often they hold the truth."""

import numpy as np
import pytest
import scipy.linalg

from arena.quality import jackknife
from arena.quality.distances import Cloud, diversity, frechet_distance, kernel_distance, nearest, nearness
from arena.quality.spectrum import radial_profiles


def cloud(seed, n, shift=0.0, size=6, scale=1.0):
    draw = np.random.default_rng(seed)
    return Cloud((shift + scale * draw.normal(size=(n, size))).astype(np.float32))


A, B = cloud(1, 47), cloud(2, 61, 0.5)


def test_kernel_distance_is_binkowskis():
    x, y = A.features.astype(np.float64), B.features.astype(np.float64)

    def k(a, b):
        return (float(a @ b) / 6 + 1) ** 3

    within_x = np.mean([k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j])
    within_y = np.mean([k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j])
    across = np.mean([k(a, b) for a in x for b in y])
    assert kernel_distance(A, B).value == pytest.approx(within_x + within_y - 2 * across)


def test_frechet_distance_is_dowson_and_landaus():
    means = A.features.mean(0, dtype=np.float64) - B.features.mean(0, dtype=np.float64)
    a, b = (np.cov(c.features.astype(np.float64), rowvar=False) for c in (A, B))
    expected = means @ means + np.trace(a + b - 2 * scipy.linalg.sqrtm(a @ b).real)
    assert frechet_distance(A, B).value == pytest.approx(expected)


def test_diversity_and_nearness_are_ratios_of_means():
    def distances(x, y):
        return np.linalg.norm(x.features[:, None].astype(np.float64) - y.features[None], axis=2)

    def spread(c):
        return distances(c, c)[np.triu_indices(len(c.features), 1)].mean()

    own = distances(B, B) + np.diag(np.full(len(B.features), np.inf))
    assert diversity(A, B).value == pytest.approx(spread(A) / spread(B))
    assert nearness(A, B).value == pytest.approx(distances(A, B).min(1).mean() / own.min(1).mean())


def test_the_nearest_other_of_more_than_one_block():
    features = np.arange(1200, dtype=np.float32)[:, None] ** np.float32(0.5)
    found = nearest(features, features, other=True)
    assert found[0] == pytest.approx(1)
    assert found[1199] == pytest.approx(features[1199, 0] - features[1198, 0], abs=1e-3)


@pytest.mark.parametrize("distance", [kernel_distance, diversity])
def test_intervals_hold_the_truth_as_often_as_they_say(distance):
    """Of the same distribution twice, where the truth is known: 0 and 1. Careful is allowed, careless is not."""
    truth = 0.0 if distance is kernel_distance else 1.0
    found = [distance(cloud(2 * i, 80), cloud(2 * i + 1, 100)) for i in range(200)]
    held = sum(one.low <= truth <= one.high for one in found)
    assert held >= 184  # of 200 at 95 %, less than this has a chance below 4 %


def test_the_interval_of_a_real_difference_does_too():
    """x and x + 1 in one dimension, with the kernel's expectation worked out: E (xy + 1)^3 = 1 + 3 E x^2 E y^2 ..."""

    def moments(mean):
        return mean, 1 + mean**2, mean**3 + 3 * mean

    def expected(a, b):
        return sum(c * p * q for c, p, q in zip((1, 3, 3, 1), (1, *moments(a)), (1, *moments(b)), strict=True))

    truth = expected(0, 0) + expected(1, 1) - 2 * expected(0, 1)
    found = [kernel_distance(cloud(2 * i, 400, size=1), cloud(2 * i + 1, 400, 1.0, size=1)) for i in range(200)]
    assert sum(one.low <= truth <= one.high for one in found) >= 180
    assert np.mean([one.value for one in found]) == pytest.approx(truth, rel=0.05)


def test_few_images_make_a_frechet_distance_large_and_no_kernel_distance():
    few, many = ([frechet_distance(cloud(i, n), cloud(i + 50, n)).value for i in range(20)] for n in (25, 400))
    assert np.mean(few) > 5 * np.mean(many)
    assert abs(np.mean([kernel_distance(cloud(i, 25), cloud(i + 50, 25)).value for i in range(40)])) < 0.1


def test_too_few_rows_are_no_cloud():
    with pytest.raises(ValueError, match="at least 20 images are needed, not 19"):
        cloud(0, jackknife.FEWEST - 1)


def test_a_wave_is_where_its_frequency_is():
    x = np.arange(64)
    for turns in (3, 12, 31):
        wave = np.rint(127 + 60 * np.sin(2 * np.pi * turns * x / 64))
        image = np.broadcast_to(wave[None, :, None], (64, 64, 3)).astype(np.uint8)
        for shown in (image, image.transpose(1, 0, 2)):
            (profile,) = radial_profiles(shown[None])
            assert len(profile) == 32
            assert profile.argmax() == turns - 1
