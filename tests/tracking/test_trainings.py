"""Trainings as MLflow is told of them."""

from __future__ import annotations

import dataclasses
from threading import Event

from matchfiles import training

from arena.tracking.store import MlflowStore
from arena.tracking.trainings import entry_of, tell


def test_what_is_told(tmp_path):
    entry = entry_of(training(tmp_path))
    assert entry.params["detector"] == "cnn"
    assert entry.params["fakes"] == "blend, noise"
    assert [(point.value, point.step) for point in entry.points if point.key == "train/detector"] == [
        (0.9, 100),
        (0.5, 200),
    ]
    assert entry.files == {"d.json": b"{}"}


def test_a_training_is_the_same_however_long_it_took(tmp_path):
    told = training(tmp_path)
    slower = dataclasses.replace(told, card={**told.card, "seconds": 99.0})
    longer = dataclasses.replace(told, card={**told.card, "epochs": 3})
    assert told.mark == slower.mark != longer.mark


def test_a_dead_store_is_a_sentence(tmp_path, monkeypatch):
    def dead(self, uri, root, experiment):
        raise ConnectionError("Connection refused")

    monkeypatch.setattr(MlflowStore, "__init__", dead)
    assert "it does not answer" in tell(training(tmp_path), tmp_path)
    assert "no address" in tell(training(tmp_path), tmp_path, "nonsense")


def test_a_store_that_never_answers_is_not_waited_for(tmp_path, monkeypatch):
    released = Event()
    monkeypatch.setattr(MlflowStore, "__init__", lambda *given: released.wait())
    monkeypatch.setattr("arena.tracking.trainings.PATIENCE", 0.01)
    try:
        assert "has not been told" in tell(training(tmp_path), tmp_path)
    finally:
        released.set()
