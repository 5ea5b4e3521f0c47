"""Pictures and exams out of a round's folder. Every picture says what it is: generated, drawn, or neither."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import safetensors.numpy
from PIL import Image
from safetensors import SafetensorError

from arena.commandline import command
from arena.images import png
from arena.referee.exam import ExamRecord
from arena.results.animation import animation
from arena.service import models
from arena.service.realfaces import RealFaces, origin_of
from arena.service.views import NotFound, version_of
from arena.store.follow import CommittedRound
from arena.store.home import MatchRow
from arena.store.names import EXAM, FAKES, SAMPLE_SCORES, SAMPLES
from arena.types import ArenaError, Images

MOST_FILMS = 4
"""Animations that are kept in memory."""
MOST_FRAMES = 60
"""Frames of an animation; a frame takes tens of milliseconds to make and some 100 kB."""


def sample_sheet(folder: Path, round: CommittedRound) -> bytes:
    """The sheet of the same latents every round, as the referee stored it, a PNG."""
    with _readable(round, SAMPLES):
        return (folder / SAMPLES).read_bytes()


def sample(folder: Path, row: MatchRow, round: CommittedRound, index: int) -> bytes:
    """One face of the sheet, which is made of square faces, row by row. Raises NotFound."""
    size = int(row.config["image_size"])
    with _readable(round, SAMPLES), Image.open(folder / SAMPLES) as page:
        columns = _check_sample(page, round, index, size)
        left, top = index % columns * size, index // columns * size
        face = np.asarray(page.convert("RGB").crop((left, top, left + size, top + size)))
    return png(face[None], row.fakes_are, f"match {round.match}, round {round.number}, sample {index}")


def fake(folder: Path, row: MatchRow, round: CommittedRound, index: int) -> bytes:
    """One fake of the exam as a PNG. Raises NotFound."""
    fakes = read_fakes(folder, round)
    if index >= len(fakes):
        raise NotFound(f"the exam of round {round.number} of {round.match} has {len(fakes)} fakes from 0 on")
    return png(np.array(fakes[index : index + 1]), row.fakes_are, f"match {round.match}, round {round.number}")


def real(folder: Path, row: MatchRow, round: CommittedRound, index: int, reals: RealFaces) -> bytes:
    """One real face of the exam as a PNG. Raises NotFound, and what says that it may not be shown."""
    reals.check(row)
    chosen = read_exam(folder, round).real_indices
    if index >= len(chosen):
        raise NotFound(f"the exam of round {round.number} of {round.match} has {len(chosen)} real faces from 0 on")
    return png(reals.get(row, [int(chosen[index])]), origin_of(row), f"match {round.match}, round {round.number}")


def read_fakes(folder: Path, round: CommittedRound) -> Images:
    """The fakes of an exam, uint8 `[N/2, S, S, 3]`, read from disk when they are looked at. Raises NotFound."""
    _check_exam(round)
    with _readable(round, FAKES):
        fakes: Images = np.load(folder / FAKES, mmap_mode="r", allow_pickle=False)
        return fakes


def read_exam(folder: Path, round: CommittedRound) -> ExamRecord:
    """The record of an exam. Raises NotFound."""
    _check_exam(round)
    with _readable(round, EXAM):
        return ExamRecord.from_arrays(safetensors.numpy.load_file(folder / EXAM))


def exam(folder: Path, round: CommittedRound, most: int, real_faces_shown: bool, fakes_shown: bool) -> models.Exam:
    """What the detector made of an exam, with at most so many of its most telling images of each kind."""
    record = read_exam(folder, round)
    scores = np.empty(len(record.scores))
    scores[record.order] = record.scores
    reals, fakes = np.split(scores, [record.real_indices.size])
    address = f"/api/matches/{round.match}/rounds/{round.number}/exam/{{}}.png?v={version_of(round)}"

    def fake(index: int) -> models.ExamFake:
        score = float(fakes[index])
        return models.ExamFake(index=index, score=score, fooled=score < record.threshold, image=address.format(index))

    def real(index: int) -> models.ExamReal:
        return models.ExamReal(index=index, score=float(reals[index]), image=address.format(f"real/{index}"))

    by_score = np.argsort(fakes, kind="stable").tolist() if fakes_shown else []
    alarming = np.argsort(-reals, kind="stable").tolist() if real_faces_shown else []
    return models.Exam(
        match=round.match,
        round=round.number,
        n=len(scores),
        threshold=record.threshold,
        fooled=int((fakes < record.threshold).sum()),
        false_alarms=int((reals >= record.threshold).sum()),
        fakes_shown=fakes_shown,
        most_convincing=[fake(index) for index in by_score[:most]],
        most_obvious=[fake(index) for index in by_score[::-1][:most]],
        real_faces_shown=real_faces_shown,
        most_alarming=[real(index) for index in alarming[:most]],
    )


def sample_rounds(folders: Sequence[Path], rounds: Sequence[CommittedRound], index: int, size: int) -> models.Sample:
    """What became of one face of the sheet over the rounds. Raises NotFound."""
    last = rounds[-1]
    with _readable(last, SAMPLES), Image.open(folders[-1] / SAMPLES) as page:
        _check_sample(page, last, index, size)
    return models.Sample(
        match=last.match,
        index=index,
        rounds=[_sample_round(folder, round, index) for folder, round in zip(folders, rounds, strict=True)],
    )


def _sample_round(folder: Path, round: CommittedRound, index: int) -> models.SampleRound:
    score, verdict = _sample_score(folder, round, index), round.record.verdict
    threshold = None if verdict is None else verdict.threshold
    return models.SampleRound(
        round=round.number,
        image=f"/api/matches/{round.match}/rounds/{round.number}/samples/{index}.png?v={version_of(round)}",
        score=score,
        threshold=threshold,
        fooled=None if score is None or threshold is None else score < threshold,
    )


def _sample_score(folder: Path, round: CommittedRound, index: int) -> float | None:
    with _readable(round, SAMPLE_SCORES):
        try:
            return float(np.load(folder / SAMPLE_SCORES, allow_pickle=False)[index])
        except FileNotFoundError:  # the opening, or a round that was played before scores were kept
            return None


class Films:
    """Animations of matches, made when they are asked for, one at a time; the last few are kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str, str], bytes] = OrderedDict()

    def get(
        self,
        row: MatchRow,
        rounds: Sequence[CommittedRound],
        sheets: Mapping[int, Path],
        kind: Literal["gif", "webp"],
    ) -> bytes:
        """The rounds' sample sheets as an animation; of a long match evenly chosen ones, the last among them."""
        last = rounds[-1]
        key = last.match, version_of(last), kind
        with self._lock:
            if key not in self._kept:
                chosen = np.unique(np.linspace(0, len(rounds) - 1, min(len(rounds), MOST_FRAMES)).round().astype(int))
                with _readable(last, "the animation up to"):
                    self._kept[key] = animation(
                        {rounds[i].number: sheets[rounds[i].number] for i in chosen}, row.fakes_are, kind
                    )
                while len(self._kept) > MOST_FILMS:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


def _check_sample(page: Image.Image, round: CommittedRound, index: int, size: int) -> int:
    """The columns of a sheet that has a sample of this index. Raises NotFound for one that does not."""
    columns, rows = page.width // size, page.height // size
    if index >= columns * rows:
        raise NotFound(f"round {round.number} of {round.match} has samples 0 to {columns * rows - 1}, not {index}")
    return columns


def _check_exam(round: CommittedRound) -> None:
    if round.number == 0:
        raise NotFound(f"round 0 of {round.match} is the opening, which has no exam")


@contextmanager
def _readable(round: CommittedRound, name: str) -> Iterator[None]:
    where = f"{name} of round {round.number} of {round.match}"
    try:
        yield
    except FileNotFoundError:
        raise NotFound(f"{where} is gone; see {command('verify', round.match)}") from None
    except (OSError, EOFError, ValueError, IndexError, SafetensorError) as error:
        raise ArenaError(f"{where} cannot be read; see {command('verify', round.match)}") from error
