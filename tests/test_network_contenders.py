"""What a contender made of networks owes the arena besides."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from contract import GENERATORS, NETWORKS, each, given, in_each_precision, output, same, train
from tiny import equal_states, tiny_options, tiny_team

from arena import registry
from arena.snapshot import player
from arena.types import Diverged


@in_each_precision(NETWORKS)
def test_every_parameter_gets_a_finite_gradient(contender, precision):
    team = tiny_team(contender, precision=precision)
    train(team)
    for network_name, network in team.networks().items():
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, f"{network_name}.{name}"
            assert torch.isfinite(parameter.grad).all(), f"{network_name}.{name}"
            assert parameter.grad.any(), f"{network_name}.{name}"


@each(NETWORKS)
def test_another_seed_is_another_team(contender):
    one, other = (tiny_team(contender, seed=seed) for seed in (5, 6))
    for team in (one, other):
        train(team)
    assert not same(output(one), output(other))


@each(NETWORKS)
def test_rounds_differ_in_what_they_draw(contender):
    one, two = tiny_team(contender), tiny_team(contender)
    same_material = given(contender.role)
    one.train(1, same_material)
    two.train(2, same_material)
    assert not equal_states(one.state(), two.state())


@each(NETWORKS)
def test_a_snapshot_is_smaller_than_a_state(contender):
    team = tiny_team(contender)
    sizes = [sum(array.nbytes for array in arrays.values()) for arrays in (team.snapshot(0).weights, team.state())]
    assert sizes[0] < sizes[1]


@each(NETWORKS)
def test_a_player_has_no_optimiser_and_no_second_copy(contender):
    team = tiny_team(contender)
    playing = player(team.snapshot(1))
    for trainable in playing.trainables.values():
        assert not any(p.requires_grad for p in trainable.network.parameters())
        tensors = [
            v for v in vars(trainable).values() if isinstance(v, (list, dict)) and v and v is not trainable._names
        ]
        assert tensors == []
    assert equal_states(playing.snapshot(1).weights, team.snapshot(1).weights)


@each(NETWORKS)
def test_reports_every_step(contender):
    team = tiny_team(contender)
    seen = []
    team.on_progress = seen.append
    first, second = train(team, 1), train(team, 2)
    options = tiny_options(contender)
    steps, batch = options["steps"], options["batch"]
    assert (first.steps, first.images, second.images) == (steps, steps * batch, 2 * steps * batch)
    assert first.losses
    assert first.curve[-1].images == steps * batch
    assert [(p.role, p.round, p.step, p.steps) for p in seen] == [(contender.role, r, steps, steps) for r in (1, 2)]


@each(NETWORKS)
def test_a_lower_learning_rate_changes_less(contender):
    start = tiny_team(contender).snapshot(0).weights
    moved = {}
    for scale in (1.0, 0.01):
        team = tiny_team(contender, options={"steady": False})  # a last layer that is fitted moves as far as it has to
        assert train(team, learning_rate_scale=scale).learning_rate_scale == scale
        weights = team.snapshot(1).weights
        trained = [f"{n}/{name}" for n, network in team.networks().items() for name, _ in network.named_parameters()]
        moved[scale] = max(
            np.abs(weights[name] - start[name]).max() for name in trained if name in weights and name in start
        )
    assert 0 < moved[0.01] < 0.1 * moved[1.0]


@each(NETWORKS)
def test_says_so_when_it_diverges(contender):
    with pytest.raises(Diverged, match=f"the {contender.role} diverged"):
        train(tiny_team(contender), learning_rate_scale=1e38)


@in_each_precision([c for c in GENERATORS if c in NETWORKS])
def test_whitebox_training_feels_the_opponent(contender, precision):
    opponent = tiny_team(registry.find("detector", "cnn"), seed=9, precision=precision)
    train(opponent)
    snapshot = opponent.snapshot(1)
    kept = {name: array.copy() for name, array in snapshot.weights.items()}
    teams = [tiny_team(contender, precision=precision) for _ in range(2)]
    sees = dataclasses.replace(given("generator"), opponents=(snapshot,))
    blind, sighted = (train(t, material=m) for t, m in zip(teams, (given("generator"), sees), strict=True))
    assert set(sighted.losses) - set(blind.losses) == {"evasion"}
    assert (blind.knowledge, sighted.knowledge, sighted.why) == ("none", "whitebox", "")
    assert not same(*map(output, teams))
    assert equal_states(snapshot.weights, kept)
