"""Pictures and exams out of a round's folder. Every picture is generated and says so; real faces never leave here."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import safetensors.numpy
from PIL import Image
from safetensors import SafetensorError

from arena.desk import EXAM, FAKES, SAMPLES
from arena.images import png
from arena.referee.exam import ExamRecord
from arena.service import models
from arena.service.views import NotFound, version_of
from arena.showcase import animation
from arena.store.follow import CommittedRound
from arena.types import ArenaError, Images

MOST_FILMS = 4
"""Animations that are kept in memory."""
MOST_FRAMES = 60
"""Frames of an animation; a frame takes tens of milliseconds to make and some 100 kB."""


def sample_sheet(folder: Path, round: CommittedRound) -> bytes:
    """The sheet of the same latents every round, as the referee stored it, a PNG."""
    with _readable(round, SAMPLES):
        return (folder / SAMPLES).read_bytes()


def sample(folder: Path, round: CommittedRound, index: int, size: int) -> bytes:
    """One face of the sheet, which is made of square faces of this many pixels, row by row. Raises NotFound."""
    with _readable(round, SAMPLES), Image.open(folder / SAMPLES) as page:
        columns, rows = page.width // size, page.height // size
        if index >= columns * rows:
            raise NotFound(f"round {round.number} of {round.match} has samples 0 to {columns * rows - 1}, not {index}")
        left, top = index % columns * size, index // columns * size
        face = np.asarray(page.convert("RGB").crop((left, top, left + size, top + size)))
    return png(face[None], "generated", f"match {round.match}, round {round.number}, sample {index}")


def fake(folder: Path, round: CommittedRound, index: int) -> bytes:
    """One fake of the exam as a PNG. Raises NotFound."""
    _check_exam(round)
    with _readable(round, FAKES):
        fakes: Images = np.load(folder / FAKES, mmap_mode="r", allow_pickle=False)
        if index >= len(fakes):
            raise NotFound(f"the exam of round {round.number} of {round.match} has {len(fakes)} fakes from 0 on")
        return png(np.array(fakes[index : index + 1]), "generated", f"match {round.match}, round {round.number}")


def exam(folder: Path, round: CommittedRound, most: int) -> models.Exam:
    """What the detector made of the fakes, with at most so many of the most convincing and the most obvious."""
    _check_exam(round)
    with _readable(round, EXAM):
        record = ExamRecord.from_arrays(safetensors.numpy.load_file(folder / EXAM))
    places = record.order - record.real_indices.size
    is_fake = places >= 0
    scores = np.empty(int(is_fake.sum()))
    scores[places[is_fake]] = record.scores[is_fake]
    by_score = [int(index) for index in np.argsort(scores, kind="stable")]
    address = f"/api/matches/{round.match}/rounds/{round.number}/exam/{{}}.png?v={version_of(round)}"

    def shown(index: int) -> models.ExamFake:
        score = float(scores[index])
        return models.ExamFake(index=index, score=score, fooled=score < record.threshold, image=address.format(index))

    return models.Exam(
        match=round.match,
        round=round.number,
        n=len(record.scores),
        threshold=record.threshold,
        fooled=int((scores < record.threshold).sum()),
        most_convincing=[shown(index) for index in by_score[:most]],
        most_obvious=[shown(index) for index in by_score[::-1][:most]],
    )


class Films:
    """Animations of matches, made when they are asked for, one at a time; the last few are kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def get(self, rounds: Sequence[CommittedRound], sheets: Mapping[int, Path]) -> bytes:
        """The rounds' sample sheets as an animated GIF; of a long match evenly chosen ones, the last among them."""
        last = rounds[-1]
        key = last.match, version_of(last)
        with self._lock:
            if key not in self._kept:
                chosen = np.unique(np.linspace(0, len(rounds) - 1, min(len(rounds), MOST_FRAMES)).round().astype(int))
                with _readable(last, "the animation up to"):
                    self._kept[key] = animation({n: sheets[n] for n in (rounds[i].number for i in chosen)})
                while len(self._kept) > MOST_FILMS:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


def _check_exam(round: CommittedRound) -> None:
    if round.number == 0:
        raise NotFound(f"round 0 of {round.match} is the opening, which has no exam")


@contextmanager
def _readable(round: CommittedRound, name: str) -> Iterator[None]:
    where = f"{name} of round {round.number} of {round.match}"
    try:
        yield
    except FileNotFoundError:
        raise NotFound(f"{where} is gone; see arena verify {round.match}") from None
    except (OSError, ValueError, SafetensorError) as error:
        raise ArenaError(f"{where} cannot be read; see arena verify {round.match}") from error
