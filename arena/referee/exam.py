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
from arena.referee.verdict import ORIGINAL_RULE, Rule, Verdict, check_answer, check_fakes, verdict
from arena.seeds import derive, rng
from arena.types import Answer, ArenaError, FakeOrder, Images, Labels, Role, Scores, State

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Paper:
    """A drawn exam, without its pixels.

    `real_indices`: int64 `[N/2]`, the real faces by their place among the referee's own. `order`: int64 `[N]`, the
    place of each image of the paper in (those real faces, then the fakes). `seed`: what both were drawn from. `people`:
    int64 `[N/2]`, whose face each of `real_indices` is; None where it was drawn without a look at that.
    """

    seed: int
    real_indices: Indices
    order: Indices
    people: Indices | None = None

    @property
    def labels(self) -> Labels:
        """The truth, int8 `[N]`, in the order of the paper."""
        return (self.order >= self.real_indices.size).astype(np.int8)

    @property
    def shown_people(self) -> Indices | None:
        """Whose face each real image is, int64 `[N/2]`, in the order of the paper."""
        return None if self.people is None else self.people[self.order[self.order < self.people.size]]

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

    `labels`: int8 `[N]`. `scores`: float64 `[N]`. `threshold`: the detector's. `order`, `real_indices`, `seed`,
    `people`: as in Paper; exams of the first arena have no people.
    """

    labels: Labels
    scores: Scores
    threshold: float
    order: Indices
    real_indices: Indices
    seed: int
    people: Indices | None = None

    @property
    def answer(self) -> Answer:
        """What the detector answered."""
        return Answer(self.scores, self.threshold)

    @property
    def paper(self) -> Paper:
        """What the detector was asked."""
        return Paper(self.seed, self.real_indices, self.order, self.people)

    def to_arrays(self) -> State:
        """The record as named arrays, for storing."""
        known = {name: dtype for name, dtype in _DTYPES.items() if getattr(self, name) is not None}
        return {name: np.asarray(getattr(self, name), dtype) for name, dtype in known.items()}

    def judge(self, rule: Rule, forfeit: Role | None = None) -> Verdict:
        """The verdict on what is on record."""
        return verdict(self.labels, self.answer, rule, forfeit, self.paper.shown_people)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> ExamRecord:
        """The record that `to_arrays` wrote. Raises ArenaError for arrays that are no record of an exam."""
        values: dict[str, Any] = {}
        for name, dtype in _DTYPES.items():
            array, ndim = arrays.get(name), 0 if name in _SCALARS else 1
            if array is None and name in _OPTIONAL:
                continue
            if array is None or array.dtype != dtype or array.ndim != ndim:
                raise ArenaError(
                    f"this is no exam record: {name!r} is missing or is not {dtype.__name__} of rank {ndim}"
                )
            values[name] = array if ndim else array.item()
        record = cls(**values)
        n = record.order.size
        if not np.array_equal(np.sort(record.order), np.arange(n)) or n != 2 * record.real_indices.size:
            raise ArenaError("the exam record contradicts itself: its order does not place every image once")
        if record.people is not None and record.people.shape != record.real_indices.shape:
            raise ArenaError("the exam record contradicts itself: it does not say whose each real face is")
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
    "people": np.int64,
}
_SCALARS = ("threshold", "seed")
_OPTIONAL = ("people",)


def draw_paper(identities: Indices, size: int, seed: int) -> Paper:
    """Draw an exam of `size` images, half of them real, out of faces of these people, int64 `[M]`.

    One face a person while there are people enough, else as few of each as possible: every face has its turn among
    those of its person, at random, and all first turns come before all second ones.
    """
    draw = rng(seed, "paper")
    shuffled = draw.permutation(identities.size)
    by_person = np.argsort(identities[shuffled], kind="stable")
    _, first, faces = np.unique(identities[shuffled][by_person], return_index=True, return_counts=True)
    turn = np.empty_like(shuffled)
    turn[by_person] = np.arange(identities.size) - np.repeat(first, faces)
    chosen = np.sort(shuffled[np.argsort(turn, kind="stable")[: size // 2]])  # sorted: reads a memory map front to back
    return Paper(seed, chosen, draw.permutation(size), identities[chosen])


def draw_blindly(faces: int, size: int, seed: int) -> Paper:
    """Draw an exam as the first arena did, of so many faces no matter whose: for replaying what it left."""
    draw = rng(seed, "paper")
    return Paper(seed, np.sort(draw.choice(faces, size // 2, replace=False)), draw.permutation(size))


class Referee:
    """Sets an exam each round and grades it. Between rounds it remembers nothing but the paper that is open."""

    def __init__(self, faces: Images, identities: Indices, seed: int, size: int, rule: Rule = ORIGINAL_RULE) -> None:
        """`faces`: the referee's part of the real faces, uint8 `[M, S, S, 3]`, maybe a read-only memory map.

        `identities`: int64 `[M]`, whose they are. `seed`: the referee's own. `size`: images per exam, half of them
        real. Raises ArenaError for a size that cannot be or more than the faces suffice for, ValueError for faces that
        are not square images or not somebody's each.
        """
        check_images(faces, "the referee's faces")
        if faces.shape[1] != faces.shape[2]:
            raise ValueError(f"the referee's faces must be square, not {list(faces.shape)}")
        if identities.shape != (len(faces),):
            raise ValueError(f"{len(faces)} faces need as many identities, not {list(identities.shape)}")
        if size < 4 or size % 2:
            raise ArenaError(f"an exam of {size} images cannot be half real, half fake: use an even number from 4 on")
        if len(faces) < size // 2:
            raise ArenaError(
                f"an exam of {size} images needs {size // 2} real faces, but the referee's part has {len(faces)}: "
                "bring more faces or make the exam smaller"
            )
        self._faces, self._identities, self._seed, self._size, self._rule = faces, identities, seed, size, rule
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
        check_answer(answer, paper.order.size)
        scores = np.array(answer.scores)  # a copy: what is on record cannot be changed from outside
        asked = paper.order, paper.real_indices, paper.seed, paper.people
        record = ExamRecord(paper.labels, scores, float(answer.threshold), *asked)
        result = record.judge(self._rule, forfeit)
        self._open = None
        return result, record

    @property
    def faces(self) -> Images:
        """The referee's own real faces, uint8 `[M, S, S, 3]`: what a paper's `real_indices` count."""
        return self._faces

    def seed_of(self, round: int) -> int:
        """What the exam of a round is drawn from. One-way: an exam's seed says nothing about the next one's."""
        return derive(self._seed, "exam", round)

    def draw_again(self, round: int, record: ExamRecord) -> Paper:
        """The paper that the referee's seed gives for the round of an exam on record."""
        if record.people is None:
            return draw_blindly(len(self._faces), self._size, self.seed_of(round))
        return self._draw(round)

    def _draw(self, round: int) -> Paper:
        return draw_paper(self._identities, self._size, self.seed_of(round))
