from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.fft import dctn, idctn
from tiny import pictures

from arena.detector.jpeg import _rounded, jpeg
from arena.networks.training import seeded, to_images, to_range

SAMPLING = {1.0: "4:2:0", 0.0: "4:4:4"}


@pytest.fixture(autouse=True)
def _seeded():
    with seeded(0, "cpu"):
        yield


def grainy(n=8, size=32):
    grain = np.random.default_rng(0).normal(0, 12, (n, size, size, 3))
    return (pictures(n, size=size) + grain).clip(0, 255).astype(np.uint8)


def ranged(images):
    return to_range(torch.from_numpy(images.copy()))


def by_pillow(images, quality, sampling):
    coded = []
    for image in images:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling=sampling)
        coded.append(np.asarray(Image.open(buffer)))
    return np.stack(coded)


@pytest.mark.parametrize("halved", SAMPLING)
@pytest.mark.parametrize("quality", [50, 75, 95])
def test_codes_like_libjpeg(quality, halved):
    images = grainy()
    expected = by_pillow(images, quality, SAMPLING[halved]).astype(int)
    found = to_images(jpeg(ranged(images), quality, quality, halved)).astype(int)
    changed = np.sqrt(np.square(expected - images).mean())
    # libjpeg computes in whole numbers, and a coefficient between two steps may fall either way.
    assert np.sqrt(np.square(found - expected).mean()) < 0.5 + 0.25 * changed


@pytest.mark.parametrize("size", [16, 24, 20])
def test_any_size_is_padded_like_libjpeg(size):
    images = grainy(size=size)
    expected = by_pillow(images, 60, "4:2:0").astype(int)
    found = to_images(jpeg(ranged(images), 60, 60, 1.0)).astype(int)
    assert found.shape == images.shape
    assert np.sqrt(np.square(found - expected).mean()) < 0.25 * np.sqrt(np.square(expected - images).mean())


def test_coefficients_are_rounded_to_the_table():
    planes = torch.randn(2, 3, 16, 16) * 40
    table = torch.arange(1.0, 65.0).view(1, 8, 8).expand(2, -1, -1) * torch.tensor([1.0, 3.0]).view(2, 1, 1)
    expected = np.empty(planes.shape)
    for place in np.ndindex(2, 3, 2, 2):
        n, c, y, x = place
        block = np.s_[n, c, 8 * y : 8 * y + 8, 8 * x : 8 * x + 8]
        step = table[n].numpy()
        expected[block] = idctn(
            np.round(dctn(planes[block].double().numpy(), norm="ortho") / step) * step, norm="ortho"
        )
    close = np.abs(_rounded(planes, table).numpy() - expected) < 0.51  # whole levels
    assert close.mean() > 0.97


def test_a_lower_quality_destroys_more():
    images = ranged(grainy())
    errors = [(jpeg(images, quality, quality) - images).abs().mean() for quality in (98, 75, 50)]
    assert 0 < errors[0] < errors[1] < errors[2]


def test_every_image_has_its_own_quality_and_sampling():
    same_image = ranged(grainy(1)).expand(60, -1, -1, -1)
    assert len({image.numpy().tobytes() for image in jpeg(same_image, 55, 98)}) > 20
    assert len({image.numpy().tobytes() for image in jpeg(same_image, 75, 75)}) == 2


def test_stays_in_range():
    extremes = torch.rand(4, 3, 16, 16).round() * 2 - 1
    assert jpeg(extremes, 1, 30).abs().max() <= 1
