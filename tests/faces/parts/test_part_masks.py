"""Feathered masks against the recipe, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from arena.faces.parts.masks import blurred, box_of, drawn, feather_of, feathered

SQUARE = np.zeros((64, 64), bool)
SQUARE[28:34, 30:40] = True


def test_an_outline_covers_the_pixels_in_it():
    mask = drawn([np.array([(10, 20), (30, 20), (30, 24), (10, 24)], float)], 64)
    assert (mask.dtype, mask.shape) == (np.dtype(bool), (64, 64))
    assert mask[21:23, 11:29].all()
    assert not mask[:19].any()
    assert not mask[:, 32:].any()


def test_masks_are_united():
    one, two = np.array([(2, 2), (9, 2), (9, 9)], float), np.array([(40, 40), (50, 40), (50, 50)], float)
    assert np.array_equal(drawn([one, two], 64), drawn([one], 64) | drawn([two], 64))


def test_blur_is_the_gaussian_of_eleven_pixels():
    point = np.zeros((64, 64), np.float32)
    point[32, 32] = 1
    soft = blurred(point, 11)
    row = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 2.0**2))  # the usual deviation of 11 pixels is 2
    np.testing.assert_allclose(soft[27:38, 27:38], np.outer(row, row) / row.sum() ** 2, atol=1e-6)
    assert soft.sum() == pytest.approx(1, abs=1e-5)
    assert np.count_nonzero(soft) == 121


def test_feathering_dilates_by_blur_above_zero_then_blurs():
    dilated = blurred(SQUARE, 11) > 0
    np.testing.assert_allclose(feathered(SQUARE, 11), blurred(dilated, 11), atol=1e-6)
    assert np.all(feathered(SQUARE, 11)[SQUARE] > 0.99)
    assert not feathered(SQUARE, 11)[:17].any()
    assert feathered(SQUARE, 11)[18:24, 35].all()


def test_a_mask_at_the_edge_stays_whole_there():
    mask = np.zeros((64, 64), bool)
    mask[50:] = True
    np.testing.assert_allclose(feathered(mask, 11)[55:], 1, atol=1e-6)


@pytest.mark.parametrize(("size", "side"), [(16, 3), (64, 5), (128, 11), (160, 13), (256, 23)])
def test_the_feather_is_eleven_pixels_of_128(size, side):
    assert feather_of(size) == side


def test_a_box_holds_the_mask():
    assert box_of(SQUARE) == (slice(27, 35), slice(29, 41))
    assert box_of(SQUARE, 40) == (slice(0, 64), slice(0, 64))
    assert box_of(np.zeros((8, 8), bool)) is None
