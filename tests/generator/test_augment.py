from __future__ import annotations

import pytest
import torch

from arena.generator.augment import CHANGES, augment
from arena.networks.training import seeded


def pictures(n=64, size=16):
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("name", CHANGES)
def test_gradients_flow_and_a_seed_decides(name):
    images = pictures().requires_grad_()
    with seeded(3, "cpu"):
        one = augment(images, name)
    with seeded(3, "cpu"):
        same = augment(images, name)
    assert torch.equal(one, same)
    assert one.shape == images.shape
    assert not torch.equal(one, images)
    one.sum().backward()
    assert images.grad.any()


def test_nothing_named_is_nothing_changed():
    images = pictures()
    assert augment(images, "") is images


def test_colour_changes_pixels_of_an_image_alike():
    flat = torch.full((8, 3, 4, 4), 0.2)
    changed = CHANGES["colour"](flat)
    assert torch.allclose(changed, changed[:, :, :1, :1].expand_as(changed))
    assert (changed - 0.2).abs().max() <= 0.5 + 1e-6


def test_translation_moves_up_to_an_eighth_and_fills_with_grey():
    spot = torch.zeros(400, 1, 16, 16)
    spot[:, :, 8, 8] = 1
    places = CHANGES["translation"](spot).flatten(1).argmax(1)
    rows, columns = places // 16, places % 16
    assert {int(r) for r in rows} == {int(c) for c in columns} == {6, 7, 8, 9, 10}
    moved = CHANGES["translation"](torch.ones(50, 1, 16, 16))
    assert set(moved.unique().tolist()) == {0.0, 1.0}


def test_cutout_takes_at_most_a_square_of_half_the_side():
    left = CHANGES["cutout"](torch.ones(200, 3, 16, 16))
    gone = (left == 0).sum((1, 2, 3)) / 3
    assert gone.max() <= 64
    assert gone.max() >= 49
    assert gone.min() >= 1
    assert torch.equal(left[:, 0], left[:, 2])


def test_changes_follow_each_other_in_their_order():
    with seeded(2, "cpu"):
        both = augment(pictures(), "translation,cutout")
    with seeded(2, "cpu"):
        by_hand = CHANGES["cutout"](CHANGES["translation"](pictures()))
    assert torch.equal(both, by_hand)
