"""Exported detectors: the same answers as the original's, for every contender that has a graph."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from contract import DETECTORS, LACKING, each, train
from tiny import SIZE, pictures, tiny_team

from arena import registry
from arena.detector.team import NetworkDetector
from arena.export.card import Subject, card_of
from arena.export.exporting import MOST_OFF, Shown, exported
from arena.export.graph import run
from arena.networks.pyramid import filters
from arena.snapshot import player
from arena.types import ArenaError

pytestmark = pytest.mark.long

SHOWN = Shown(pictures(12, seed=4), "12 pictures")


def subject(contender, **options):
    team = tiny_team(contender, options=options)
    train(team)
    snapshot = team.snapshot(1)
    return Subject(snapshot, player(snapshot), "0" * 64, None, {})


def must_have_a_graph(contender):
    """Whether a detector is a network and nothing else, or one of those that we know to have a graph."""
    is_network = issubclass(contender.cls, NetworkDetector) and contender.cls.score is NetworkDetector.score
    return is_network or contender.name in ("activations", "committee", "onet", "spectrum", "texture")


@pytest.fixture(scope="module")
def cnn():
    return subject(registry.find("detector", "cnn"))


@each(DETECTORS)
def test_its_graph_answers_as_it_does_or_it_says_why_not(contender):
    one = subject(contender)
    expected = one.detector.answer(SHOWN.images).scores
    filters.cache_clear()  # what is computed once and kept may be so for the first time while a graph is made
    try:
        done = exported(one, SHOWN)
    except ArenaError as error:
        refusal = str(error)
    else:
        refusal = ""
    if not must_have_a_graph(contender) and refusal:
        assert refusal.startswith(f"{contender.name} cannot be exported: ")
        return
    assert not refusal
    assert done.card["compared"]["largest_difference"] <= MOST_OFF
    for n in (1, 7):
        scores = run(done.model, pictures(n, seed=n))
        assert np.abs(scores - one.detector.answer(pictures(n, seed=n)).scores).max() <= MOST_OFF
    assert len(set(scores)) > 1
    assert np.array_equal(one.detector.answer(SHOWN.images).scores, expected)


def test_the_file_takes_pixels_and_knows_its_thresholds(cnn):
    done = exported(cnn, SHOWN)
    model = onnx.load_from_string(done.model)
    onnx.checker.check_model(model)
    (taken,), (given,) = model.graph.input, model.graph.output
    assert (taken.name, taken.type.tensor_type.elem_type) == ("pixels", onnx.TensorProto.UINT8)
    assert [d.dim_value or d.dim_param for d in taken.type.tensor_type.shape.dim] == ["N", SIZE, SIZE, 3]
    assert (given.name, given.type.tensor_type.elem_type) == ("score", onnx.TensorProto.FLOAT)
    told = {entry.key: entry.value for entry in model.metadata_props}
    assert float(told["threshold"]) == cnn.snapshot.extra["threshold"]
    assert float(told["photo_threshold"]) == cnn.snapshot.extra["photo_threshold"]
    assert json.loads(told["input"]) == done.card["input"]


def test_the_file_tells_nothing_of_this_machine(cnn):
    assert b".py" not in exported(cnn, SHOWN).model


def test_what_has_no_formula_says_so():
    with pytest.raises(ArenaError, match=r"^stamp-reader cannot be exported: its score is no formula of the pixels"):
        exported(subject(registry.find("detector", "stamp-reader")), SHOWN)


def test_a_graph_that_answers_otherwise_is_an_error(cnn, monkeypatch):
    class Other:
        contender, no_face = "cnn", "whole"

        def __getattr__(self, name):
            return getattr(cnn.detector, name)

        def critic(self):
            right = cnn.detector.critic()
            return lambda images: right(images) + 0.01

    with pytest.raises(ArenaError, match=r"on 12 pictures its graph's scores are off by up to 0\.002"):
        exported(Subject(cnn.snapshot, Other(), cnn.digest, None, {}), SHOWN)


def test_the_input_is_resized_inside(monkeypatch):
    contender = registry.find("detector", "cnn")
    for size in (8, 24):
        monkeypatch.setattr(contender.cls, "input_size", size)
        assert exported(subject(contender), SHOWN).card["compared"]["largest_difference"] <= MOST_OFF


def test_what_onnx_cannot_say_is_one_sentence(cnn, monkeypatch):
    monkeypatch.setattr(cnn.detector, "critic", lambda: lambda images: torch.linalg.eigvalsh(images[:, 0])[:, 0])
    with pytest.raises(ArenaError, match="cnn cannot be exported: ONNX has no form"):
        exported(cnn, SHOWN)


def test_eight_bits_are_smaller_and_their_price_is_known():
    one = subject(registry.find("detector", "residual"), width=16)
    images = np.concatenate([pictures(30, seed=2), 255 - pictures(30, seed=3)])
    exam = Shown(images, "an exam", np.repeat(np.array([0, 1], np.int8), 30))
    whole, small = exported(one, SHOWN), exported(one, SHOWN, exam)
    assert small.card["bytes"] < 0.5 * whole.card["bytes"]
    cost = small.card["int8"]
    assert (cost["on"], cost["images"]) == ("an exam", 60)
    assert cost["auroc"]["fp32"] != cost["auroc"]["int8"] or cost["largest_difference"] > 0
    rough = run(small.model, images)
    assert (
        0
        < np.abs(rough - one.detector.answer(images).scores).max()
        == pytest.approx(cost["largest_difference"], abs=MOST_OFF)
    )
    assert exported(one, SHOWN, SHOWN).card["int8"]["auroc"] is None


def test_a_regression_has_nothing_to_put_into_eight_bits():
    with pytest.raises(ArenaError, match="no convolutions"):
        exported(subject(registry.find("detector", "spectrum")), SHOWN, SHOWN)


class TestWeightsOfOthers:
    """What a card says of weights that somebody else has trained."""

    def test_of_a_snapshot_alone_those_that_it_needs_are_named(self, cnn):
        assert card_of(cnn)["trained_on"]["pretrained"] == {}
        assert "licence of their own" not in card_of(cnn)["licence"]
        if "onet" not in LACKING:
            card = card_of(subject(registry.find("detector", "onet")))
            assert list(card["trained_on"]["pretrained"]) == ["weights of ONet"]
            assert card["licence"].endswith("Its pretrained weights have a licence of their own.")

    def test_those_that_are_not_here_are_told_of(self, cnn, monkeypatch):
        def missing(options):
            raise ArenaError("not on this machine")

        monkeypatch.setattr(type(cnn.detector), "fetch", staticmethod(missing))
        card = card_of(cnn)
        assert card["trained_on"]["pretrained"] == {"weights that its training began with": "not on this machine"}
        assert "licence of their own" in card["licence"]

    def test_of_a_match_they_are_those_of_its_record(self, cnn):
        facts = {"fetched": {"detector": {"weights of somebody": "0" * 64}}}
        assert card_of(replace(cnn, facts=facts))["trained_on"]["pretrained"] == {"weights of somebody": "0" * 64}
