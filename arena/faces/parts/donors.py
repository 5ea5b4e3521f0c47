"""Whose part goes into whose face."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arena.types import ArenaError, Identities, Points

Places = npt.NDArray[np.int64]


def donors_for(
    targets: Places, identities: Identities, points: Points, draw: np.random.Generator, candidates: int = 1
) -> Places:
    """A face of another person for each target, both as places in a set of faces with landmarks, int64 `[n]`.

    `candidates`: of so many drawn at random the one whose landmarks lie most alike, up to turn, size and place, as
    they do when both look the same way. Raises ArenaError when all faces show one person.
    """
    order = np.argsort(identities, kind="stable")
    ranked = identities[order]
    begin, end = (np.searchsorted(ranked, identities[targets], side) for side in ("left", "right"))
    others = len(identities) - (end - begin)
    if len(targets) and not others.min():
        raise ArenaError("a swap needs faces of at least two people, but all of these show one")
    drawn = (draw.random((len(targets), candidates)) * others[:, None]).astype(np.int64)
    drawn += np.where(drawn >= begin[:, None], (end - begin)[:, None], 0)  # past the target's own person
    offered = order[drawn]
    shapes = _shapes(points)
    alike = np.abs((shapes[targets][:, None].conj() * shapes[offered]).sum(2))
    chosen: Places = offered[np.arange(len(targets)), alike.argmax(1)]
    return chosen


def _shapes(points: Points) -> npt.NDArray[np.complex128]:
    """Landmarks without place and size, complex `[N, 5]`; the product of two is 1 for shapes that are similar.

    J. T. Kent, The Complex Bingham Distribution and Shape Analysis, 1994.
    """
    flat = points[..., 0].astype(np.float64) + 1j * points[..., 1].astype(np.float64)
    flat = flat - flat.mean(1, keepdims=True)
    shapes: npt.NDArray[np.complex128] = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
    return shapes
