"""Seeds flow down from the match: every (round, team, purpose) has its own stream, so nothing depends on order."""

from __future__ import annotations

import hashlib

import numpy as np


def derive(seed: int, *path: str | int) -> int:
    """A 63-bit seed for one purpose. One-way: a team that knows its own seed cannot compute the match's.

    >>> derive(0, "referee", 1) == derive(0, "referee", 1) != derive(0, "referee", 2)
    True
    """
    text = "/".join(map(str, (seed, *path)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def rng(seed: int, *path: str | int) -> np.random.Generator:
    """A NumPy generator for one purpose."""
    return np.random.Generator(np.random.PCG64(derive(seed, *path)))
