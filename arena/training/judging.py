"""What a trained detector is worth on fakes it has never met, beside a baseline that anybody could compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from arena.referee.baseline import little_gradient
from arena.referee.metrics import clustered_wilson
from arena.referee.probes import Probed, probe, spread
from arena.seeds import derive
from arena.snapshot import player
from arena.training.course import measured
from arena.training.families import Family
from arena.training.ground import JUDGING, Ground
from arena.types import Answer, Images, Snapshot

DETECTOR, LITTLE_GRADIENT = "detector", "little gradient"
"""Who judges."""
ASKED = 1000
"""Fakes of each family."""


@dataclass(frozen=True)
class Judged:
    """How one judge tells one family of fakes from real faces. `caught`: at the threshold; None where there is none."""

    family: str
    by: str
    auroc: float
    low: float
    high: float
    caught: float | None = None


@dataclass(frozen=True)
class Report:
    """All families by all judges, and the detector's false alarms on the real faces with their 95 % interval.

    `probes`: does it go by framing or light? Empty where the real faces show one person alone.
    """

    rows: tuple[Judged, ...]
    alarms: float
    low: float
    high: float
    reals: int
    people: int
    probes: tuple[Probed, ...] = ()

    def by(self, judge: str) -> Mapping[str, Judged]:
        """The rows of a judge, by family."""
        return {row.family: row for row in self.rows if row.by == judge}


def judge(ground: Ground, snapshot: Snapshot, families: Sequence[Family], asked: int = ASKED) -> Report:
    """Judge a detector on the part of the faces that nobody has trained on, and on unseen fakes of some families."""
    reals, team = ground.parts[JUDGING], player(snapshot, ground.device, ground.precision)

    def by_gradient(images: Images) -> Answer:
        return Answer(little_gradient(images), np.inf)

    judges = {DETECTOR: team.answer, LITTLE_GRADIENT: by_gradient}
    of_reals = {name: answer(reals.images) for name, answer in judges.items()}
    rows = []
    for family in families:
        fakes = family.unseen(asked, derive(ground.settings.seed, "judging", family.name))
        for name, answer in judges.items():
            found = measured(reals, of_reals[name], answer(fakes))
            caught = found["caught"] if name == DETECTOR else None
            rows.append(Judged(family.name, name, found["auroc"], found["low"], found["high"], caught))
    called = (of_reals[DETECTOR].scores >= of_reals[DETECTOR].threshold).astype(np.float64)
    low, high = clustered_wilson(called, reals.identities)
    people = len(np.unique(reals.identities))
    some = spread(len(reals))
    probes = probe(team, reals[some], scores=of_reals[DETECTOR].scores[some]) if people > 1 else ()
    return Report(tuple(rows), float(called.mean()), low, high, len(reals), people, tuple(probes))
