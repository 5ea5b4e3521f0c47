"""A last layer that is fitted anew after a round, deaf to framing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny import brief, material, pictures, tiny_team

from arena import registry
from arena.detector.changes import moved
from arena.detector.last_layer import MOST, features
from arena.networks.training import as_pool, to_images, to_range
from arena.referee.metrics import auroc

FILTERS = {"filters": ("MOUTH_blur", "EYES_cut"), "cascade": "max", "own": 0.0}
SMALL = {"width": 8, "steps": 40, "batch": 16}
STEADY = (("cnn", {}), ("resnet-ensemble", {"models": 1, **SMALL}), ("face-parts", {**FILTERS, **SMALL}))


def pixels(images):
    return to_range(as_pool(images, "cpu")).contiguous()


def noisy(images, seed=0):
    noise = np.random.default_rng(seed).normal(0, 12, images.shape)
    return np.clip(images + noise, 0, 255).round().astype(np.uint8)


def area(team, reals, others):
    """AUROC of others against reals, as if they were fakes."""
    scores = [team.score(images) for images in (reals, others)]
    return auroc(np.repeat([0, 1], [len(one) for one in scores]).astype(np.int8), np.concatenate(scores))


@pytest.mark.parametrize("name", ["cnn", "residual", "patch"])
def test_what_a_last_layer_sees_makes_the_answer(name):
    team = tiny_team(registry.find("detector", name), image_size=32)
    network = team.trainables["detector"].settle()
    seen = team._fitted(pixels(pictures(5, size=32)))
    with torch.no_grad():
        found = features(network, seen)
        (layer,) = (dict(network.named_modules())[name] for name in found)
        told = next(iter(found.values())) @ layer.weight[0] + layer.bias
        torch.testing.assert_close(told, network(seen).float(), rtol=1e-4, atol=1e-5)
    assert not any(module._forward_pre_hooks for module in network.modules())


@pytest.mark.parametrize(("name", "special"), STEADY)
def test_who_is_steady_is_deaf_to_what_framing_changes(name, special):
    """Fakes are smooth here, and an enlarged face is smoother: the plain one takes that for a sign."""
    contender = registry.find("detector", name)
    reals, faces = noisy(pictures(60, size=32)), noisy(pictures(60, seed=2, size=32))
    fakes = pictures(60, seed=1, size=32)
    enlarged = to_images(moved(pixels(faces), 1.2))
    told = {}
    for steady in (False, True):
        options = {"width": 8, "steps": 60, "augment": False, "steady": steady, **special}
        team = contender.team(brief(image_size=32), options)
        team.train(1, material(reals, fakes))
        assert area(team, faces, pictures(50, seed=3, size=32)) > 0.95
        told[steady] = abs(area(team, faces, enlarged) - 0.5)
    assert 2 * told[True] < told[False]


def test_every_model_of_an_ensemble_has_its_last_layer_fitted():
    contender = registry.find("detector", "resnet-ensemble")
    teams = [
        contender.team(brief(image_size=64), {"width": 4, "steps": 2, "steady": steady}) for steady in (False, True)
    ]
    for team in teams:
        team.train(1, material(pictures(40, size=64), pictures(40, seed=1, size=64)))
    plain, steady = (team.snapshot(1).weights for team in teams)
    changed = {name for name in plain if not np.array_equal(plain[name], steady[name])}
    last = {f"detector/models.64.{i}.{len(teams[0].network.models['64'][0]) - 1}" for i in range(3)}
    assert changed == {f"{layer}.{which}" for layer in last for which in ("weight", "bias")}


def test_each_filter_learns_from_its_own_batch():
    team = tiny_team(registry.find("detector", "face-parts"), options=FILTERS)
    network = team.trainables["detector"].settle()
    first, second = (pixels(pictures(4, seed=seed)) for seed in (1, 2))
    labels = torch.tensor([0.0, 0.0, 1.0, 1.0])
    found = team.lessons(network, torch.cat([first, second]), torch.cat([labels, 1 - labels]))
    assert list(found) == list(features(network, team._fitted(first)))
    for images, truth, name in zip((first, second), (labels, 1 - labels), found, strict=True):
        seen, learned = found[name]
        torch.testing.assert_close(seen, features(network, team._fitted(images))[name])
        assert torch.equal(learned, truth)


def test_what_is_fitted_plays_and_trains_on():
    team = tiny_team(registry.find("detector", "cnn"), options={"steady": True, "average": 0.9})
    team.train(1, material(pictures(40), pictures(40, seed=1)))
    name = f"{len(team.network) - 1}.weight"
    state, plays = team.trainables["detector"].state(), team.snapshot(1).weights[f"detector/{name}"]
    np.testing.assert_array_equal(state[name], plays)
    np.testing.assert_array_equal(state[f"average/{name}"], plays)


@pytest.mark.parametrize(("steps", "images"), [(3, 3 * 8), (1000, MOST)])
def test_it_is_fitted_to_as_many_images_as_a_round_has_seen_and_not_to_more(steps, images):
    team = tiny_team(registry.find("detector", "cnn"), options={"steady": True, "steps": steps})
    asked = []

    def batch(step):
        asked.append(step)
        return pixels(pictures(8)), torch.tensor([0.0] * 4 + [1.0] * 4)

    team.conclude(batch, as_pool(pictures(20), "cpu"))
    assert asked == [steps] * (images // 8)


def test_who_was_stored_without_the_option_is_not():
    contender = registry.find("detector", "resnet-ensemble")
    assert contender.options({}).steady
    assert not contender.options(contender.as_stored({"width": 8})).steady


def test_people_kept_for_validation_are_no_part_of_it(monkeypatch):
    team = tiny_team(registry.find("detector", "cnn"), options={"validation": 0.25})
    given = material(pictures(40), pictures(20, seed=1))
    seen = []
    monkeypatch.setattr(team, "conclude", lambda batch, reals: seen.append(reals.numpy()))
    team.train(1, given)
    np.testing.assert_array_equal(seen[0], given.faces.images[team._split(given.faces)[1]])
