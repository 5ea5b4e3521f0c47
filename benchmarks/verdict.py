"""How often the referee's 95 % intervals hold the truth, and how often it calls luck clear: a table, by simulation.

    python benchmarks/verdict.py --exams 2000

Scores are normal: real faces around 0, those of one person alike (`alike` is their correlation), fakes around a shift
and `spread` times as wide, so that the true accuracy and AUROC are known. `clear` counts the exams called clear in
either direction: where the truth is 0.5 and the spread 1 that should be 5 %.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from arena.referee import metrics
from arena.referee.marking import half_marks, threshold_marks

EXAMS = [(1000, 500), (1000, 150), (1000, 40), (200, 100), (200, 30), (40, 20)]
"""Images and people of an exam."""
TRUTHS = [(0.5, 1), (0.7, 1), (0.3, 3), (0.9, 3), (0.97, 1), (0.99, 1)]
"""True accuracy of the marked half, and the spread of the fakes."""


@dataclass(frozen=True)
class Setting:
    """An exam of `size` images, its reals of `people`, whose faces correlate by `alike`."""

    size: int
    people: int
    alike: float
    accuracy: float
    spread: float

    @property
    def shift(self) -> float:
        """Where the fakes' scores lie: the cut has `accuracy` of the reals below it and of the fakes above it."""
        return float(ndtri(self.accuracy)) * (1 + self.spread)

    @property
    def auroc(self) -> float:
        """The true AUROC."""
        return float(ndtr(self.shift / math.hypot(1, self.spread)))


@dataclass(frozen=True)
class Coverage:
    """Shares of the exams: whose interval of the accuracy by halves, by threshold, of the AUROC held; called clear."""

    half: float
    threshold: float
    auroc: float
    clear: float


def coverage(setting: Setting, exams: int, seed: int = 0) -> Coverage:
    """Sit so many exams."""
    half, labels = setting.size // 2, np.repeat([0, 1], setting.size // 2).astype(np.int8)
    people = np.arange(half) % setting.people
    draw = np.random.default_rng(seed)
    held = np.zeros(4)
    cut = float(ndtri(0.95))  # an alarm threshold at 5 % false alarms
    truth = (0.95 + ndtr((setting.shift - cut) / setting.spread)) / 2
    for _ in range(exams):
        person = draw.normal(size=setting.people)[people]
        reals = math.sqrt(setting.alike) * person + math.sqrt(1 - setting.alike) * draw.normal(size=half)
        scores = np.concatenate((reals, draw.normal(setting.shift, setting.spread, half)))
        halves = half_marks(labels, scores, 0.5, 0.05, people)
        alarms = threshold_marks(labels, scores >= cut, 0.5, 0.05, people)
        low, high = metrics.auroc_interval(labels, scores, people)
        held += (
            halves.low <= setting.accuracy <= halves.high,
            alarms.low <= truth <= alarms.high,
            low <= setting.auroc <= high,
            halves.p_value < 0.05,
        )
    return Coverage(*(held / exams))


def settings() -> Iterator[Setting]:
    """All lines of the table."""
    for size, people in EXAMS:
        for alike in (0.0,) if people == size // 2 else (0.2, 0.7):
            for accuracy, spread in TRUTHS:
                yield Setting(size, people, alike, accuracy, spread)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exams", type=int, default=2000)
    exams = parser.parse_args().exams
    print("| images | people | alike | accuracy | spread | AUROC | held: accuracy | at threshold | AUROC | clear |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for s in settings():
        c = coverage(s, exams)
        told = f"| {s.size} | {s.people} | {s.alike} | {s.accuracy} | {s.spread} | {s.auroc:.3f} "
        print(f"{told}| {c.half:.1%} | {c.threshold:.1%} | {c.auroc:.1%} | {c.clear:.1%} |", flush=True)


if __name__ == "__main__":
    main()
