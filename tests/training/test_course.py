"""Epoch after epoch, to the same end however often it is stopped."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tiny import equal_states, pictures

from arena.snapshot import to_bytes
from arena.training.course import BEST, STATE, Epoch, Observer, Plan, best_of, is_over, measured, train
from arena.training.families import Stock
from arena.training.kept import recall
from arena.types import Answer, ArenaError, Diverged, Faces


@pytest.fixture
def families():
    return [Stock.divided("spots", pictures(60, seed=5)), Stock.divided("others", 255 - pictures(60, seed=6))]


def epoch(number, auroc):
    return Epoch(number, {}, 0, 0.0, auroc, 0.0, 1.0, 0.0, 0.0, 0.5)


def timeless(epochs):
    return [dataclasses.replace(one, seconds=0) for one in epochs]


class Killed(Observer):
    """Stops the world after some epoch, or while one trains."""

    def __init__(self, after=None, during=None):
        self.after, self.during = after, during

    def on_epoch(self, epoch, is_best):
        if epoch.epoch == self.after:
            raise KeyboardInterrupt

    def on_progress(self, progress):
        if progress.round == self.during:
            raise KeyboardInterrupt


def test_what_comes_out_is_the_best_epochs_detector(ground, plan, families, tmp_path):
    trained = train(ground, plan, families, tmp_path)
    assert [one.epoch for one in trained.epochs] == [1, 2]
    assert trained.best.round == trained.best_epoch.epoch
    assert trained.best.origin == ground.origin
    assert trained.epochs[-1].images == 2 * 3 * 8
    for one in trained.epochs:
        assert 0 <= one.low <= one.auroc <= one.high <= 1
        assert "detector" in one.losses


@pytest.mark.parametrize("stop", [{"after": 1}, {"during": 2}, {"during": 3}])
def test_a_training_that_was_stopped_ends_the_same(ground, plan, families, tmp_path, stop):
    plan = dataclasses.replace(plan, epochs=3, patience=3)
    whole = train(ground, plan, families, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(ground, plan, families, tmp_path / "stopped", Killed(**stop))
    again = train(ground, plan, families, tmp_path / "stopped")
    assert timeless(again.epochs) == timeless(whole.epochs)
    assert to_bytes(again.best) == to_bytes(whole.best)
    states = [recall(tmp_path / name / STATE).state for name in ("whole", "stopped")]
    assert equal_states(*states)


def test_a_kill_between_the_best_detector_and_the_state_loses_nothing(ground, plan, families, tmp_path, monkeypatch):
    whole = train(ground, plan, families, tmp_path / "whole")

    def killed(path, state, about):
        raise KeyboardInterrupt

    with monkeypatch.context() as world:
        world.setattr("arena.training.course.keep", killed)
        with pytest.raises(KeyboardInterrupt):
            train(ground, plan, families, tmp_path / "stopped")
    assert (tmp_path / "stopped" / BEST).exists()
    again = train(ground, plan, families, tmp_path / "stopped")
    assert to_bytes(again.best) == to_bytes(whole.best)


def test_a_finished_training_goes_on_when_it_may_be_longer(ground, plan, families, tmp_path):
    train(ground, plan, families, tmp_path / "short")
    longer = dataclasses.replace(plan, epochs=3, patience=3)
    trained = train(ground, longer, families, tmp_path / "short")
    assert timeless(trained.epochs) == timeless(train(ground, longer, families, tmp_path / "long").epochs)


def test_another_training_does_not_go_on(ground, plan, families, tmp_path):
    train(ground, plan, families, tmp_path)
    with pytest.raises(ArenaError, match="another file with -o"):
        train(ground, plan, families[:1], tmp_path)
    with pytest.raises(ArenaError, match="other options"):
        train(ground, dataclasses.replace(plan, options={**plan.options, "width": 8}), families, tmp_path)


def test_the_same_faces_by_another_path_are_no_others(ground, plan, families, tmp_path):
    trained = train(ground, plan, families, tmp_path)
    moved = dataclasses.replace(ground, facts={**ground.facts, "source": "elsewhere"})
    assert train(moved, plan, families, tmp_path).epochs == trained.epochs
    fewer = dataclasses.replace(ground, facts={**ground.facts, "images": 1})
    with pytest.raises(ArenaError, match="other faces"):
        train(fewer, plan, families, tmp_path)


def test_a_damaged_state_is_said(ground, plan, families, tmp_path):
    (tmp_path / STATE).write_bytes(b"nothing")
    with pytest.raises(ArenaError, match="is damaged: delete it"):
        train(ground, plan, families, tmp_path)


def test_a_training_that_diverges_is_tried_more_slowly(ground, plan, families, tmp_path, monkeypatch):
    from arena.detector.cnn import CNN

    scales, trains = [], CNN.train

    def diverging(self, round, material, *, learning_rate_scale=1.0):
        scales.append(learning_rate_scale)
        if len(scales) == 1:
            raise Diverged("detector", "a weight", 3)
        return trains(self, round, material, learning_rate_scale=learning_rate_scale)

    monkeypatch.setattr(CNN, "train", diverging)
    told = []
    observer = Observer()
    observer.on_stage = told.append
    train(ground, dataclasses.replace(plan, epochs=1), families, tmp_path, observer)
    assert scales == [1.0, 0.5]
    assert "diverged" in told[0]


def test_patience_ends_it():
    plan = Plan("cnn", {}, epochs=9, patience=2)
    epochs = [epoch(1, 0.6), epoch(2, 0.7), epoch(3, 0.7), epoch(4, 0.5)]
    assert [is_over(plan, epochs[:n]) for n in range(5)] == [False, False, False, False, True]
    assert best_of(epochs).epoch == 2
    assert is_over(dataclasses.replace(plan, epochs=1), epochs[:1])


@pytest.mark.parametrize("name", ["epochs", "patience", "fakes"])
def test_lengths_are_positive(name):
    with pytest.raises(ArenaError, match=f"{name} must be at least 1"):
        Plan("cnn", {}, **{name: 0})


def test_what_is_measured():
    reals = Faces(pictures(4), np.arange(4))
    found = measured(reals, Answer(np.array([0.1, 0.2, 0.3, 0.6]), 0.5), Answer(np.array([0.9, 0.8, 0.4]), 0.5))
    assert found["auroc"] == pytest.approx(11 / 12)
    assert found["alarms"] == 0.25
    assert found["caught"] == pytest.approx(2 / 3)
    assert found["threshold"] == 0.5
