"""What all regressions on numbers share, shown with the spectrum."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny import brief, material, pictures, tiny_team

from arena import registry
from arena.detector import changes, logistic
from arena.detector.changes import CHANGES
from arena.networks.training import as_pool, to_images, to_range
from arena.types import ArenaError

SPECTRUM = registry.find("detector", "spectrum")
PLAIN = {"samples": 200, "augment": False}


def noisy(images, seed=0):
    noise = np.random.default_rng(seed).normal(0, 12, images.shape)
    return np.clip(images + noise, 0, 255).round().astype(np.uint8)


def test_tells_noise_in_faces_it_never_saw():
    team = tiny_team(SPECTRUM, options=PLAIN)
    team.train(1, material(pictures(80), noisy(pictures(80, seed=1))))
    reals, fakes = team.score(pictures(30, seed=2)), team.score(noisy(pictures(30, seed=3), 1))
    assert reals.max() < 0.5 < fakes.min()


def test_before_it_has_trained_it_does_not_know():
    assert tiny_team(SPECTRUM).score(pictures(3)).tolist() == [0.5] * 3


def test_a_higher_penalty_makes_smaller_weights():
    sizes = []
    for penalty in (0.1, 100.0):
        team = tiny_team(SPECTRUM, options=PLAIN | {"penalty": penalty})
        team.train(1, material(pictures(80), noisy(pictures(80, seed=1))))
        sizes.append(np.abs(team.model["weight"]).sum())
    assert sizes[0] > 3 * sizes[1]


@pytest.mark.parametrize(("memory", "old"), [(0.5, 10), (0.25, 5), (0.0, 0)])
def test_half_is_real_and_the_fakes_are_shared_with_the_past(memory, old):
    team = tiny_team(SPECTRUM, options={"samples": 40, "memory": memory})
    grey = [np.full((9, 16, 16, 3), level, np.uint8) for level in (10, 100, 200)]
    images, labels = team._drawn(*grey)
    levels = images[:, 0, 0, 0]
    assert [int((levels == level).sum()) for level in (10, 100, 200)] == [20, 20 - old, old]
    assert np.array_equal(labels, levels != 10)
    assert len(set(labels[:20])) == 2  # shuffled: the changes of a batch act on both kinds


def test_the_same_changes_act_on_both_kinds(monkeypatch):
    calls = []
    monkeypatch.setattr(logistic, "change", lambda images, on: calls.append(list(on)) or images)
    team = tiny_team(SPECTRUM, options={"jpeg": False, "shrink": True})
    team.train(1, material(pictures(30), pictures(30, seed=1)))
    assert calls == [[name for name in CHANGES if name != "jpeg"]]


def test_the_threshold_is_that_of_people_it_never_trained_on():
    team = tiny_team(SPECTRUM, options=PLAIN | {"validation": 0.475})
    reals = pictures(40)
    given = material(reals, noisy(pictures(40, seed=1)))
    team.train(1, given)
    held_out, trained_on = team._split(given.faces)
    assert not set(held_out) & set(trained_on)
    assert (team.score(reals[held_out]) >= team.threshold).mean() <= team.brief.false_alarm_rate


def test_a_critic_follows_the_scores_through_all_its_numbers():
    team = tiny_team(SPECTRUM, options=PLAIN)
    team.train(1, material(pictures(80), noisy(pictures(80, seed=1))))
    images = to_range(as_pool(noisy(pictures(1, seed=4)), "cpu")).requires_grad_()
    (slope,) = torch.autograd.grad(team.critic()(images).sum(), images)
    step = 1e-2 * slope / slope.norm()
    with torch.no_grad():
        moved = (team._logits(images + step) - team._logits(images - step)).item() / 2
    assert moved == pytest.approx(1e-2 * slope.norm().item(), rel=0.05)


@pytest.mark.parametrize("wrong", [{"samples": 2}, {"penalty": 0.0}, {"validation": 1.0}])
def test_impossible_options_are_refused(wrong):
    with pytest.raises(ArenaError, match=next(iter(wrong))):
        SPECTRUM.options(wrong)


def test_weights_of_another_contender_are_refused():
    snapshot = tiny_team(registry.find("detector", "cnn")).snapshot(1)
    with pytest.raises(ArenaError, match="belong to another contender"):
        SPECTRUM.team(brief()).load(snapshot)


def test_who_is_steady_is_deaf_to_what_framing_changes():
    """Fakes are drawn smoother here, and an enlarged face is smoother: the plain one takes that for a sign."""
    reals = noisy(pictures(120, size=32))
    fakes = noisy(pictures(120, seed=1, size=32) // 2 + 64)
    moved = changes.moved(to_range(as_pool(noisy(pictures(60, seed=2, size=32)), "cpu")).contiguous(), 1.2)
    plain, enlarged = noisy(pictures(60, seed=2, size=32)), to_images(moved)
    apart = {}
    for steady in (False, True):
        team = SPECTRUM.team(brief(image_size=32), PLAIN | {"steady": steady})
        team.train(1, material(reals, fakes))
        told = [team._logits(to_range(as_pool(images, "cpu"))).numpy() for images in (plain, enlarged)]
        apart[steady] = abs(told[1].mean() - told[0].mean()) / told[0].std()
        assert team.score(noisy(pictures(30, seed=4, size=32) // 2 + 64)).mean() > team.score(plain).mean()
    assert 3 * apart[True] < apart[False]
