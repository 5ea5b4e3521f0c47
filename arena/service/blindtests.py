"""Blind tests: images of an exam on one sheet, and what a visitor made of them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from arena.images import Artificial, png, sheet
from arena.referee.blind import BlindTest, Vote, counted, detectors_tally, draw_images, visitors_tally
from arena.referee.exam import ExamRecord
from arena.service import models, pictures
from arena.service.realfaces import RealFaces
from arena.store import votes
from arena.store.disk import readable_errors
from arena.store.follow import CommittedRound
from arena.store.home import Home, MatchRow
from arena.types import Images

COLUMNS = 5
"""Of a sheet: 20 images in four rows."""
PATIENCE_MS = 5000
"""Milliseconds to wait for a ledger that somebody else writes to; a commit takes a few."""

Examined = tuple[MatchRow, CommittedRound]
"""A round that has an exam, with its match."""


def first_allowed(found: Sequence[Examined], reals: RealFaces) -> tuple[Examined | None, str | None]:
    """The first exam whose faces may be shown, real and fake; or why none of them may."""
    reason = None
    for row, round in found:
        refusal = reals.refusal(row) or reals.fakes_refusal(row)
        if refusal is None:
            return (row, round), None
        reason = reason or refusal
    return None, reason


def new_test(home: Home, row: MatchRow, round: CommittedRound) -> BlindTest:
    """Draw a test from an exam and enter it, so that its id says nothing and outlives the service."""
    exam = pictures.read_exam(home.round_folder(round.match, round.number), round)
    images = draw_images(exam, secrets.randbits(63))
    test = BlindTest(secrets.token_hex(16), round.match, round.number, exam.threshold, images)
    votes.enter_test(home, test)
    return test


def view(test: BlindTest, size: int) -> models.BlindTest:
    """A test as a visitor may see it, without any answer."""
    return models.BlindTest(
        id=test.id,
        match=test.match,
        round=test.round,
        n=len(test.images),
        sheet=f"/api/blind/{test.id}/sheet.png",
        columns=COLUMNS,
        size=size,
    )


def sheet_png(test: BlindTest, folder: Path, row: MatchRow, round: CommittedRound, reals: RealFaces) -> bytes:
    """All images of a test as one PNG: a file each would tell by its marks which ones are fake."""
    exam = pictures.read_exam(folder, round)
    page = sheet(_images(exam, test, folder, row, round, reals), COLUMNS)
    origin: Artificial = "mixed" if row.fakes_are == "generated" else row.fakes_are
    return png(page, origin, f"match {test.match}, round {test.round}")


def answered(home: Home, test: BlindTest, called_fake: Sequence[bool]) -> models.BlindAnswer:
    """Enter a vote and tell what was what. Raises AnsweredAlready."""
    vote = Vote(test, tuple(called_fake))
    votes.enter_vote(home, vote)
    calls = zip(test.images, vote.called_fake, test.detector_called_fake, strict=True)
    return models.BlindAnswer(
        n=len(test.images),
        visitor=visitors_tally([counted(vote)]),
        detector=detectors_tally([counted(vote)]),
        images=[
            models.BlindImage(
                fake=image.fake, called_fake=called, detector_score=image.score, detector_called_fake=detector
            )
            for image, called, detector in calls
        ],
    )


@contextmanager
def writable(root: Path) -> Iterator[Home]:
    """The home for a thread that writes to its ledger. Raises ArenaError when it is gone, locked or full."""
    with readable_errors(f"the home {root}"):
        home = Home.open(root)
        try:
            home.rows(f"PRAGMA busy_timeout = {PATIENCE_MS}")
            yield home
        finally:
            home.close()


def _images(
    exam: ExamRecord, test: BlindTest, folder: Path, row: MatchRow, round: CommittedRound, reals: RealFaces
) -> Images:
    """The images in the order they are shown, uint8 `[N, S, S, 3]`."""
    half = exam.real_indices.size
    drawn = exam.order[[image.place for image in test.images]]
    real = drawn < half
    faces = reals.get(row, exam.real_indices[drawn[real]].tolist())
    images = np.empty((len(drawn), *faces.shape[1:]), np.uint8)
    images[real] = faces
    images[~real] = pictures.read_fakes(folder, round)[drawn[~real] - half]
    return images
