"""What every contender owes the arena, with or without networks. A contender is tested by being registered."""

from __future__ import annotations

import dataclasses
import inspect
import re

import numpy as np
import pytest
import safetensors.numpy
import torch
from contract import BUILT_IN, DETECTORS, EVERYONE, GENERATORS, each, given, in_each_precision, output, same, train
from tiny import SIZE, equal_states, pictures, tiny_options, tiny_team

from arena import registry
from arena.declarations import declarations
from arena.referee.verdict import check_sources
from arena.snapshot import player, read_snapshot, to_bytes
from arena.types import ArenaError, Brief

pytestmark = pytest.mark.long

LEARNS_FROM_ANSWERS = ("face-swap",)
"""Generators that ask an opponent what it thinks and need no gradients."""


def test_no_module_of_contenders_is_broken():
    assert registry.broken() == {}
    assert {c.role for c in BUILT_IN} == {"generator", "detector"}


@each(EVERYONE)
def test_has_a_summary_of_one_line(contender):
    assert 12 <= len(contender.summary) <= 120
    assert contender.summary.endswith(".")


@each(BUILT_IN)
def test_documents_every_option(contender):
    assert [option.name for option in contender.declared] == [f.name for f in dataclasses.fields(contender.cls.Options)]
    assert all(option.help for option in contender.declared)


@each(BUILT_IN)
def test_its_source_says_what_its_class_is(contender):
    (read,) = [d for d in declarations(contender.module) if (d.role, d.name) == (contender.role, contender.name)]
    real = {f.name: f.default for f in dataclasses.fields(contender.cls.Options)}
    assert {option.name: option.default for option in read.options} == real
    assert (read.summary, read.cls) == (contender.summary, contender.cls.__name__)


@each(EVERYONE)
def test_what_differs_in_a_training_alone_are_options_of_it(contender):
    assert dataclasses.asdict(contender.options(contender.alone)).items() >= contender.alone.items()


@each(EVERYONE)
def test_options_cannot_change(contender):
    options = contender.options()
    for field in dataclasses.fields(options):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(options, field.name, 1)


@in_each_precision(EVERYONE)
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
        assert type(answer.threshold) is float
        assert 0 < answer.threshold < np.inf


@in_each_precision(EVERYONE)
def test_state_and_restore_are_exact(contender, precision):
    team, fresh = (tiny_team(contender, precision=precision) for _ in range(2))
    train(team)
    state = safetensors.numpy.load(safetensors.numpy.save(team.state()))
    assert not equal_states(state, fresh.state())
    fresh.restore(state)
    assert equal_states(fresh.state(), state)
    assert same(output(fresh), output(team))


@each(EVERYONE)
def test_a_state_does_not_change_when_training_goes_on(contender):
    team = tiny_team(contender)
    train(team)
    state = team.state()
    kept = {name: array.copy() for name, array in state.items()}
    train(team, 2)
    assert equal_states(state, kept)


@in_each_precision(EVERYONE)
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


@each(EVERYONE)
def test_nothing_but_its_seed_decides(contender):
    one, two = (tiny_team(contender, seed=5) for _ in range(2))
    for chaos, team in enumerate((one, two)):
        torch.manual_seed(chaos)
        np.random.seed(chaos)
        train(team)
    assert equal_states(one.state(), two.state())
    assert same(output(one), output(two))


@each(EVERYONE)
def test_leaves_the_random_state_of_others_alone(contender):
    before, numpys = torch.get_rng_state(), np.random.get_state()[1].copy()
    team = tiny_team(contender)
    train(team)
    output(team)
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], numpys)


@in_each_precision(EVERYONE)
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


@each(EVERYONE)
def test_reports_its_training(contender):
    team = tiny_team(contender)
    seen = []
    team.on_progress = seen.append
    first, second = train(team, 1), train(team, 2)
    assert first.steps >= 1 or not first.losses  # one that has nothing to train says so
    assert second.images >= first.images
    assert all(np.isfinite(loss) for loss in first.losses.values())
    assert (first.learning_rate_scale, first.knowledge) == (1, "none")
    assert {(p.role, p.round) for p in seen} <= {(contender.role, 1), (contender.role, 2)}


@each(EVERYONE)
def test_training_changes_none_of_its_material(contender):
    material = given(contender.role)
    arrays = [material.faces.images, material.faces.identities, material.faces.points]
    arrays += [pool.images for pool in material.fakes]
    kept = [array.copy() for array in arrays]
    train(tiny_team(contender), material=material)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, kept, strict=True))


@each(EVERYONE)
def test_what_it_must_fetch_is_known_by_its_hash(contender):
    fetched = contender.cls.fetch(contender.options(tiny_options(contender)))
    assert all(len(digest) == 64 and int(digest, 16) >= 0 for digest in fetched.values())


@each(EVERYONE)
def test_declares_what_it_can_do(contender):
    """A capability is a member of the contract, overridden with the same parameters; nothing is found by its name."""
    contract = contender.cls.__mro__[-4]  # Generator or Detector, before Team, Protocol's Generic and object
    members = (
        "fetch",
        "check",
        "critic",
        "heat_maps",
        "answer",
        "generate",
        "examine",
        "train",
        "state",
        "restore",
        "load",
    )
    for name in members:
        if hasattr(contract, name):
            ours, theirs = (inspect.signature(getattr(cls, name)) for cls in (contender.cls, contract))
            assert list(ours.parameters) == list(theirs.parameters), name


@each(GENERATORS)
def test_a_walk_between_its_faces_can_be_shown_again_and_again(contender):
    team = tiny_team(contender)
    film = team.interpolate(3, 7, 4)
    if film is None:
        return
    assert (film.dtype, film.shape) == (np.uint8, (12, SIZE, SIZE, 3))
    assert np.array_equal(film, team.interpolate(3, 7, 4))


@each(GENERATORS)
def test_the_same_seed_makes_the_same_images(contender):
    team = tiny_team(contender)
    assert np.array_equal(team.generate(6, 1), team.generate(6, 1))
    assert not np.array_equal(team.generate(6, 1), team.generate(6, 2))


@each(GENERATORS)
def test_sources_are_those_of_the_same_fakes(contender):
    team = tiny_team(contender)
    train(team)
    assert list(inspect.signature(team.sources).parameters) == ["n", "seed"]
    told, again = team.sources(6, 1), team.sources(6, 1)
    if told is None:
        return
    check_sources(told, 6, SIZE)
    assert told.images
    assert (told.images.keys(), told.words) == (again.images.keys(), again.words)
    assert all(np.array_equal(told.images[name], again.images[name]) for name in told.images)
    if "target" in told.images:
        untouched = told.images["mask"] == 0
        assert np.array_equal(team.generate(6, 1)[untouched], told.images["target"][untouched])


@each(GENERATORS)
def test_plays_against_an_opponent_without_gradients(contender):
    reader = registry.find("detector", "stamp-reader").team(Brief(SIZE, seed=0))
    material = dataclasses.replace(given("generator"), opponents=(reader.snapshot(1),))
    report = train(tiny_team(contender), material=material)
    assert report.knowledge == ("whitebox" if contender.name in LEARNS_FROM_ANSWERS else "none")


@each([one for one in DETECTORS if one in BUILT_IN])
def test_what_is_no_image_of_its_size_is_refused_in_one_sentence(contender):
    team = tiny_team(contender)
    paper = pictures(2)
    wrong = {"uint8": paper.astype(np.float32), "[N, H, W, 3]": paper[0], "NumPy": paper.tolist()}
    for word, images in {**wrong, f"{SIZE} x {SIZE} pixels, not {SIZE} x 8": paper[:, :8]}.items():
        with pytest.raises(ArenaError, match=re.escape(word)) as refused:
            team.answer(images)
        assert "\n" not in str(refused.value)


@each(DETECTORS)
def test_an_answer_depends_on_each_image_alone(contender):
    team = tiny_team(contender)
    train(team)
    paper, order = pictures(20, seed=4), np.random.default_rng(0).permutation(20)
    np.testing.assert_allclose(team.answer(paper[order]).scores, team.answer(paper).scores[order], atol=1e-6)


@each(DETECTORS)
def test_trains_without_older_fakes(contender):
    material = given("detector")
    assert train(tiny_team(contender), material=dataclasses.replace(material, fakes=material.fakes[:1])).steps >= 1


@in_each_precision(DETECTORS)
def test_a_critic_gives_logits_of_its_scores_and_gradients(contender, precision):
    team = tiny_team(contender, precision=precision)
    train(team)
    critic = player(team.snapshot(1), precision=precision).critic()
    if critic is None:
        return
    paper = pictures(4, seed=5)
    images = torch.from_numpy(paper).permute(0, 3, 1, 2).float().div(127.5).sub(1).requires_grad_()
    logits = critic(images)
    assert logits.shape == (4,)
    assert logits.dtype == torch.float32
    np.testing.assert_allclose(torch.sigmoid(logits).detach().numpy(), team.answer(paper).scores, atol=1e-2)
    (gradient,) = torch.autograd.grad(logits.sum(), images)
    assert torch.isfinite(gradient).all()
    assert gradient.any()


@each(DETECTORS)
def test_heat_is_of_the_images_size(contender):
    team = tiny_team(contender)
    train(team)
    heat = team.heat_maps(pictures(2))
    if heat is not None:
        assert (heat.shape, heat.dtype) == ((2, SIZE, SIZE), np.float32)
        assert heat.min() >= 0
        assert heat.max() <= 1
