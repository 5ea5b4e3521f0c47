"""One score for a video from those of all its faces, and what the rule can say with so many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

Rule = Literal["trimmed-mean", "mean", "max"]

DROPPED: Final = 5
"""Of the lowest scores, and of the highest, how many a trimmed mean leaves out."""
FEWEST: Final = 12
"""Faces from which on a trimmed mean says something."""
LOWEST, HIGHEST = 0.01, 0.99
"""What a trimmed mean says at most: a wrong answer that was certain costs most where predictions are judged by their
logarithms."""
UNDECIDED: Final = 0.5


@dataclass(frozen=True)
class Overall:
    """What the faces of a video come to. `score`: probability of fake; None where the rule says nothing.

    `held`: what the alarm threshold is held against, the score before it was clamped; None where nothing can be said.
    `note`: why nothing can be said, for people.
    """

    score: float | None
    held: float | None
    note: str | None = None


def overall(scores: Sequence[float], rule: Rule) -> Overall:
    """The score of a video from its faces' scores, each in [0, 1].

    `trimmed-mean`: the mean without the five lowest and the five highest, clamped to 0.01-0.99; 0.5 for eleven or fewer
    (a rule of the Deepfake Detection Challenge, 2020). `mean`, `max`: of all of them.
    """
    values = np.sort(np.asarray(scores, np.float64))
    if rule == "trimmed-mean" and len(values) < FEWEST:
        few = f"{len(values)} {'face' if len(values) == 1 else 'faces'}"
        return Overall(UNDECIDED, None, f"a trimmed mean needs {FEWEST} faces that can be judged, and there are {few}")
    if not len(values):
        return Overall(None, None, "there is no face that can be judged")
    if rule == "trimmed-mean":
        middle = float(values[DROPPED:-DROPPED].mean())
        return Overall(min(max(middle, LOWEST), HIGHEST), middle)
    found = float(values.mean() if rule == "mean" else values[-1])
    return Overall(found, found)
