from __future__ import annotations

import numpy as np
import pytest
from tiny import SIZE, brief, pictures

from arena import registry
from arena.types import Faces

NOISE = registry.find("generator", "noise")


def test_is_the_same_opponent_in_every_match():
    one, other = NOISE.team(brief(seed=1)), NOISE.team(brief(seed=2))
    other.train(1, None)
    assert np.array_equal(one.generate(7, 3), other.generate(7, 3))


def test_never_changes_between_versions():
    """Ratings are anchored to these pixels. Sums may round differently on another processor, so not to the bit."""
    image = NOISE.team(brief()).generate(3, 1)[2].astype(float)
    expected = [[192, 142, 167, 127], [127, 29, 130, 132], [100, 126, 114, 169], [177, 96, 151, 107]]
    np.testing.assert_allclose(image[::5, ::5].mean(axis=2), expected, atol=1)


@pytest.mark.parametrize("size", [8, 16, 64])
def test_has_the_brightness_and_the_spectrum_it_promises(size):
    images = NOISE.team(brief(image_size=size)).generate(50, 1).astype(float)
    assert abs(images.mean() - 128) < 3
    assert 40 < images.std(axis=(1, 2)).mean() < 51
    grey = images.mean(axis=3)
    power = (np.abs(np.fft.rfft2(grey)) ** 2).mean(axis=0)
    assert power[0, 1] / power[0, 3] == pytest.approx(9, rel=0.5)


def test_many_images_begin_with_the_few():
    team = NOISE.team(brief())
    assert np.array_equal(team.generate(205, 1)[:130], team.generate(130, 1))


def test_has_nothing_to_train():
    report = NOISE.team(brief()).train(1, None)
    assert (report.steps, report.images, dict(report.losses)) == (0, 0, {})
    NOISE.team(brief()).check(Faces(pictures(3), np.arange(3)))
    assert NOISE.declared == ()
    assert NOISE.team(brief()).generate(0, 1).shape == (0, SIZE, SIZE, 3)
