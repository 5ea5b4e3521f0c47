"""Synthetic faces drawn by a procedural renderer: no file, no network, nobody's likeness.

An image is a function of (seed, identity, shot). The identity fixes bones, skin, hair, eyes, sex, age and ears; the
shot varies pose, light, expression, background, glasses or hat, clothes and camera. Read `portrait.py` first: it
composes the parts. A detector trained on these faces says nothing about photographs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from arena import seeds
from arena.faces.procedural.draws import Draws
from arena.faces.procedural.portrait import paint
from arena.types import ArenaError, Images

SMALLEST, LARGEST = 16, 512
"""Sides of an image in pixels between which the renderer is meant to be used."""

_LANES = 32
"""Images are painted in multiples of so many, padded by repetition: a multiple of every processor's vector width.
PyTorch rounds the last elements of an array, those that do not fill a vector, differently from the others."""

_BATCH = 2 * _LANES
"""Images painted together: fewer waste time between operations, more do not fit in the cache."""

_HEAP = 31 << 20
"""Bytes that are allocated and freed once before painting. glibc raises the size from which it asks the system for
fresh pages to that of the largest block ever freed, up to 32 MiB (mallopt(3), M_MMAP_THRESHOLD); without this every
plane costs page faults, 10 to 15 % of the time."""


def render(seed: int, identities: npt.NDArray[np.int64], shots: npt.NDArray[np.int64], size: int = 64) -> Images:
    """Portraits, uint8 `[N, size, size, 3]`, RGB; image i shows `identities[i]` in `shots[i]`, both int64 `[N]`.

    Image i depends on (seed, identities[i], shots[i], size) only: the same bits on repetition and in any batch. Runs
    on one thread. Raises ArenaError for lengths that differ or a size outside [16, 512].
    """
    if len(identities) != len(shots):
        raise ArenaError(f"{len(identities)} identities do not match {len(shots)} shots: give one of each per image")
    if not SMALLEST <= size <= LARGEST:
        raise ArenaError(f"a face of {size} pixels a side cannot be drawn: choose a size from {SMALLEST} to {LARGEST}")
    images = np.empty((len(identities), size, size, 3), np.uint8)
    torch.empty(_HEAP, dtype=torch.uint8)
    # Threads would divide the arrays at places that depend on their number, see _LANES.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for start in range(0, len(images), _BATCH):
            part = slice(start, start + _BATCH)
            images[part] = _batch(seed, identities[part], shots[part], size)
    finally:
        torch.set_num_threads(threads)
    return images


@torch.no_grad()
def _batch(seed: int, identities: npt.NDArray[np.int64], shots: npt.NDArray[np.int64], size: int) -> Images:
    count = len(identities)
    pairs = list(zip(identities.tolist(), shots.tolist(), strict=True))
    pairs += pairs[-1:] * (-count % _LANES)
    identity = Draws([seeds.rng(seed, "identity", i) for i, _ in pairs], size)
    shot = Draws([seeds.rng(seed, "shot", i, j) for i, j in pairs], size)
    return paint(identity, shot)[:count].numpy()
