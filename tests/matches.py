"""Small matches for tests: seconds of work, every part of the real thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from arena.play.config import MatchConfig, validate
from arena.play.match import Match, Observer, new_match, open_match, play, prepare_faces
from arena.play.table import LocalTable, Setup, Table
from arena.store.disk import Disk
from arena.store.home import Home
from arena.store.record import RoundRecord

TINY: dict[str, Any] = {
    "faces": "procedural:180",
    "image_size": 16,
    "parts": [1, 1, 1],
    "false_alarm_rate": 0.2,
    "gallery": 12,
    "reservoir": 18,
    "exam": {"size": 40, "secret": "seed"},
    "quality": 0,
    "generator": {
        "name": "dcgan",
        "options": {"width": 4, "latent": 8, "batch": 8, "steps": 3, "warmup_steps": 2, "anticipate": 1},
    },
    "detector": {"name": "cnn", "options": {"width": 4, "batch": 8, "steps": 3}},
}


def tiny(generator: Any = None, detector: Any = None, **overrides: Any) -> MatchConfig:
    """A tiny config; a contender that is named plays with its own options, and exams follow from the seed."""
    if "exam" in overrides:
        overrides["exam"] = {"secret": "seed", **overrides["exam"]}
    named = {role: who for role, who in (("generator", generator), ("detector", detector)) if who}
    return validate(TINY | named | overrides)


class Recorder(Observer):
    """Remembers what it saw."""

    def __init__(self) -> None:
        self.openings: list[RoundRecord] = []
        self.rounds: list[RoundRecord] = []
        self.events: list[tuple[int, str, str]] = []

    def on_opening(self, record: RoundRecord) -> None:
        self.openings.append(record)

    def on_round(self, record: RoundRecord) -> None:
        self.rounds.append(record)

    def on_event(self, round: int, kind: str, text: str) -> None:
        self.events.append((round, kind, text))


def start(root: Path, config: MatchConfig, name: str = "tiny", disk: Disk | None = None) -> Match:
    """A new match in a home."""
    home = Home.create(root, disk)
    return new_match(home, config, name, prepare_faces(home, config), "cpu", "fp32")


def played(match: Match, set_table: Callable[[Setup], Table] | None = None) -> Recorder:
    """Play a match to its end."""
    recorder = Recorder()
    with match.home.lock(match.name):
        play(match, set_table or (lambda setup: LocalTable(setup, disk=match.home.disk)), recorder)
    return recorder


def reopened(root: Path, name: str = "tiny", disk: Disk | None = None) -> Match:
    """The match as a new process would find it."""
    return open_match(Home.open(root, disk), name)


def outcome(match: Match) -> dict[int, Any]:
    """Everything a match has produced, comparable to the bit: hashes of all files, and records without clock times."""
    rows = match.home.rows("SELECT number, manifest FROM round WHERE match = ? ORDER BY number", match.name)
    records = {record.round: timeless(record) for record in match.home.records(match.name)}
    return {number: (manifest, records[number]) for number, manifest in rows}


def timeless(record: RoundRecord) -> RoundRecord:
    """A record without what a clock has measured."""
    training = {role: replace(report, seconds=0) for role, report in record.training.items()}
    return replace(record, seconds=0, timings={}, usage={}, training=training)
