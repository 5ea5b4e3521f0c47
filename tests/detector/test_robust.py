"""The robust detector: whom it attacks when, how its learning rate falls, and that its defences act."""

import numpy as np
import pytest
import torch
from tiny import material, pictures, tiny_options, tiny_team

from arena import registry
from arena.detector import robust
from arena.networks.training import to_range
from arena.types import ArenaError

ROBUST = registry.find("detector", "robust")
REALS, FAKES = pictures(30, seed=2), 255 - pictures(30, seed=3)


def team_of(**options):
    return tiny_team(ROBUST, options=options)


def batch(n=8):
    labels = torch.cat([torch.zeros(n // 2), torch.ones(n // 2)])
    return to_range(torch.from_numpy(np.concatenate([REALS[: n // 2], FAKES[: n // 2]]))), labels


def who_attacks(monkeypatch, steps, **options):
    """The attack of each step of a round, '' for none."""
    team, calls = team_of(steps=steps, **options), []
    monkeypatch.setattr(team, "_attacked", lambda images, labels, attack: calls.append(attack) or images)
    found = []
    for step in range(steps):
        team.loss(*batch(), step)
        found.append("".join(calls))
        calls.clear()
    return found


def test_sixty_percent_of_the_batches_are_attacked_in_turn(monkeypatch):
    found = who_attacks(monkeypatch, 10)
    assert found == ["", "fgsm", "", "bim", "pgd", "", "fgsm", "", "bim", "pgd"]


@pytest.mark.parametrize(("attacked", "expected"), [(0.0, [""] * 4), (1.0, ["pgd"] * 4)])
def test_how_many_and_by_what_are_options(monkeypatch, attacked, expected):
    assert who_attacks(monkeypatch, 4, attacked=attacked, attacks=("pgd",)) == expected


@pytest.mark.parametrize("attack", ["fgsm", "bim", "pgd"])
def test_an_attack_raises_the_loss_within_its_bound_and_leaves_the_network_as_it_was(attack):
    team = team_of(eps=6, alpha=2, attack_steps=5, dropout=0.0)
    team.train(1, material(REALS, FAKES))
    team.begin_training(1.0)
    kept = {name: value.clone() for name, value in team.network.state_dict().items()}
    images, labels = batch()
    attacked = team._attacked(images, labels, attack)
    assert (attacked - images).abs().max() * 127.5 == pytest.approx(6, abs=1e-3)
    assert attacked.abs().max() <= 1
    assert team.network.training
    assert all(p.requires_grad for p in team.network.parameters())
    assert all(torch.equal(value, kept[name]) for name, value in team.network.state_dict().items())
    team.network.eval()
    clean, worse = (super(robust.Robust, team).loss(these, labels, 0) for these in (images, attacked))
    assert worse > clean


def test_the_learning_rate_falls_with_the_images_seen():
    team = team_of(decay=0.5, batch=100)
    assert [team.pace(step) for step in (0, 90, 180)] == pytest.approx([1, 0.5, 0.25])
    team.images = 9000
    assert team.pace(0) == pytest.approx(0.5)


def test_the_resize_defence_takes_what_is_finer_than_three_pixels():
    stripes = to_range(torch.from_numpy(np.tile(np.uint8([0, 255]), (2, 48, 24))[..., None].repeat(3, 3)))
    assert robust.shrunk(stripes).abs().max() < 0.12
    assert torch.allclose(robust.shrunk(torch.full((1, 3, 48, 48), 0.3)), torch.tensor(0.3))


@pytest.mark.parametrize("defence", ["resize_defence", "jpeg_defence"])
def test_a_defence_acts_on_what_is_scored_and_attacked_and_lets_gradients_through(defence):
    plain, defended = team_of(), team_of(**{defence: True})
    images, _ = batch()
    grainy = (images + 0.2 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)
    seen = [team._fitted(grainy) for team in (plain, defended)]
    assert (seen[0] - seen[1]).abs().mean() > 0.05
    scores = [team.score(FAKES) for team in (plain, defended)]
    assert not np.array_equal(*scores)
    leaf = grainy.requires_grad_()
    (gradient,) = torch.autograd.grad(defended.critic()(leaf).sum(), leaf)
    assert gradient.any()


def test_defending_draws_nothing():
    before = torch.get_rng_state()
    team = team_of(jpeg_defence=True, resize_defence=True)
    assert np.array_equal(team.score(FAKES), team.score(FAKES))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_it_resumes_with_either_optimiser(optimiser):
    steadfast, stopped, resumed = (team_of(optimiser=optimiser) for _ in range(3))
    for number in (1, 2):
        steadfast.train(number, material(REALS, FAKES))
    stopped.train(1, material(REALS, FAKES))
    resumed.restore(stopped.state())
    resumed.train(2, material(REALS, FAKES))
    assert np.array_equal(resumed.score(FAKES), steadfast.score(FAKES))


def test_images_that_are_too_small_for_the_network_are_refused_before_the_match():
    team = team_of(backbone="inception_resnet_v2")
    with pytest.raises(ArenaError, match=r"inception_resnet_v2 cannot take images of 16 pixels; raise .*input_side"):
        team.check(material(REALS).faces)
    team_of(input_side=32).check(material(REALS).faces)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"attacks": ("cw",)}, "attacks must be some of"),
        ({"attacks": ()}, "attacks must be some of"),
        ({"attacked": 1.5}, "attacked must be"),
        ({"eps": -1}, "eps and alpha"),
        ({"optimiser": "lion"}, "adam or sgd"),
        ({"input_side": -1}, "input_side"),
    ],
)
def test_impossible_options_are_refused(options, complaint):
    with pytest.raises(ArenaError, match=complaint):
        ROBUST.options(tiny_options(ROBUST, **options))
