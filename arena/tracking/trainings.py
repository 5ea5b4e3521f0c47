"""Trainings of detectors alone, as runs of an experiment of their own: told whole, when they are over."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena.tracking.data import face_data
from arena.tracking.entry import Entry, Point
from arena.tracking.shipper import only_shipper, sentence
from arena.tracking.store import MlflowStore, check_uri, default_uri
from arena.types import ArenaError

EXPERIMENT = "trainings"
PATIENCE = 20.0
"""Most seconds that the end of a training waits for MLflow."""
_MEASURED = ("auroc", "low", "high", "alarms", "caught", "threshold", "seconds")


@dataclass(frozen=True)
class Told:
    """What there is to tell. `card`, `epochs`: JSON values. `files`: by what they are."""

    card: Mapping[str, Any]
    epochs: Sequence[Mapping[str, Any]]
    files: Mapping[str, Path]

    @property
    def mark(self) -> str:
        """The same for the same training, however often it is told."""
        named = {name: value for name, value in self.card.items() if name not in ("seconds", "judged", "best")}
        return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:32]


def entry_of(told: Told) -> Entry:
    """A training as an entry: settings, a point for each number of each epoch, the card and the curves."""
    card = told.card
    params = {name: str(card[name]) for name in ("detector", "size", "seed", "false_alarm_rate", "device", "precision")}
    params |= {f"detector.{name}": str(value) for name, value in card["options"].items()}
    params |= {"faces": str(card["faces"]["source"]), "fakes": ", ".join(name for name, _ in card["fakes"]["of"])}
    points = [
        Point(f"validation/{name}", float(epoch[name]), epoch["epoch"]) for epoch in told.epochs for name in _MEASURED
    ]
    points += [
        Point(f"train/{name}", float(value), epoch["images"])
        for epoch in told.epochs
        for name, value in epoch["losses"].items()
    ]
    tags = {"mlflow.source.name": "arena", "faces.digest": card["faces"]["digest"]}
    files = {path.name: path.read_bytes() for kind, path in told.files.items() if kind != "detector"}
    return Entry(tags, params, points, files, face_data(card["faces"]["source"], card["faces"]))


def tell(told: Told, root: Path, uri: str | None = None) -> str:
    """Tell a store of a training, for PATIENCE seconds at most; what went wrong in a sentence, or nothing.

    `root`: the home. `uri`: None for the store inside it. What could not be told is told when the training is asked
    for again.
    """
    problems = list[str]()
    # A daemon: an interpreter that wants to leave does not wait for a server.
    thread = threading.Thread(target=_tell, args=(told, root, uri, problems), name="mlflow-training", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if thread.is_alive():
        return f"MLflow has not been told within {PATIENCE:g} s; the same command tells it later"
    return "; ".join(problems)


def _tell(told: Told, root: Path, uri: str | None, problems: list[str]) -> None:
    try:
        checked = check_uri(uri or default_uri(root))
    except ArenaError as error:
        problems.append(str(error))
        return
    try:
        with only_shipper(root, PATIENCE):  # a store that two processes make at once is broken
            store = MlflowStore(checked, root, EXPERIMENT)
            store.record(told.files["detector"].stem, told.mark, entry_of(told), int(1000 * time.time()))
    except Exception as error:  # a training is never the worse for it
        problems.append(f"{sentence(checked, error)}; the same command tells it again")
