"""The pyramid against its definition, and what of an image its texture is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from arena.networks.pyramid import ORIENTATIONS, SCALES, filters, finest, pyramid
from arena.networks.texture import texture


def noise(n, size, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, (n, 3, size, size)))


def test_the_filters_lose_nothing():
    high, bands, low = filters(24)
    opposite = torch.roll(bands.flip(-2, -1), (1, 1), (-2, -1))
    power = high.square() + low.square() + (bands.square() + opposite.square()).sum((0, 1))
    torch.testing.assert_close(power, torch.ones_like(power))


@pytest.mark.parametrize("turn", range(ORIENTATIONS))
def test_a_wave_is_in_the_band_of_its_direction_and_scale(turn):
    y, x = np.mgrid[:64, :64]
    angle = np.pi * turn / ORIENTATIONS
    wave = torch.from_numpy(np.cos((x * np.cos(angle) + y * np.sin(angle)) * np.pi / 4))
    turned = pyramid(wave[None])
    strength = torch.hypot(turned.even[0], turned.odd[0]).mean((2, 3))
    assert divmod(int(strength.argmax()), ORIENTATIONS) == (1, turn)
    assert tuple(strength.shape) == (SCALES, ORIENTATIONS)


def test_light_is_no_texture_and_a_flat_image_has_numbers():
    images = noise(2, 32)
    torch.testing.assert_close(texture(0.7 * images + 0.3), texture(images), rtol=0.01, atol=0.01)
    flat = torch.zeros(1, 3, 16, 16, requires_grad=True)
    numbers = texture(flat)
    numbers.sum().backward()
    assert numbers.shape == (1, 351)
    assert torch.isfinite(numbers).all()
    assert torch.isfinite(flat.grad).all()


def test_each_image_has_its_own_numbers_whatever_is_beside_it():
    images = noise(5, 16)
    torch.testing.assert_close(texture(images)[3:4], texture(images[3:4]))


def test_correlations_are_correlations():
    """Both colour differences of a grey image are nothing, and an image's details correlate with themselves alone."""
    grey = noise(1, 32)[:, :1].expand(-1, 3, -1, -1)
    numbers = texture(grey)
    assert numbers.abs().max() < 20
    moved = texture(torch.roll(grey, (5, 3), (2, 3)))
    assert (numbers - moved).abs().median() < 0.1  # it hardly matters where things are


def test_the_finest_rest_alone_is_that_of_the_whole_pyramid():
    maps = torch.rand(3, 40, 40, generator=torch.Generator().manual_seed(0))
    assert torch.equal(finest(maps), pyramid(maps).high)
