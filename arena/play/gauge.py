"""How good a round's fakes are: what the referee measures in passing, cheaply enough for every round."""

from __future__ import annotations

import contextlib
from functools import cached_property

import numpy as np

from arena.faces.crop.finder import Finder
from arena.faces.sets.split import Index
from arena.quality.measure import Reference, face_finder, measure, refer
from arena.quality.result import Quality
from arena.types import Images

MOST = 500
"""Fakes, and real faces, that are compared: 0.3 s of a core for features of both kinds of distance."""
SEARCHED = 64
"""Fakes that are searched for faces: 0.7 s of a core; the share is good to 12 points."""


class Gauge:
    """Measures galleries next to the same faces of Team A every time, with one thread."""

    def __init__(self, every: int, faces: Images, part: Index) -> None:
        """`every`: measure every so many rounds, 0 for none. `part`: which of the faces are Team A's."""
        self._every, self._faces, self._part = every, faces, part

    def is_due(self, number: int) -> bool:
        """Whether a round is to be measured; the opening is round 0."""
        return self._every > 0 and number % self._every == 0

    def rehearse(self) -> None:
        """Find out what every round needs: seconds of imports and of looking at real faces."""
        if self._every:
            with contextlib.suppress(Exception):  # `measure` says what is wrong
                _ = self._reference

    def measure(self, gallery: Images) -> Quality:
        """The quality of fakes, uint8 `[N, S, S, 3]`. What cannot be measured is missing; nothing is raised for it."""
        fakes = gallery[_spread(len(gallery))]
        try:
            return measure(fakes, self._reference, self._finder, search=SEARCHED)
        except Exception as error:  # too few images, no memory, a broken package: no reason to stop a match
            return Quality(len(fakes), len(_spread(len(self._part))), missing={"quality": str(error)})

    @cached_property
    def _finder(self) -> Finder | None:
        from arena.networks.training import (
            use_one_thread,  # here, so that a referee that measures nothing needs no torch
        )

        finder = face_finder()
        if finder is not None:
            use_one_thread()
        return finder

    @cached_property
    def _reference(self) -> Reference:
        return refer(self._faces[self._part[_spread(len(self._part))]], self._finder)


def _spread(n: int) -> Index:
    """At most MOST of `n` places, evenly spread."""
    return np.linspace(0, n - 1, min(MOST, n)).round().astype(np.int64)
