from __future__ import annotations

import math

import pytest
import torch
from tiny import brief
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from arena import registry
from arena.generator.resgan import Discriminator, Down, Generator, Up
from arena.types import ArenaError

RESGAN = registry.find("generator", "resgan")


@pytest.mark.parametrize("size", [8, 16, 32, 64, 128])
def test_fits_every_power_of_two(size):
    images = Generator(5, 2, size)(torch.randn(3, 5, 1, 1))
    assert images.shape == (3, 3, size, size)
    assert images.abs().max() <= 1
    assert Discriminator(2, size)(images).shape == (3,)


def test_another_size_is_one_sentence():
    with pytest.raises(ArenaError, match="not 48: set image_size"):
        RESGAN.team(brief(image_size=48))


def test_a_block_that_computes_nothing_passes_on_what_it_got():
    image = torch.randn(2, 6, 8, 8)
    up, down = Up(6, 6), Down(6, 6)
    for block in (up, down):
        for parameter in block.body[-1].parameters():
            nn.init.zeros_(parameter)
    assert torch.equal(up(image), interpolate(image, scale_factor=2.0))
    torch.testing.assert_close(down(image), avg_pool2d(image, 2) / math.sqrt(2))


def test_the_discriminator_has_no_norm_and_the_generator_group_norm():
    norms = (nn.BatchNorm2d, nn.GroupNorm)
    assert not [m for m in Discriminator(4, 64).modules() if isinstance(m, norms)]
    assert {type(m) for m in Generator(4, 4, 64).modules() if isinstance(m, norms)} == {nn.GroupNorm}


@pytest.mark.parametrize(("wrong", "word"), [({"width": 0}, "width must be at least 1"), ({"loss": "no"}, "loss")])
def test_wrong_options_are_one_sentence(wrong, word):
    with pytest.raises(ValueError, match=word):
        RESGAN.cls.Options(**wrong)
