"""Split faces by identity into parts that never mix: A's, B's and the referee's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arena import seeds
from arena.faces.source import CROP_FIRST
from arena.types import ArenaError

Index = npt.NDArray[np.int64]
"""Sorted positions of faces, int64 `[n]`."""


@dataclass(frozen=True)
class Split:
    """Which faces train A, which train B, and which the referee sets in its exams. Sorted int64 positions."""

    a: Index
    b: Index
    exam: Index


def split_by_identity(
    identities: Index, seed: int, parts: tuple[float, float, float] = (0.5, 0.35, 0.15), minimum: int = 1
) -> Split:
    """Deal whole identities out to A, B and the exam.

    `identities`: int64 `[N]`, who each face shows. `parts`: relative sizes in faces. `minimum`: faces that each part
    must get. The same arguments give the same split. Raises ArenaError when there are too few identities or faces.
    """
    split = Split(*deal(identities, seed, parts))
    faces, people = len(identities), len(np.unique(identities))
    for name, part in (("A's", split.a), ("B's", split.b), ("the exam's", split.exam)):
        if len(part) < minimum:
            needed = math.ceil(minimum * sum(parts) / min(parts))
            raise ArenaError(
                f"too few faces: of {faces} faces of {people} identities {name} part would get {len(part)} and needs "
                f"{minimum}; bring at least {needed} faces; {CROP_FIRST}"
            )
    return split


def deal(identities: Index, seed: int, parts: Sequence[float]) -> list[Index]:
    """Deal whole identities out to parts so that their sizes in faces come near the proportions of `parts`.

    Greedy: the identities with most faces first (the seed orders equals), each to the part that is least full in
    proportion afterwards, so that every part gets its share of large and of small identities. No part stays empty.
    Raises ArenaError when there are fewer identities than parts, or a part is not a positive number.
    """
    if not all(math.isfinite(part) and part > 0 for part in parts):
        raise ArenaError(f"the parts of a split must be positive numbers, not {', '.join(map(str, parts))}")
    _, person, faces = np.unique(identities, return_inverse=True, return_counts=True)
    if len(faces) < len(parts):
        raise ArenaError(
            f"{len(identities)} faces of {len(faces)} identities cannot be split into {len(parts)} parts by identity; "
            f"bring at least {len(parts)} identities, each in an own folder"
        )
    shuffled = seeds.rng(seed, "faces", "split").permutation(len(faces))
    order = shuffled[np.argsort(-faces[shuffled], kind="stable")]
    dealt, part_of = [0] * len(parts), np.empty(len(faces), np.int64)
    for position, one in enumerate(order.tolist()):
        empty = [k for k, n in enumerate(dealt) if n == 0]
        open_parts = empty if len(order) - position <= len(empty) else range(len(parts))
        n = int(faces[one])
        k = min(open_parts, key=lambda k: ((dealt[k] + n) / parts[k], k))
        part_of[one] = k
        dealt[k] += n
    return [np.flatnonzero(part_of[person] == k).astype(np.int64) for k in range(len(parts))]


def hold_out(identities: Index, share: float, seed: int) -> tuple[Index, Index]:
    """Positions of faces to hold out, and of the others, sorted int64: whole identities, at least `share` of the faces.

    `identities`: int64 `[N]`, who each face shows. People are drawn one by one until the share is reached, but one at
    least is left. The same arguments give the same two parts.
    """
    people, person, faces = np.unique(identities, return_inverse=True, return_counts=True)
    order = seeds.rng(seed).permutation(len(people))
    enough = int(np.searchsorted(np.cumsum(faces[order]), share * len(identities))) + 1
    chosen = np.isin(person, order[: min(enough, len(people) - 1)])
    return np.flatnonzero(chosen).astype(np.int64), np.flatnonzero(~chosen).astype(np.int64)


def in_turns(places: Index, n: int, draw: np.random.Generator) -> Index:
    """`n` of some places, in random order, each once before any comes twice; none of none."""
    turns = [draw.permutation(places) for _ in range(-(-n // max(len(places), 1)))]
    return np.concatenate([places[:0], *turns])[:n]
