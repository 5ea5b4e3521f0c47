from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import SIZE, pictures, tiny_team
from torch import nn

from arena import registry
from arena.detector.heatmap import COPIES, NOISE, heat_of, heat_png, smooth_grad

CNN = registry.find("detector", "cnn")


class Corner(nn.Module):
    """Its answer is the red of the 4x4 pixels at the top left, three times over."""

    def forward(self, images):
        return 3 * images[:, 0, :4, :4].sum((1, 2))


class Squares(nn.Module):
    """Half the sum of all squares: the gradient is the image itself."""

    def forward(self, images):
        return images.square().sum((1, 2, 3)) / 2


class Indifferent(nn.Module):
    def forward(self, images):
        return (0 * images).sum((1, 2, 3))


IMAGES = 2 * torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(1)) - 1


def test_an_answer_that_hangs_on_a_corner():
    gradients = smooth_grad(Corner(), IMAGES)
    expected = torch.zeros(2, 3, 24, 24)
    expected[:, 0, :4, :4] = 3
    assert torch.equal(gradients, expected)
    heat = heat_of(gradients)
    assert heat.shape == (2, 24, 24)
    assert heat.dtype == np.float32
    assert heat[:, 0, 0] == pytest.approx(1)
    assert heat[:, :4, :4].min() > 0.2
    assert heat[:, 6:].max() == heat[:, :, 6:].max() == 0  # a mean over each pixel's surroundings goes two pixels far


def test_the_formula():
    noise = torch.randn(COPIES, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    expected = [image + NOISE * (image.max() - image.min()) * noise.mean(0) for image in IMAGES]
    torch.testing.assert_close(smooth_grad(Squares(), IMAGES), torch.stack(expected))


def test_who_looks_nowhere_is_cold_all_over():
    assert heat_of(smooth_grad(Indifferent(), IMAGES)).max() == 0


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_detector_says_where_it_looks_and_stays_as_it_is(precision):
    detector, images = tiny_team(CNN, precision=precision), pictures(3)
    before = detector.state()
    heat = detector.heat_maps(images)
    assert heat.shape == (3, SIZE, SIZE)
    assert heat.min() >= 0
    assert heat.reshape(3, -1).max(1) == pytest.approx(1)
    np.testing.assert_array_equal(detector.heat_maps(images[1:2]), heat[1:2])
    after = detector.state()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert all(p.grad is None for p in detector.network.parameters())


def test_a_map_is_laid_over_its_image_and_says_what_it_is():
    heat = np.zeros((4, 6), np.float32)
    heat[1, 2] = 1
    with Image.open(io.BytesIO(heat_png(heat))) as clear:
        assert (clear.mode, clear.size) == ("RGBA", (6, 4))
        assert "Heat map" in clear.info["Description"]
        assert clear.getpixel((2, 1)) == (255, 0, 0, 215)
        assert clear.getpixel((0, 0))[3] == 0
    grey = np.full((4, 6, 3), 100, np.uint8)
    with Image.open(io.BytesIO(heat_png(heat, grey))) as laid:
        pixels = np.asarray(laid)
    assert pixels[1, 2, 0] > 200 > 30 > pixels[1, 2, 1]
    pixels = np.delete(pixels.reshape(-1, 3), 6 + 2, axis=0)
    assert (pixels == 100).all()
