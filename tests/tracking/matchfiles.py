"""A home with a match that nobody trained for: verdicts, curves and tiny sheets made up."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import safetensors.numpy
from PIL import Image
from tiny import tiny_team

from arena import registry
from arena.images import png
from arena.referee.exam import ExamRecord, draw_paper
from arena.referee.verdict import Rule
from arena.snapshot import to_bytes
from arena.store.disk import stage
from arena.store.home import Home
from arena.store.outbox import Errand, errands_of
from arena.store.record import RoundRecord
from arena.tracking.entry import Entry, Story, entry
from arena.tracking.trainings import Told
from arena.types import CurvePoint, Role, Training

CONFIG = {
    "rounds": 2,
    "seed": 7,
    "faces": "procedural:60",
    "image_size": 8,
    "parts": [0.5, 0.35, 0.15],
    "generator": {"name": "dcgan", "options": {"width": 4}},
    "detector": {"name": "cnn", "options": {"width": 2}},
    "knowledge": "whitebox",
    "false_alarm_rate": 0.05,
    "gallery": 10,
    "reservoir": 20,
    "exam": {"size": 20, "marking": "half", "win_accuracy": 0.5, "significance": 0.05},
    "device": "auto",
    "precision": "auto",
}
FACTS = {
    "device": "cpu",
    "precision": "fp32",
    "machine": "x86_64",
    "python": "3.11.0",
    "versions": {"arena": "0.1.0", "torch": "2.15.0"},
    "faces": {"source": "drawn", "synthetic": True, "digest": "abc", "images": 60, "identities": 30, "skipped": {}},
}


def new_home(root: Path, match: str = "duel", rounds: int = 2) -> Home:
    home = Home.create(root)
    home.create_match(match, {**CONFIG, "rounds": rounds}, FACTS)
    return home


def detector_file() -> bytes:
    """The snapshot of a tiny detector that was never trained; it sees images of `tiny.SIZE`."""
    return to_bytes(tiny_team(registry.find("detector", "cnn")).snapshot(2))


def play(
    home: Home, number: int, match: str = "duel", right: bool = True, last: bool = False, detector: bytes = b""
) -> None:
    """Commit a round; from round 1 on with an exam of 20 images that the detector gets all right or all wrong.

    `detector`: the file of its snapshot, where the round has one.
    """
    trained = Training(10, 100 * (number + 1), 1.5, {"loss": 0.5}, (CurvePoint(100 * number + 50, {"loss": 0.75}),))
    training: dict[Role, Training] = {"generator": trained, "detector": trained if number else Training(0, 0, 0.0, {})}
    verdict = None
    files = {"samples.png": png(np.full((1, 16, 16, 3), number, np.uint8), "generated")}
    if number:
        paper = draw_paper(np.arange(20), 20, number)
        scores = paper.labels.astype(np.float64) if right else 1.0 - paper.labels
        exam = ExamRecord(paper.labels, scores, 0.5, paper.order, paper.real_indices, number, paper.people)
        verdict = exam.judge(Rule())
        files["exam.safetensors"] = safetensors.numpy.save(exam.to_arrays())
    if detector:
        files["detector.snapshot.safetensors"] = detector
    usage = {"referee": {"cpu_seconds": 0.5}}
    record = RoundRecord(match, number, "dcgan", "cnn", verdict, training, seconds=3.25, usage=usage)
    folder = home.staging_folder(match, number, "x")
    home.commit_round(match, number, folder, stage(folder, files, home.disk), record, last)


def play_all(home: Home, match: str = "duel", detector: bytes = b"") -> None:
    """The opening, a round that B wins, one that A wins and that is the last."""
    play(home, 0, match)
    play(home, 1, match)
    play(home, 2, match, right=False, last=True, detector=detector)


def entry_of(home: Home, errand: Errand, newest: bool = False) -> Entry:
    """The entry of an errand after all errands before it."""
    story = Story()
    before = {
        other.round for other in errands_of(home, errand.match) if other.id <= errand.id and other.kind == "round"
    }
    for record in home.records(errand.match):
        if record.round in before:
            story.add(record)
    return entry(home, home.match(errand.match), errand, story, newest)


def picture(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def training(folder):
    """A training of two epochs that is over."""
    (folder / "d.json").write_text("{}")
    card = {"detector": "cnn", "options": {"width": 4}, "size": 16, "seed": 0, "false_alarm_rate": 0.05}
    card |= {"device": "cpu", "precision": "fp32", "faces": {"source": "drawn", "digest": "abc"}, "epochs": 2}
    card |= {"fakes": {"of": [["blend", "blend"], ["noise", "noise"]]}, "seconds": 2.0, "best": {}}
    measured = {"low": 0.5, "high": 0.8, "alarms": 0.05, "caught": 0.2, "threshold": 0.9, "seconds": 1.0}
    epochs = [
        {"epoch": epoch, "images": 100 * epoch, "auroc": auroc, "losses": {"detector": loss}, **measured}
        for epoch, auroc, loss in ((1, 0.6, 0.9), (2, 0.7, 0.5))
    ]
    return Told(card, epochs, {"detector": folder / "d.safetensors", "card": folder / "d.json"})
