"""A home with a match that nobody trained for: every number in it is made up, and so every answer is known."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from arena.images import png, sheet
from arena.quality.result import Estimate, Quality
from arena.referee.exam import ExamRecord, draw_paper
from arena.referee.verdict import Rule
from arena.service.app import create_app
from arena.service.security import listen
from arena.service.server import Server
from arena.store.disk import stage
from arena.store.home import Home
from arena.store.names import EXAM, FAKES, SAMPLE_SCORES, SAMPLES
from arena.store.record import RoundRecord
from arena.types import CurvePoint, Role, Training

SIZE = 8
CONFIG = {
    "rounds": 2,
    "seed": 7,
    "faces": "/home/somebody/photos.zip",
    "image_size": SIZE,
    "generator": {"name": "dcgan", "options": {"width": 4}},
    "detector": {"name": "cnn", "options": {"width": 2}},
    "exam": {"size": 8, "marking": "half", "win_accuracy": 0.5, "significance": 0.05},
}
FACTS = {
    "device": "cpu",
    "faces": {"path": "/home/somebody/cache", "source": "/home/somebody/photos.zip", "images": 60},
}
FAKE_SCORES = [0.9, 0.1, 0.6, 0.4]
"""Of the exam's fakes by their index; with the threshold of 0.5 two of them fool the detector."""
QUALITY = Quality(
    500,
    400,
    Estimate(0.61, 0.5, 0.71, 100),
    onet_frechet=Estimate(12.0, 10.5, 14.0, 500),
    missing={"nearest": "no time"},
)
"""Of the second round; nobody measured the others."""
SAMPLE_OPINION = [0.25, 0.5, 0.75, 0.0]
"""The detector's scores of the four samples."""


def new_home(root: Path, match: str = "duel", rounds: int = 2) -> Home:
    home = Home.create(root)
    new_match(home, match, rounds)
    return home


def new_match(home: Home, match: str, rounds: int = 2) -> None:
    home.create_match(match, {**CONFIG, "rounds": rounds}, FACTS)


def picture(value: int, n: int) -> np.ndarray:
    """Images whose pixels are all `value` plus their place."""
    return (np.ones((n, SIZE, SIZE, 3)) * (value + np.arange(n)).reshape(-1, 1, 1, 1)).astype(np.uint8)


def play(
    home: Home, number: int, match: str = "duel", real_score: float = 0.2, last: bool = False, grown: str = ""
) -> None:
    """Commit a round. A's fakes score FAKE_SCORES, real faces `real_score`: all called right up to 0.5."""
    point = CurvePoint(50, {"loss": 0.75})
    report = Training(10, 100 * (number + 1), 1.5, {"loss": 0.5}, (point,), grown=grown)
    training: dict[Role, Training] = {"generator": report, "detector": report}
    verdict = None
    files = {SAMPLES: png(sheet(picture(10 * number, 4), 2), "generated")}
    if number:
        paper = draw_paper(np.arange(20), 8, number)
        scores = np.where(paper.order < 4, real_score, np.array([0, 0, 0, 0, *FAKE_SCORES])[paper.order])
        exam = ExamRecord(paper.labels, scores, 0.5, paper.order, paper.real_indices, number, paper.people)
        verdict = exam.judge(Rule())
        files |= {EXAM: safetensors.numpy.save(exam.to_arrays()), FAKES: _npy(picture(100 + number, 4))}
        files |= {SAMPLE_SCORES: _npy(np.array(SAMPLE_OPINION))}
    timings = {"referee": {"grade": 0.25}}
    quality = QUALITY if number == 2 else None
    record = RoundRecord(match, number, "dcgan", "cnn", verdict, training, timings, 3.25, quality=quality)
    folder = home.staging_folder(match, number, "x")
    home.commit_round(match, number, folder, stage(folder, files, home.disk), record, last)


def play_all(home: Home, match: str = "duel") -> None:
    """The opening, a round that B wins with 6 of 8 right, and one that A wins with 2 of 8."""
    play(home, 0, match)
    play(home, 1, match)
    play(home, 2, match, real_score=0.7, last=True)


@contextmanager
def served(root: Path, token: str | None = None, port: int = 0, **options: Any) -> Iterator[str]:
    """The service over a home as a real server, by default on a free port; its address. `options`: of create_app."""
    server = Server(create_app(root, token, tick=0.01, **options))
    bound = listen("127.0.0.1", port)  # from here on connections wait until the server is up
    address = f"http://127.0.0.1:{bound.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join()


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
