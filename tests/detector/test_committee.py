from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from tiny import brief, material, pictures, tiny_options, tiny_team

from arena import registry
from arena.detector.committee import _auroc
from arena.networks.training import as_pool, to_range
from arena.snapshot import from_bytes, player, to_bytes
from arena.types import ArenaError

COMMITTEE = registry.find("detector", "committee")
TWO = ("cnn", "spectrum")


def pair(**options):
    inner = {name: tiny_options(registry.find("detector", name)) for name in TWO}
    return tiny_team(COMMITTEE, options={"members": TWO, "inner": inner} | options)


def trained(team):
    team.train(1, material(pictures(40), 255 - pictures(40, seed=1)))
    return team


def test_who_it_is_by_default():
    options = COMMITTEE.options()
    assert options.members == ("patch", "activations")
    for name in options.members:
        assert options.inner[name] == dataclasses.asdict(registry.find("detector", name).options())


def test_its_score_is_the_weighted_mean_of_standardised_log_odds():
    team = trained(pair(weights=(3.0, 1.0)))
    paper, expected = pictures(6, seed=4), 0.0
    for i, (member, weight) in enumerate(zip(team.members.values(), (0.75, 0.25), strict=True)):
        scores = member.answer(paper).scores.clip(1e-9, 1 - 1e-9)
        odds = np.log(scores / (1 - scores))
        expected = expected + weight * (odds - team.rule["mean"][i]) / team.rule["spread"][i]
    np.testing.assert_allclose(team.score(paper), 1 / (1 + np.exp(-expected)))


def test_weights_and_scales_are_those_of_held_out_faces():
    team = pair()
    reals, fakes = np.array([[0.0, 5.0], [2.0, 5.0]]), np.array([[4.0, 5.0], [6.0, 5.0]])
    team._agree(reals, fakes)
    assert team.rule["mean"].tolist() == [3, 5]
    assert team.rule["spread"][0] == 1  # of the reals alone: who is sure of fakes may say so
    assert team.rule["weight"].tolist() == [1, 0]  # who tells nothing apart has no say
    team._agree(reals[:, ::-1] * 0, fakes * 0)
    assert team.rule["weight"].tolist() == [0.5, 0.5]  # unless nobody does


def test_members_hold_out_the_same_people_and_some_fakes_are_kept_from_them(monkeypatch):
    team = pair(validation=0.25)
    given = material(pictures(40), 255 - pictures(20, seed=1), 255 - pictures(20, seed=2))
    splits = [one._split(given.faces)[0].tolist() for one in (team, *team.members.values())]
    assert splits[0] == splits[1] == splits[2]
    shown, kept = team._kept(given, 1)
    assert [len(pool.images) for pool in shown.fakes] == [15, 15]
    assert len(kept) == 10
    seen = {image.tobytes() for pool in shown.fakes for image in pool.images}
    assert not seen & {image.tobytes() for image in kept}


def test_a_snapshot_is_made_of_its_members():
    team = trained(pair())
    snapshot = from_bytes(to_bytes(team.snapshot(2)), "a test")
    assert list(snapshot.parts) == list(TWO)
    alone = player(snapshot.parts["cnn"])
    paper = pictures(5, seed=3)
    np.testing.assert_array_equal(alone.answer(paper).scores, team.members["cnn"].answer(paper).scores)
    with pytest.raises(ArenaError, match="no part named 'cnn'"):
        COMMITTEE.team(brief(), {"members": ["cnn"]}).load(dataclasses.replace(snapshot, parts={}))


def test_the_others_speak_for_a_member_without_gradients(monkeypatch):
    team = trained(pair(weights=(1.0, 1.0)))
    images = to_range(as_pool(pictures(3, seed=4), "cpu"))
    monkeypatch.setattr(team.members["spectrum"], "critic", lambda: None)
    mean, spread = team.rule["mean"][0], team.rule["spread"][0]
    with torch.no_grad():
        torch.testing.assert_close(team.critic()(images), (team.members["cnn"].critic()(images) - mean) / spread)
    monkeypatch.setattr(team.members["cnn"], "critic", lambda: None)
    assert team.critic() is None
    assert team.heat_maps(pictures(1)) is None


def test_switches_and_validation_are_those_of_every_member_unless_it_is_told_otherwise():
    options = COMMITTEE.options({"members": TWO, "jpeg": False, "inner": {"cnn": {"validation": 0.3}}})
    assert [options.inner[name]["jpeg"] for name in TWO] == [False, False]
    assert [options.inner[name]["validation"] for name in TWO] == [0.3, 0.15]


def test_whether_to_shrink_is_a_members_own():
    inner = COMMITTEE.options().inner
    assert (inner["activations"]["shrink"], inner["patch"]["shrink"]) == (False, True)
    assert COMMITTEE.options({"shrink": True}).inner["activations"]["shrink"]  # unless the committee is asked to


def test_progress_runs_once_from_start_to_end():
    team, seen = pair(), []
    team.on_progress = lambda told: seen.append(told.step / told.steps)
    trained(team)
    assert seen == sorted(seen)
    assert seen[-1] == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"members": ()}, "one contender or more"),
        ({"members": ("cnn", "cnn")}, "each once"),
        ({"members": ("committee",)}, "no committee"),
        ({"members": ("nobody",)}, "no detector named 'nobody'"),
        ({"weights": (1.0,)}, "one for each member"),
        ({"weights": (-1.0, 2.0)}, "none negative"),
        ({"inner": {"cnn": {}}}, "cnn, who is no member"),
        ({"members": ("texture",), "inner": {"texture": {"penalty": 0.0}}}, "penalty a positive number"),
    ],
)
def test_impossible_options_are_refused(wrong, words):
    with pytest.raises(ArenaError, match=words):
        COMMITTEE.options(wrong)


def test_how_often_one_has_more():
    assert _auroc(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == pytest.approx((0.75 + 1) / 2)
