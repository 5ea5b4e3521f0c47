"""The exam: which real faces, which order, and the memory of which image was which.

Everything follows from (seed, round), and what was drawn is in the record, so a replay needs the record, the referee's
faces and the fakes, and no luck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arena.images import check_images
from arena.referee.verdict import ORIGINAL_RULE, Rule, Verdict, check_fakes, verdict
from arena.seeds import derive, rng
from arena.types import Answer, ArenaError, FakeOrder, Images, Labels, Role, Scores, State

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Paper:
    """A drawn exam, without its pixels.

    `real_indices`: int64 `[N/2]`, the real faces by their place among the referee's own. `order`: int64 `[N]`, the
    place of each image of the paper in (those real faces, then the fakes). `seed`: what both were drawn from.
    """

    seed: int
    real_indices: Indices
    order: Indices

    @property
    def labels(self) -> Labels:
        """The truth, int8 `[N]`, in the order of the paper."""
        return (self.order >= self.real_indices.size).astype(np.int8)

    @property
    def fake_order(self) -> FakeOrder:
        """The fakes this paper needs."""
        return FakeOrder(self.order.size - self.real_indices.size, derive(self.seed, "fakes"))

    def images(self, faces: Images, fakes: Images) -> Images:
        """The paper that the detector sees, uint8 `[N, S, S, 3]`: a copy, in the order of the paper."""
        return np.concatenate((faces[self.real_indices], fakes))[self.order]


@dataclass(frozen=True, eq=False)
class ExamRecord:
    """Everything needed to judge an exam again and, with weights and faces, to sit it again.

    `labels`: int8 `[N]`. `scores`: float64 `[N]`. `threshold`: the detector's. `order`, `real_indices`, `seed`: as in
    Paper.
    """

    labels: Labels
    scores: Scores
    threshold: float
    order: Indices
    real_indices: Indices
    seed: int

    @property
    def answer(self) -> Answer:
        """What the detector answered."""
        return Answer(self.scores, self.threshold)

    @property
    def paper(self) -> Paper:
        """What the detector was asked."""
        return Paper(self.seed, self.real_indices, self.order)

    def to_arrays(self) -> State:
        """The record as named arrays, for storing."""
        return {name: np.asarray(getattr(self, name), dtype) for name, dtype in _DTYPES.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> ExamRecord:
        """The record that `to_arrays` wrote. Raises ArenaError for arrays that are no record of an exam."""
        values: dict[str, Any] = {}
        for name, dtype in _DTYPES.items():
            array, ndim = arrays.get(name), 0 if name in _SCALARS else 1
            if array is None or array.dtype != dtype or array.ndim != ndim:
                raise ArenaError(
                    f"this is no exam record: {name!r} is missing or is not {dtype.__name__} of rank {ndim}"
                )
            values[name] = array if ndim else array.item()
        record = cls(**values)
        n = record.order.size
        if not np.array_equal(np.sort(record.order), np.arange(n)) or n != 2 * record.real_indices.size:
            raise ArenaError("the exam record contradicts itself: its order does not place every image once")
        if record.scores.shape != (n,) or not np.array_equal(record.labels, record.paper.labels):
            raise ArenaError("the exam record contradicts itself: labels, scores and order do not belong together")
        return record


_DTYPES: dict[str, type[np.generic]] = {
    "labels": np.int8,
    "scores": np.float64,
    "threshold": np.float64,
    "order": np.int64,
    "real_indices": np.int64,
    "seed": np.int64,
}
_SCALARS = ("threshold", "seed")


def draw_paper(faces: int, size: int, seed: int) -> Paper:
    """Draw an exam of `size` images, half of them out of this many real faces, without replacement."""
    draw = rng(seed, "paper")
    real_indices = np.sort(draw.choice(faces, size // 2, replace=False))  # sorted: reads a memory map front to back
    return Paper(seed, real_indices, draw.permutation(size))


class Referee:
    """Sets an exam each round and grades it. Between rounds it remembers nothing but the paper that is open."""

    def __init__(self, faces: Images, seed: int, size: int, rule: Rule = ORIGINAL_RULE) -> None:
        """`faces`: the referee's part of the real faces, uint8 `[M, S, S, 3]`, maybe a read-only memory map.

        `seed`: the referee's own. `size`: images per exam, half of them real. Raises ArenaError for a size that cannot
        be or more than the faces suffice for, ValueError for faces that are not square images.
        """
        check_images(faces, "the referee's faces")
        if faces.shape[1] != faces.shape[2]:
            raise ValueError(f"the referee's faces must be square, not {list(faces.shape)}")
        if size < 4 or size % 2:
            raise ArenaError(f"an exam of {size} images cannot be half real, half fake: use an even number from 4 on")
        if len(faces) < size // 2:
            raise ArenaError(
                f"an exam of {size} images needs {size // 2} real faces, but the referee's part has {len(faces)}: "
                "bring more faces or make the exam smaller"
            )
        self._faces, self._seed, self._size, self._rule = faces, seed, size, rule
        self._open: tuple[int, Paper] | None = None

    def order_fakes(self, round: int) -> FakeOrder:
        """What the generator has to make for this round's exam."""
        return self._draw(round).fake_order

    def set_paper(self, round: int, fakes: Images) -> Images:
        """Open this round's exam: uint8 `[size, S, S, 3]` for the detector; the labels stay here.

        Setting the same round again gives the same paper. Raises InvalidAnswer for fakes that are not as ordered.
        """
        check_fakes(fakes, self._size // 2, self._faces.shape[1])
        paper = self._draw(round)
        self._open = round, paper
        return paper.images(self._faces, fakes)

    def grade(self, round: int, answer: Answer, forfeit: Role | None = None) -> tuple[Verdict, ExamRecord]:
        """Judge the detector's answer and close the exam. `forfeit`: the team that could not play this round.

        Raises InvalidAnswer for an answer that cannot be judged, and the exam stays open; ArenaError when this round's
        exam is not open.
        """
        if self._open is None or self._open[0] != round:
            now = "none is" if self._open is None else f"that of round {self._open[0]} is"
            raise ArenaError(
                f"the exam of round {round} is not open, {now}: set the paper of a round before grading it"
            )
        paper = self._open[1]
        result = verdict(paper.labels, answer, self._rule, forfeit)
        scores = np.array(answer.scores)  # a copy: what is on record cannot be changed from outside
        record = ExamRecord(paper.labels, scores, result.threshold, paper.order, paper.real_indices, paper.seed)
        self._open = None
        return result, record

    def seed_of(self, round: int) -> int:
        """What the exam of a round is drawn from. One-way: an exam's seed says nothing about the next one's."""
        return derive(self._seed, "exam", round)

    def _draw(self, round: int) -> Paper:
        return draw_paper(len(self._faces), self._size, self.seed_of(round))
