"""A self-blend changes a face a little, along a mask that lies on it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tiny import brief, pictures

from arena import registry
from arena.faces.parts.shapes import UPRIGHT
from arena.generator.self_blend import CHANGES, SelfBlendOptions
from arena.types import Faces, Material

SIZE = 64
REALS = pictures(20, seed=1, size=SIZE)


def team(points=None, origin=None, **options):
    found = registry.find("generator", "self-blend").team(brief(image_size=SIZE, origin=origin or {}), options)
    found.train(1, Material(Faces(REALS, np.arange(20), points)))
    return found


def test_a_fake_is_near_its_original_but_not_it():
    made = team()
    images, masks, originals = made.blends(40, 2)
    difference = np.abs(images.astype(int) - made.bank.images[originals]).mean((1, 2, 3))
    assert (difference > 0).mean() > 0.9  # a weak change of a flat patch may round to nothing
    assert difference.max() < 30
    assert (masks.max((1, 2)) > 30).all()
    assert np.array_equal(images, made.generate(40, 2))


def test_where_the_copy_is_inside_the_rest_is_untouched():
    made = team()
    images, masks, originals = made.blends(40, 2)
    outside = [
        np.array_equal(i[m == 0], made.bank.images[o][m == 0]) for i, m, o in zip(images, masks, originals, strict=True)
    ]
    assert 8 < sum(outside) < 32


def test_the_mask_lies_on_the_landmarks_or_where_they_usually_are():
    there = (UPRIGHT * 0.15 * SIZE + (0.25 * SIZE, 0.3 * SIZE)).astype(np.float32)
    framing = {"framing": {"points": ((there + 20) / SIZE).tolist()}}
    for made, x in ((team(np.repeat(there[None], 20, 0)), 16), (team(origin=framing), 36), (team(), 32)):
        masks = made.blends(30, 3)[1] > 20
        columns = np.nonzero(masks.any((0, 1)))[0]
        assert abs(columns.mean() - x) < 6


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_changes_and_a_stronger_one_more(name):
    def change(strength):
        pairs = [(image, CHANGES[name](image, strength, np.random.default_rng(i))) for i, image in enumerate(REALS)]
        assert all(new.dtype == np.uint8 and new.shape == old.shape for old, new in pairs)
        return np.mean([np.abs(new.astype(int) - old).mean() for old, new in pairs])

    assert 0 < change(0.5) < change(3)


@pytest.mark.parametrize("change", [{"changes": ("age",)}, {"parts": ("EAR",)}, {"strength": 0}, {"shares": (2.0,)}])
def test_impossible_options_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        dataclasses.replace(SelfBlendOptions(), **change)
