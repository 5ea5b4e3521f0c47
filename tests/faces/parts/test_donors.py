"""Donors are other people, and look the same way."""

from __future__ import annotations

import numpy as np
import pytest

from arena.faces.parts.donors import donors_for
from arena.faces.parts.shapes import UPRIGHT
from arena.types import ArenaError

PEOPLE = np.array([7, 3, 3, 9, 7, 3, 1])


def points_of(n, seed=0):
    return (UPRIGHT * 20 + 30 + np.random.default_rng(seed).normal(0, 1, (n, 5, 2))).astype(np.float32)


def chosen(targets, candidates=1, people=PEOPLE, points=None, seed=0):
    points = points_of(len(people)) if points is None else points
    return donors_for(np.asarray(targets), people, points, np.random.default_rng(seed), candidates)


def test_nobody_gives_to_himself_and_everybody_else_may():
    targets = np.repeat(np.arange(len(PEOPLE)), 400)
    donors = chosen(targets)
    assert not (PEOPLE[donors] == PEOPLE[targets]).any()
    for target in range(len(PEOPLE)):
        assert set(donors[targets == target]) == set(np.flatnonzero(PEOPLE[target] != PEOPLE))


def test_of_many_the_one_who_looks_the_same_way_is_taken():
    points = points_of(7, 1)
    points[6] = points[0] * 0.5 + 9  # the same shape, smaller and elsewhere
    assert set(chosen(np.zeros(50, int), 60, points=points)) == {6}


def test_one_person_cannot_swap():
    with pytest.raises(ArenaError, match="at least two people"):
        chosen([0, 1], people=np.zeros(7, int))
