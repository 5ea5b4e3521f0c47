from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from tiny import brief, material, pictures, tiny_team

from arena import registry
from arena.detector import knowledge as module
from arena.faces.crop.finder import Finder
from arena.networks.training import as_pool, to_range
from arena.snapshot import player
from arena.types import ArenaError

pytest.importorskip("facenet_pytorch", reason="onet asks a network of facenet-pytorch")
ONET = registry.find("detector", "onet")


@pytest.mark.parametrize("size", [16, 48, 64])
def test_its_numbers_are_what_onet_knows(size):
    faces = pictures(3, size=size)
    numbers = tiny_team(ONET).measure(to_range(as_pool(faces, "cpu")))
    np.testing.assert_allclose(numbers.numpy(), Finder("cpu").features(faces), atol=1e-4)


def test_its_opinion_has_gradients_and_the_finder_none():
    team = tiny_team(ONET)
    images = to_range(as_pool(pictures(2), "cpu")).requires_grad_()
    team.measure(images).sum().backward()
    assert images.grad.abs().max() > 0
    assert not any(one.requires_grad for one in module.knowledge("onet", "cpu").parameters())


def test_what_it_took_is_on_record():
    found = ONET.cls.fetch(ONET.options())
    assert list(found) == ["weights of ONet"]
    assert len(found["weights of ONet"]) == 64


def test_without_the_package_it_says_what_is_missing(monkeypatch):
    team = tiny_team(ONET)
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    module.knowledge.cache_clear()
    module._digest.cache_clear()
    for asked in (lambda: ONET.cls.fetch(ONET.options()), lambda: team.train(1, material(pictures(40), pictures(20)))):
        with pytest.raises(ArenaError, match="facenet-pytorch, which is not installed"):
            asked()


def test_before_it_has_trained_it_knows_nothing():
    team = ONET.team(brief())
    assert torch.tensor(team.score(pictures(4))).tolist() == [0.5] * 4


def trained():
    team = tiny_team(ONET)
    team.train(1, material(pictures(40), 255 - pictures(20)))
    return team.snapshot(1)


def test_a_snapshot_is_not_played_with_other_weights(monkeypatch):
    snapshot = trained()
    player(snapshot)
    monkeypatch.setattr(module, "_digest", lambda name: bytes(32))
    with pytest.raises(ArenaError, match="this onet has learned from other weights of ONet than facenet-pytorch has"):
        player(snapshot)


def test_a_snapshot_of_before_weights_were_noted_plays():
    snapshot = trained()
    old = dataclasses.replace(snapshot, weights={n: v for n, v in snapshot.weights.items() if n != "asked"})
    paper = pictures(4, seed=9)
    assert player(old).score(paper).tolist() == player(snapshot).score(paper).tolist()
