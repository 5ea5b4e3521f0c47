from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from tiny import SIZE, material, pictures, tiny_team

from arena import registry
from arena.detector import calibrated
from arena.detector import team as detector
from arena.detector.changes import CHANGES
from arena.detector.strangers import as_strangers
from arena.networks.training import as_pool, to_range
from arena.seeds import derive
from arena.types import ArenaError

CNN = registry.find("detector", "cnn")
EMPTY = np.empty((0, SIZE, SIZE, 3), np.uint8)


def flat(n, value):
    """`n` flat images of one grey level, so that a batch tells where it came from."""
    return np.full((n, SIZE, SIZE, 3), value, np.uint8)


def watched(team):
    """The batches that the network of a team is shown, as grey levels `[N]`."""
    seen = []
    team.network.register_forward_pre_hook(
        lambda module, inputs: seen.append(((inputs[0].float() + 1) * 127.5).mean((1, 2, 3)).round().int().tolist())
    )
    return seen


@pytest.mark.parametrize(("memory", "old"), [(0.5, 4), (0.25, 2), (0.0, 0), (0.99, 7)])
def test_a_batch_is_half_real_and_the_fakes_are_shared_with_the_past(memory, old):
    team = tiny_team(CNN, options={"batch": 16, "memory": memory, "augment": False, "level": False, "input": "rgb"})
    seen = watched(team)
    team._stepper(team._batches(*(as_pool(flat(9, value), "cpu") for value in (10, 100, 200))))()
    assert seen == [[10] * 8 + [100] * (8 - old) + [200] * old]


def test_without_a_reservoir_all_fakes_are_new():
    team = tiny_team(CNN, options={"batch": 16, "augment": False, "level": False, "input": "rgb"})
    seen = watched(team)
    team._stepper(team._batches(as_pool(flat(9, 10), "cpu"), as_pool(flat(9, 100), "cpu"), as_pool(EMPTY, "cpu")))()
    assert seen == [[10] * 8 + [100] * 8]


def test_reals_are_label_0_and_fakes_label_1():
    team = tiny_team(
        CNN, options={"augment": False, "level": False, "input": "rgb", "steps": 60, "learning_rate": 0.01}
    )
    reals, fakes = pictures(60), 255 - pictures(60, seed=1)
    team.train(1, material(reals, fakes))
    assert team.score(fakes).min() > 0.9
    assert team.score(reals).max() < 0.1


def test_the_loss_is_the_mean_binary_cross_entropy():
    team = tiny_team(CNN, options={"augment": False, "level": False, "input": "rgb", "dropout": 0.0})
    team.network.train()
    batch = torch.cat([to_range(as_pool(flat(4, value), "cpu")) for value in (10, 100)])
    fake = torch.sigmoid(team.network(batch)).detach()
    expected = -(torch.log(1 - fake[:4]).sum() + torch.log(fake[4:]).sum()) / 8
    step = team._stepper(
        team._batches(as_pool(flat(9, 10), "cpu"), as_pool(flat(9, 100), "cpu"), as_pool(EMPTY, "cpu"))
    )
    torch.testing.assert_close(step(), expected[None], rtol=1e-4, atol=1e-5)


def acting(monkeypatch, **options):
    """Which changes act on the batches of a training of three steps of `options`."""
    calls = []
    monkeypatch.setattr(detector, "change", lambda images, on: calls.append((len(images), *on)) or images)
    tiny_team(CNN, options=options).train(1, material(pictures(20), pictures(20)))
    return calls


def test_changes_are_options(monkeypatch):
    assert acting(monkeypatch, augment=False) == [(8,)] * 3
    everything = dict.fromkeys(CHANGES, True)
    assert acting(monkeypatch, **everything) == [(8, *CHANGES)] * 3
    for name in CHANGES:
        assert acting(monkeypatch, **everything | {name: False}) == [(8, *(n for n in CHANGES if n != name))] * 3


def test_every_change_is_an_option():
    assert set(CHANGES) <= {option.name for option in CNN.declared if option.type == "bool"}


def test_the_average_of_the_weights_is_an_option():
    teams = [tiny_team(CNN, options={"average": average}) for average in (0.0, 0.9)]
    for team in teams:
        team.train(1, material(pictures(20), 255 - pictures(20)))
    assert not np.array_equal(*(team.score(pictures(5)) for team in teams))
    trained = [team.trainables["detector"]._masters for team in teams]
    assert all(torch.equal(one, other) for one, other in zip(*trained, strict=True))


def people(team, n, each=1):
    """Split `n` faces, `each` of one person."""
    images = pictures(n)
    return team._split(material(images, identities=np.arange(n) // each).faces)


def test_validation_faces_are_never_trained_on():
    team = tiny_team(
        CNN, options={"validation": 0.25, "augment": False, "level": False, "input": "rgb", "steps": 40, "average": 0.0}
    )
    reals = np.concatenate([flat(1, value) for value in range(40)])
    held_out, trained_on = people(team, 40)
    assert (len(held_out), len(trained_on)) == (10, 30)
    assert sorted([*held_out, *trained_on]) == list(range(40))
    seen = watched(team)
    team.train(1, material(reals, flat(9, 200)))
    steps = [batch[:4] for batch in seen[:40]]
    assert {level for batch in steps for level in batch} == set(trained_on)
    assert seen[40] == list(held_out)
    assert len(seen) == 42  # the same faces as strangers' photos


def test_whole_people_are_held_out():
    held_out, trained_on = people(tiny_team(CNN, options={"validation": 0.2}), 60, each=4)
    assert len(held_out) == 12
    assert not {i // 4 for i in held_out} & {i // 4 for i in trained_on}


def test_the_split_is_the_teams_own_and_the_same_every_round():
    team, rival = tiny_team(CNN), tiny_team(CNN, seed=8)
    assert np.array_equal(people(team, 40)[0], people(team, 40)[0])
    assert not np.array_equal(people(team, 40)[0], people(rival, 40)[0])


@pytest.mark.parametrize(("n", "each"), [(100, 1), (40, 40)])
def test_too_few_held_out_faces_for_a_rate_is_an_error_that_says_how_many_are_needed(n, each):
    team = tiny_team(CNN, false_alarm_rate=0.05)
    sentence = "needs at least 19 real faces that Team B never trains on, but of its .* it holds out"
    with pytest.raises(ArenaError, match=sentence):
        team.check(material(pictures(n), identities=np.arange(n) // each).faces)
    team.check(material(pictures(130)).faces)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_the_thresholds_leave_strangers_the_rate_on_validation_faces_and_on_them_as_photos(rate):
    team = tiny_team(CNN, options={"validation": 0.475}, false_alarm_rate=rate)
    reals = pictures(40)
    team.train(1, material(reals, pictures(20, seed=1)))
    held_out, _ = people(team, 40)
    photos = as_strangers(reals[held_out], {}, derive(team.brief.seed, "strangers"))
    assert len(held_out) == 19
    assert np.sum(team.score(reals[held_out]) >= team.threshold) == rate * 20 - 1
    alarms = [np.sum(team.score(images) >= team.photo_threshold) for images in (reals[held_out], photos)]
    assert max(alarms) == rate * 20 - 1
    assert team.answer(reals).photo_threshold == team.photo_threshold


@pytest.mark.parametrize("worse", [0, 1])
def test_the_threshold_for_photos_is_the_higher_of_the_two(monkeypatch, worse):
    monkeypatch.setattr(calibrated, "as_strangers", lambda images, origin, seed: 255 - images)
    team = tiny_team(CNN, options={"validation": 0.475}, false_alarm_rate=0.5)
    held_out = flat(19, 0 if worse else 255)
    monkeypatch.setattr(team, "score", lambda images: images.mean((1, 2, 3)) / 255)
    team._calibrate(held_out)
    assert team.photo_threshold > 0.999
    assert team.threshold == pytest.approx(0.0 if worse else 1.0, abs=1e-6)


def test_a_snapshot_from_when_there_was_one_threshold_has_it_for_photos_too():
    team = tiny_team(CNN)
    old = dataclasses.replace(team.snapshot(1), extra={"threshold": 0.25})
    team.load(old)
    assert (team.threshold, team.photo_threshold) == (0.25, 0.25)


def test_a_network_may_see_images_of_another_size_than_the_match(monkeypatch):
    monkeypatch.setattr(CNN.cls, "input_size", 24)
    team = tiny_team(CNN)
    sizes = []
    team.network.register_forward_pre_hook(lambda module, inputs: sizes.append(tuple(inputs[0].shape[2:])))
    team.train(1, material(pictures(20), pictures(20)))
    team.score(pictures(5))
    critic = team.critic()
    images = torch.rand(2, 3, SIZE, SIZE, requires_grad=True)
    critic(images).sum().backward()
    assert set(sizes) == {(24, 24)}
    assert images.grad.shape == images.shape
    assert images.grad.any()


def test_levelled_images_tell_neither_brightness_nor_contrast():
    plain, level = (tiny_team(CNN, options={"level": level, "input": "rgb"})._fitted for level in (False, True))
    images = to_range(torch.from_numpy(pictures(12).copy()))
    dimmed = images * 0.6 - 0.3
    assert torch.equal(plain(images), images)
    torch.testing.assert_close(level(images), level(dimmed), atol=0.1, rtol=0.05)
    torch.testing.assert_close(level(images).mean((1, 2, 3)), torch.zeros(12), atol=1e-5, rtol=0)
    assert (level(images).std((1, 2, 3)) - 1).abs().max() < 0.1
    assert level(images * 1e-4).std() < 0.01  # no noise is brought up to what a face has
    trained = level(images)
    with torch.no_grad():
        torch.testing.assert_close(level(images), trained, atol=1e-5, rtol=1e-5)


def test_scores_are_sigmoids_of_logits():
    team = tiny_team(CNN, options={"level": False, "input": "rgb"})
    images = pictures(6)
    logits = team.network.eval()(to_range(as_pool(images, "cpu"))).detach().double().numpy()
    np.testing.assert_allclose(team.score(images), 1 / (1 + np.exp(-logits)))


def test_more_images_than_one_scoring_batch(monkeypatch):
    team = tiny_team(CNN)
    whole = team.score(pictures(7))
    monkeypatch.setattr(detector, "SCORING_BATCH", 3)
    np.testing.assert_allclose(team.score(pictures(7)), whole, atol=1e-6)


def test_scoring_does_not_train():
    team = tiny_team(CNN)
    team.train(1, material(pictures(20), pictures(20)))
    before = team.state()
    team.score(flat(30, 9))
    assert all(np.array_equal(before[name], array) for name, array in team.state().items())
