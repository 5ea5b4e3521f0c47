from __future__ import annotations

import pytest
import torch
from tiny import brief
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from arena import registry
from arena.generator.resgan import Discriminator, Down, Generator, Up
from arena.networks.blocks import GroupNorm
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


def nothing(layer):
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


def test_a_block_going_up_starts_as_a_plain_one():
    maps, block = torch.randn(2, 6, 8, 8), Up(6, 4)
    assert torch.equal(block(maps), block.body(maps))
    nothing(block.body[-1])
    nn.init.eye_(block.shortcut.weight[:, :, 0, 0].data)
    assert torch.equal(block(maps), interpolate(maps[:, :4], scale_factor=2.0))


def test_a_block_going_down_that_computes_nothing_passes_on_means():
    maps, block = torch.randn(2, 6, 8, 8), Down(6, 6)
    nothing(block.body[-1])
    torch.testing.assert_close(block(maps), avg_pool2d(maps, 2))


def test_the_discriminator_has_no_norm_and_the_generator_group_norm():
    norms = (nn.BatchNorm2d, nn.GroupNorm)
    assert not [m for m in Discriminator(4, 64).modules() if isinstance(m, norms)]
    assert {type(m) for m in Generator(4, 4, 64).modules() if isinstance(m, norms)} == {GroupNorm}


@pytest.mark.parametrize(("wrong", "word"), [({"width": 0}, "width must be at least 1"), ({"loss": "no"}, "loss")])
def test_wrong_options_are_one_sentence(wrong, word):
    with pytest.raises(ValueError, match=word):
        RESGAN.cls.Options(**wrong)
