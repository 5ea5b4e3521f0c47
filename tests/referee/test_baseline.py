"""Little gradient."""

from __future__ import annotations

import numpy as np

from arena.referee.baseline import little_gradient


def test_by_hand():
    ramp = np.zeros((4, 4, 3), np.uint8)
    ramp[...] = 10 * np.arange(4, dtype=np.uint8)[None, :, None]
    slope = ramp + 20 * np.arange(4, dtype=np.uint8)[:, None, None]
    assert little_gradient(np.stack([ramp, ramp.swapaxes(0, 1), slope, ramp[:, ::-1]])).round(9).tolist() == [
        -10.0,
        -10.0,
        -round(500**0.5, 9),
        -10.0,
    ]


def test_many_images_are_each_for_itself():
    images = np.random.default_rng(0).integers(0, 256, (260, 8, 8, 3)).astype(np.uint8)
    assert np.array_equal(little_gradient(images)[255:], little_gradient(images[255:]))
