"""A fixed-size sample of everything Team A has ever published, without a state to save.

Every image of every gallery has a random rank that depends on the seed and its place alone; the reservoir holds the
lowest ranks. This is a uniform sample (bottom-k sampling), it changes by as little as a uniform sample can when a
gallery is added, and a worker that starts anew rebuilds it from the galleries on disk.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arena.seeds import rng


def reservoir_places(seed: int, *, galleries: int, size: int, capacity: int) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """The images kept of galleries 0 to `galleries - 1`, each of `size` images: (gallery, sorted indices) pairs."""
    if not galleries or not capacity:
        return []
    ranks = np.concatenate([rng(seed, gallery).random(size) for gallery in range(galleries)])
    kept = np.sort(np.argsort(ranks, kind="stable")[:capacity])
    gallery, index = np.divmod(kept, size)
    return [(int(g), index[gallery == g]) for g in np.unique(gallery)]
