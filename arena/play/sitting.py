"""Sit a paper: what a generator makes for it and what a detector answers, from two snapshots and nothing else.

Replays sit the papers of the past again; time-travel matrices and ratings let snapshots meet that never played.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from arena.referee.exam import Paper
from arena.snapshot import player
from arena.types import Answer, Detector, Generator, Images, Snapshot


@dataclass(frozen=True, eq=False)
class Sitting:
    """An exam that was sat: the fakes that the generator made, coded, uint8 `[N/2, S, S, 3]`, and the answer."""

    fakes: Images
    answer: Answer


def sit(
    paper: Paper,
    reals: Images,
    generator: Snapshot,
    detector: Snapshot,
    *,
    code: Callable[[Images], Images] = lambda fakes: fakes,
    shown: Images | None = None,
    device: str = "cpu",
    precision: Literal["fp32", "bf16"] = "fp32",
) -> Sitting:
    """Let two snapshots sit a paper. The same arguments give the same sitting, on a CPU to the bit.

    `reals`: the faces that the paper was drawn from, uint8 `[M, S, S, 3]`. `code`: what every fake passes before a
    detector sees it. `shown`: fakes that the detector is shown in place of those that the generator makes now.
    """
    maker: Generator = player(generator, device, precision)
    fakes = code(maker.examine(paper.fake_order.n, paper.fake_order.seed))
    judge: Detector = player(detector, device, precision)
    return Sitting(fakes, judge.answer(paper.images(reals, fakes if shown is None else shown)))
