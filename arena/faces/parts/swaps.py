"""Swaps of one kind from a set of faces, for who learns from them."""

from __future__ import annotations

from typing import Final

import numpy as np

from arena.faces.parts.donors import donors_for
from arena.faces.parts.paste import Swap, swap
from arena.types import ArenaError, Faces, Images

LEAST_FOUND: Final = 0.1
"""Share of the faces whose landmarks must be known."""


def usable(faces: Faces) -> Faces:
    """Those of the faces whose landmarks are known."""
    if faces.points is None:
        return faces[:0]
    return faces[np.isfinite(faces.points).all((1, 2))]


def least_found(faces: Faces, who: str, team: str) -> None:
    """Raise ArenaError for a team's faces that cannot be swapped: few landmarks are known, or they show one person."""
    found = usable(faces)
    if len(found) < LEAST_FOUND * len(faces) or not len(found):
        larger = ", or larger ones with --set image_size=64" if faces.images.shape[1] < 64 else ""
        raise ArenaError(
            f"{who} needs landmarks, but of {team}'s {len(faces)} faces only {len(found)} show a face to MTCNN: bring "
            f"photos of faces{larger}"
        )
    if len(np.unique(found.identities)) < 2:
        raise ArenaError(
            f"{who} needs faces of at least two people, but all of {team}'s show one: put each person's photos in a "
            f"folder of their own"
        )


def swapped(how: Swap, faces: Faces, n: int, draw: np.random.Generator, candidates: int = 1) -> Images:
    """`n` faces with a part of another person's, uint8 `[n, S, S, 3]`, targets drawn with replacement.

    `candidates`: as in `donors_for`. Raises ArenaError when those with landmarks show one person.
    """
    known = usable(faces)
    if known.points is None or not len(known):
        raise ArenaError("a swap needs faces with landmarks, and none has any")
    images, points = known.images, known.points
    targets = draw.integers(0, len(known), n)
    donors = donors_for(targets, known.identities, points, draw, candidates)
    pairs = zip(donors.tolist(), targets.tolist(), strict=True)
    return np.stack([swap(how, images[a], points[a], images[b], points[b]).image for a, b in pairs])
