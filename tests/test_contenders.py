"""What every contender owes the arena. A contender is tested by being registered."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from itertools import pairwise

import numpy as np
import pytest
import safetensors.numpy
import torch
from tiny import SIZE, equal_states, pictures, tiny_options, tiny_team

from arena import registry
from arena.snapshot import player, read_snapshot, to_bytes
from arena.types import Diverged

EVERYONE = [c for c in registry.contenders() if c.cls.__module__ != "scripted"]  # those are puppets of other tests
GENERATORS = [c for c in EVERYONE if c.role == "generator"]
DETECTORS = [c for c in EVERYONE if c.role == "detector"]
PRECISIONS = ["fp32", "bf16"]


def name_of(contender):
    return f"{contender.role}-{contender.name}"


everyone = pytest.mark.parametrize("contender", EVERYONE, ids=name_of)
generators = pytest.mark.parametrize("contender", GENERATORS, ids=name_of)
detectors = pytest.mark.parametrize("contender", DETECTORS, ids=name_of)
precisions = pytest.mark.parametrize("precision", PRECISIONS)


def material(role, number=1):
    """What a team of this role is given to train on in a round."""
    if role == "generator":
        return {"reals": pictures(40, seed=1), "opponent": None}
    fakes = 255 - pictures(40, seed=10 + number)
    return {"reals": pictures(40, seed=2), "gallery": fakes[:20], "reservoir": fakes[20:]}


def train(team, number=1, **changes):
    return team.train(number, **material(team.role, number) | changes)


def output(team):
    """What the referee gets to see of a team, as arrays."""
    if team.role == "generator":
        return [team.generate(5, 77)]
    answer = team.answer(pictures(9, seed=5))
    return [answer.scores, np.array(answer.threshold)]


def same(one, two):
    return all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_no_module_of_contenders_is_broken():
    assert registry.broken() == {}
    assert {c.role for c in EVERYONE} == {"generator", "detector"}


@everyone
def test_has_a_summary_of_one_line(contender):
    assert 20 <= len(contender.summary) <= 120
    assert contender.summary.endswith(".")


@everyone
def test_documents_every_option(contender):
    documented = set()
    for cls in contender.cls.Options.__mro__[:-1]:
        body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0].body
        for node, after in pairwise(body):
            if isinstance(node, ast.AnnAssign) and isinstance(getattr(after, "value", None), ast.Constant):
                documented.add(node.target.id)
    assert {f.name for f in dataclasses.fields(contender.cls.Options)} <= documented


@everyone
def test_options_cannot_change(contender):
    options = contender.options()
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(options, dataclasses.fields(options)[0].name, 1)


@everyone
@precisions
def test_output_has_the_agreed_form(contender, precision):
    team = tiny_team(contender, precision=precision)
    train(team)
    if contender.role == "generator":
        images = team.generate(5, 1)
        assert images.dtype == np.uint8
        assert images.shape == (5, SIZE, SIZE, 3)
        assert len({image.tobytes() for image in images}) == 5
    else:
        answer = team.answer(pictures(5))
        assert answer.scores.dtype == np.float64
        assert answer.scores.shape == (5,)
        assert np.all((answer.scores >= 0) & (answer.scores <= 1))
        assert len(set(answer.scores)) == 5
        assert type(answer.threshold) is float
        assert 0 < answer.threshold < np.inf


@everyone
@precisions
def test_every_parameter_gets_a_finite_gradient(contender, precision):
    team = tiny_team(contender, precision=precision)
    train(team)
    for network_name, network in team.networks().items():
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, f"{network_name}.{name}"
            assert torch.isfinite(parameter.grad).all(), f"{network_name}.{name}"
            assert parameter.grad.any(), f"{network_name}.{name}"


@everyone
@precisions
def test_state_and_restore_are_exact(contender, precision):
    team, fresh = (tiny_team(contender, precision=precision) for _ in range(2))
    train(team)
    state = safetensors.numpy.load(safetensors.numpy.save(team.state()))
    assert not equal_states(state, fresh.state())
    fresh.restore(state)
    assert equal_states(fresh.state(), state)
    assert same(output(fresh), output(team))


@everyone
def test_a_state_does_not_change_when_training_goes_on(contender):
    team = tiny_team(contender)
    train(team)
    state = team.state()
    kept = {name: array.copy() for name, array in state.items()}
    train(team, 2)
    assert equal_states(state, kept)


@everyone
@precisions
def test_resuming_equals_never_having_stopped(contender, precision):
    steadfast, stopped, resumed = (tiny_team(contender, precision=precision) for _ in range(3))
    train(steadfast, 1)
    output(steadfast)
    train(steadfast, 2)
    train(stopped, 1)
    resumed.restore(stopped.state())
    train(resumed, 2)
    assert equal_states(resumed.state(), steadfast.state())
    assert same(output(resumed), output(steadfast))


@everyone
def test_its_seed_alone_decides(contender):
    one, two, other = (tiny_team(contender, seed=seed) for seed in (5, 5, 6))
    for chaos, team in enumerate((one, two, other)):
        torch.manual_seed(chaos)
        np.random.seed(chaos)
        train(team)
    assert equal_states(one.state(), two.state())
    assert same(output(one), output(two))
    assert not same(output(one), output(other))


@everyone
def test_rounds_differ_in_what_they_draw(contender):
    one, two = tiny_team(contender), tiny_team(contender)
    same_material = material(contender.role)
    one.train(1, **same_material)
    two.train(2, **same_material)
    assert not equal_states(one.state(), two.state())


@everyone
def test_leaves_the_random_state_of_others_alone(contender):
    before = torch.get_rng_state()
    team = tiny_team(contender)
    train(team)
    output(team)
    assert torch.equal(torch.get_rng_state(), before)


@everyone
@precisions
def test_a_snapshot_file_plays_the_same(contender, precision, tmp_path):
    team = tiny_team(contender, precision=precision)
    train(team)
    snapshot = team.snapshot(7)
    path = tmp_path / "snapshot.safetensors"
    path.write_bytes(to_bytes(snapshot))
    read = read_snapshot(path)
    assert (read.role, read.contender, read.round, read.image_size) == (contender.role, contender.name, 7, SIZE)
    assert contender.options(read.options) == team.options
    assert same(output(player(read, precision=precision)), output(team))


@everyone
def test_a_snapshot_is_smaller_than_a_state(contender):
    team = tiny_team(contender)
    sizes = [sum(array.nbytes for array in arrays.values()) for arrays in (team.snapshot(0).weights, team.state())]
    assert sizes[0] < sizes[1]


@everyone
def test_reports_its_training(contender):
    team = tiny_team(contender)
    seen = []
    team.on_progress = seen.append
    first, second = train(team, 1), train(team, 2)
    options = tiny_options(contender)
    steps, batch = options["steps"], options["batch"]
    assert (first.steps, first.images, second.images) == (steps, steps * batch, 2 * steps * batch)
    assert first.losses
    assert all(np.isfinite(loss) for loss in first.losses.values())
    assert first.curve[-1].images == steps * batch
    assert first.learning_rate_scale == 1
    assert [(p.role, p.round, p.step, p.steps) for p in seen] == [(contender.role, r, steps, steps) for r in (1, 2)]


@everyone
def test_a_lower_learning_rate_changes_less(contender):
    start = tiny_team(contender).snapshot(0).weights
    moved = {}
    for scale in (1.0, 0.01):
        team = tiny_team(contender)
        assert train(team, learning_rate_scale=scale).learning_rate_scale == scale
        trained = dict(team.networks()[contender.role].named_parameters())
        weights = team.snapshot(1).weights
        moved[scale] = max(np.abs(weights[name] - start[name]).max() for name in trained)
    assert 0 < moved[0.01] < 0.1 * moved[1.0]


@everyone
def test_says_so_when_it_diverges(contender):
    with pytest.raises(Diverged, match=f"the {contender.role} diverged"):
        train(tiny_team(contender), learning_rate_scale=1e38)


@generators
@precisions
def test_whitebox_training_feels_the_opponent(contender, precision):
    opponent = tiny_team(registry.find("detector", "cnn"), seed=9, precision=precision)
    train(opponent)
    snapshot = opponent.snapshot(1)
    kept = {name: array.copy() for name, array in snapshot.weights.items()}
    teams = [tiny_team(contender, precision=precision) for _ in range(2)]
    blind, sighted = (train(t, opponent=o) for t, o in zip(teams, (None, snapshot), strict=True))
    assert set(sighted.losses) - set(blind.losses) == {"evasion"}
    assert not same(*map(output, teams))
    assert equal_states(snapshot.weights, kept)


@generators
def test_the_same_seed_makes_the_same_images(contender):
    team = tiny_team(contender)
    assert np.array_equal(team.generate(6, 1), team.generate(6, 1))
    assert not np.array_equal(team.generate(6, 1), team.generate(6, 2))


@detectors
def test_an_answer_depends_on_each_image_alone(contender):
    team = tiny_team(contender)
    train(team)
    paper, order = pictures(20, seed=4), np.random.default_rng(0).permutation(20)
    np.testing.assert_allclose(team.answer(paper[order]).scores, team.answer(paper).scores[order], atol=1e-6)


@detectors
def test_trains_without_a_reservoir(contender):
    team = tiny_team(contender)
    empty = np.empty((0, SIZE, SIZE, 3), np.uint8)
    assert train(team, reservoir=empty).steps == tiny_options(contender)["steps"]
