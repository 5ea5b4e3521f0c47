"""The least that a detector must beat: how little an image changes from pixel to pixel."""

from __future__ import annotations

import numpy as np

from arena.types import Images, Scores

_BATCH = 250


def little_gradient(images: Images) -> Scores:
    """Minus the mean length of the gradient of each image's grey levels, float64 `[N]`: generators draw smoothly.

    `images`: uint8 `[N, S, S, 3]`. It is no probability; what is above another image's looks smoother.
    """
    return np.concatenate([_of(images[i : i + _BATCH]) for i in range(0, len(images), _BATCH)])


def _of(images: Images) -> Scores:
    grey = images.mean(3, dtype=np.float64)
    down, right = np.diff(grey, axis=1)[:, :, :-1], np.diff(grey, axis=2)[:, :-1]
    return np.asarray(-np.hypot(down, right).mean((1, 2)))
