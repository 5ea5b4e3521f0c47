"""The filters of `face-parts`: their rule, what each learns from, and what it needs."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from contract import given
from tiny import SIZE, pictures, tiny_team

from arena import registry
from arena.detector import face_parts
from arena.detector.face_parts import combined
from arena.faces.parts.paste import Swap
from arena.faces.parts.swaps import swapped
from arena.photo.judge import judge
from arena.types import ArenaError, Faces

CONTENDER = registry.find("detector", "face-parts")
LOGITS = torch.tensor([[-1.0, 8.0, 0.0, -3.0], [4.0, 5.0, 9.0, 2.0], [5.0, -2.0, 1.0, 6.0]])
BOUNDS = torch.tensor([0.0, 4.5, 5.5])


@pytest.mark.parametrize(
    ("cascade", "logits"),
    [
        # 4 and 5 are not sure enough; 5 is, but no surer than 8; 9 is; 2 is not, but 6 is.
        ("original", [-1, 8, 9, 6]),
        ("max", [5, 8, 9, 6]),
        ("mean", [8 / 3, 11 / 3, 10 / 3, 5 / 3]),
    ],
)
def test_how_opinions_become_one(cascade, logits):
    torch.testing.assert_close(combined(LOGITS, BOUNDS, cascade), torch.tensor(logits, dtype=torch.float32))


def test_how_sure_a_filter_has_to_be():
    sure, surer = math.log(0.99 / 0.01), math.log(0.999 / 0.001)
    assert CONTENDER.options().bounds() == pytest.approx([sure, sure, surer, sure, sure, surer, surer])
    told = CONTENDER.options({"filters": ["NOSE_cut", "MOUTH_cut"], "thresholds": [0.5, 0.9]})
    assert told.bounds() == pytest.approx([0, math.log(9)])


def trained(**options):
    team = tiny_team(CONTENDER, options=options)
    material = given("detector")
    team.train(1, material)
    return team, material


def test_each_filter_has_swaps_of_its_own_part_and_edge():
    team, material = trained(filters=("MOUTH_blur", "MOUTH_blur", "EYES_cut"))
    assert [(way.part, way.edge, len(made)) for way, made in team._own.items()] == [
        ("MOUTH", "blur", 6),
        ("EYES", "cut", 6),
    ]
    trained_on = {face.tobytes() for face in material.faces.images[team._split(material.faces)[1]]}
    held_out = {face.tobytes() for face in material.faces.images} - trained_on
    assert not any(face.tobytes() in held_out for made in team._own.values() for face in made)


def test_every_filter_can_be_asked_alone():
    team, _ = trained(filters=("MOUTH_blur", "EYES_cut", "NOSE_cut"), cascade="max")
    paper = pictures(7, seed=5)
    opinions = team.opinions(paper)
    assert (opinions.shape, opinions.dtype) == ((3, 7), np.float64)
    np.testing.assert_allclose(opinions.max(0), team.score(paper), atol=1e-6)
    assert len(np.unique(opinions)) > 7


def test_two_filters_of_one_kind_are_two_networks():
    team, _ = trained(filters=("MOUTH_blur", "MOUTH_blur"))
    first, second = (list(network.parameters()) for network in team.network.filters)
    assert not any(torch.equal(a, b) for a, b in zip(first, second, strict=True) if a.ndim > 1)


@pytest.mark.parametrize(("own", "grey"), [(0.0, 0), (0.5, 2), (1.0, 4)])
def test_the_share_of_its_own_swaps(own, grey, monkeypatch):
    """Of a batch of 8, half of them fakes, swaps are made grey here; nothing else is."""
    monkeypatch.setattr(face_parts, "swapped", lambda how, faces, n, *rest: np.full((n, SIZE, SIZE, 3), 9, np.uint8))
    team = tiny_team(CONTENDER, options={"own": own, "augment": False, "level": False})
    batches = []
    for network in team.network.filters:
        network.register_forward_pre_hook(lambda module, inputs: batches.append(inputs[0]))
    team.train(1, given("detector"))
    spread = batches[0].std((1, 2, 3)) < 1e-6
    assert spread.tolist() == [False] * (8 - grey) + [True] * grey


def test_only_parts_in_the_middle_are_mirrored(monkeypatch):
    asked = []
    monkeypatch.setattr(face_parts, "change", lambda images, on: asked.append("mirror" in on) or images)
    trained(filters=("MOUTH_blur", "LEFT_EYE_cut", "EYES_cut", "RIGHT_BROW_blur"), steps=1, steady=False)
    assert asked == [True, False, True, False]


def test_a_swap_changes_a_face_in_one_place():
    faces = given("detector").faces
    made = swapped(Swap("MOUTH", "cut"), faces, 5, np.random.default_rng(0))
    assert made.shape == (5, SIZE, SIZE, 3)
    known = {face.tobytes() for face in faces.images}
    assert not any(face.tobytes() in known for face in made)


@pytest.mark.parametrize("no_face", ["fake", "whole"])
def test_without_a_face_it_says_what_it_was_told(no_face):
    class Nobody:
        def find(self, images):
            return [[] for _ in images]

    team = tiny_team(CONTENDER, options={"no_face": no_face})
    found = judge(pictures(1, size=64)[0], team, SIZE, Nobody())
    assert (found.verdict, found.faces) == (None, ())
    assert (found.score == 1) == ("sign of a fake" in found.note) == (no_face == "fake")


@pytest.mark.parametrize("lacking", ["landmarks", "people"])
def test_faces_that_cannot_be_swapped_are_refused(lacking):
    faces = given("detector").faces
    if lacking == "landmarks":
        faces = dataclasses.replace(faces, points=np.full((40, 5, 2), np.nan, np.float32))
    else:  # two people: one is held out, and the other alone cannot be swapped
        faces = Faces(faces.images, np.repeat([0, 1], 20), faces.points)
    with pytest.raises(ArenaError, match="face-parts needs"):
        tiny_team(CONTENDER).check(faces)
    tiny_team(CONTENDER, options={"own": 0.0}).check(faces)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"filters": []}, "there must be a filter"),
        ({"filters": ["CHIN_cut"]}, "'CHIN_cut' is no filter"),
        ({"filters": ["MOUTH"]}, "'MOUTH' is no filter"),
        ({"cascade": "vote"}, "cascade must be original, max or mean"),
        ({"thresholds": [0.9]}, "thresholds must be one for each filter"),
        ({"own": 1.5}, "own must be in"),
        ({"no_face": "real"}, "no_face must be whole or fake"),
    ],
)
def test_impossible_options(options, sentence):
    with pytest.raises(ArenaError, match=sentence):
        CONTENDER.options(options)
