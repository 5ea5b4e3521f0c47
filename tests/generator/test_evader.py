from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from matches import outcome, played, reopened, start, tiny
from tiny import OPTIONS, SIZE, brief, equal_states, fakes_on_disk, material, pictures, tiny_options, tiny_team

from arena import registry
from arena.faces.parts.shapes import usual_points
from arena.play import match
from arena.play.config import WrongSetting
from arena.play.options import described
from arena.play.verify import replay
from arena.snapshot import from_bytes, player, read_snapshot, to_bytes
from arena.types import ArenaError

EVADER, CNN = registry.find("generator", "evader"), registry.find("detector", "cnn")
DCGAN = registry.find("generator", "dcgan")
WAY = {"format": "JPEG", "quality": 70, "sampling": "4:2:0", "side": SIZE, "share": 1.0}
CODED = {"coded": True, "coding": {"files": 1, "ways": [WAY]}}


@pytest.fixture(scope="module")
def opponent():
    """A detector that has learned to tell the fakes on disk from others."""
    detector = tiny_team(CNN, options={"steps": 30, "learning_rate": 0.01})
    detector.train(1, material(pictures(40, seed=2), 255 - pictures(40, seed=4)))
    return detector.snapshot(1)


def evading(opponent, options=None, round=1, **changes):
    """An evader that has trained against the opponent for a round."""
    team = tiny_team(EVADER, options=options, **changes)
    team.train(round, material(pictures(40, seed=1), None, None, *([opponent] if opponent else [])))
    return team


def evading_with_pictures(opponent, options=None, **changes):
    """The same with the fakes on disk, which have more for a detector to see than those of a tiny DCGAN."""
    inner = {"contender": "folder", "inner": {"path": str(fakes_on_disk())}}
    return evading(opponent, {"steps": 10} | inner | (options or {}), **changes)


def moved(team, n=20, seed=5):
    """By how much each pixel differs from the inner contender's, in grey levels, int `[N, S, S, 3]`."""
    return team.generate(n, seed).astype(int) - team.inner.generate(n, seed)


@pytest.mark.parametrize("attack", ["fgsm", "bim", "pgd"])
@pytest.mark.parametrize("robust", [False, True])
@pytest.mark.parametrize("eps", [1, 8])
def test_stays_within_eps_and_is_called_real_more_often(opponent, attack, robust, eps):
    team = evading_with_pictures(opponent, {"attack": attack, "robust": robust, "eps": eps})
    assert np.abs(moved(team)).max() == eps
    judge = player(opponent)
    before, after = (judge.answer(maker.generate(20, 5)).scores for maker in (team.inner, team))
    assert after.mean() < before.mean()


def test_more_eps_evades_more(opponent):
    judge = player(opponent)
    scores = [
        judge.answer(evading(opponent, {"eps": eps, "steps": 10}).generate(20, 5)).scores.mean() for eps in (0, 4, 16)
    ]
    assert scores[0] > scores[1] > scores[2]


@pytest.mark.parametrize("eps", [0, 8])
def test_the_inner_contender_is_trained_as_it_would_be_alone(opponent, eps):
    team, alone = evading(opponent, {"eps": eps}), tiny_team(DCGAN)
    alone.train(1, material(pictures(40, seed=1), None, None, opponent))
    assert equal_states(team.inner.state(), alone.state())
    assert np.array_equal(team.generate(5, 3), alone.generate(5, 3)) == (eps == 0)


def test_before_it_knows_anybody_it_plays_the_very_fakes():
    assert not moved(tiny_team(EVADER)).any()
    assert not moved(evading(None)).any()


def test_forgets_an_opponent_it_is_no_longer_shown(opponent):
    team = evading(opponent)
    team.train(2, material(pictures(40, seed=1)))
    assert not moved(team).any()


def test_says_why_it_perturbs_nothing():
    reader = tiny_team(registry.find("detector", "stamp-reader"))
    given = material(pictures(40, seed=1), None, None, reader.snapshot(1))
    for contender in ("dcgan", "noise"):
        team = EVADER.team(brief(), {"contender": contender, "inner": OPTIONS if contender == "dcgan" else None})
        report = team.train(1, given)
        assert report.knowledge == "none"
        assert "stamp-reader has no gradients" in report.why
        assert not moved(team).any()


def test_reports_that_it_has_seen_its_opponent(opponent):
    team = EVADER.team(brief(), {"contender": "noise"})
    report = team.train(1, material(pictures(40), None, None, opponent))
    assert (report.knowledge, report.why) == ("whitebox", "")
    assert moved(team).any()


@pytest.mark.parametrize("origin", [{}, CODED], ids=["clean", "coded"])
def test_a_snapshot_needs_nothing_else(opponent, origin):
    team = evading_with_pictures(opponent, origin=origin)
    read = from_bytes(to_bytes(dataclasses.replace(team.snapshot(1), origin=origin)), "it")
    assert set(read.parts) == {"inner", "opponent"}
    assert read.parts["inner"].origin == origin
    assert np.array_equal(player(read).generate(7, 3), team.generate(7, 3))
    assert not np.array_equal(team.generate(7, 3), team.generate(7, 4))


def test_resuming_equals_never_having_stopped(opponent):
    steadfast, resumed = evading(opponent), tiny_team(EVADER)
    resumed.restore(steadfast.state())
    assert np.array_equal(resumed.generate(6, 2), steadfast.generate(6, 2))
    for team in (steadfast, resumed):
        team.train(2, material(pictures(40, seed=1), None, None, opponent))
    assert equal_states(steadfast.state(), resumed.state())


def test_coding_the_referees_way_is_part_of_what_is_evaded(opponent):
    options = {"robust": False, "attack": "bim"}
    plain, coded = (evading_with_pictures(opponent, options, origin=origin) for origin in ({}, CODED))
    assert not np.array_equal(coded.generate(7, 3), plain.generate(7, 3))


def test_wraps_a_folder_and_keeps_its_exams_apart(opponent):
    team = EVADER.team(brief(), {"contender": "folder", "inner": {"path": str(fakes_on_disk())}, "eps": 0})
    shown, asked = team.generate(20, 1), team.examine(20, 1)
    assert not {image.tobytes() for image in shown} & {image.tobytes() for image in asked}
    assert set(team.fetch(team.options)) == {"fakes"}
    with pytest.raises(ArenaError, match="this match needs 100 and 0"):
        EVADER.team(brief(gallery=100), dataclasses.asdict(team.options)).check(material(pictures(3)).faces)


def test_says_which_options_its_contender_has_in_the_end():
    options = EVADER.options({"inner": {"width": 4}})
    assert options.inner["width"] == 4
    assert options.inner["latent"] == DCGAN.options().latent
    assert EVADER.options(dataclasses.asdict(options)) == options
    assert described(EVADER)["inner"]["default"] is None


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"contender": "dcgam"}, "there is no generator named 'dcgam', did you mean 'dcgan'?"),
        ({"contender": "cnn"}, "there is no generator named 'cnn'"),
        ({"contender": "evader"}, "an evader cannot wrap an evader"),
        ({"inner": {"widht": 4}}, "generator 'dcgan' has no option 'widht', did you mean 'width'?"),
        ({"inner": {"width": 0}}, "generator 'dcgan': width must be at least 1, not 0"),
        ({"inner": {"width": "many"}}, "generator 'dcgan' has an option of the wrong type"),
        ({"inner": 3}, "inner: input should be a valid dictionary, not 3"),
        ({"eps": -1}, "eps is grey levels from 0 to 255"),
        ({"eps": 0.03}, "eps: input should be a valid integer, got a number with a fractional part, not 0.03"),
        ({"alpha": 0}, "alpha those of a step, above 0"),
        ({"steps": 0}, "steps is at least 1"),
        ({"attack": "cw"}, "attack: input should be 'fgsm', 'bim' or 'pgd', not 'cw'"),
    ],
)
def test_what_cannot_be_is_said_before_the_match(options, complaint):
    with pytest.raises(WrongSetting) as refused:
        tiny(generator={"name": "evader", "options": options})
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_match_finds_the_landmarks_that_the_contender_needs(tmp_path, monkeypatch):
    points = usual_points({}, SIZE).astype(np.float32)
    monkeypatch.setattr(match, "points_of", lambda faces, *_: np.tile(points, (len(faces.images), 1, 1)))
    swaps = {"contender": "face-swap", "inner": {"bank": 9, "probe": 1}, "steps": 1}
    home = start(tmp_path, tiny({"name": "evader", "options": swaps}, rounds=1, image_size=SIZE))
    assert home.facts["faces"]["points"]
    assert not played(home).events
    team = player(read_snapshot(tmp_path / "matches/tiny/rounds/0001/generator.snapshot.safetensors"))
    assert set(team.sources(3, 1).images) == {"target", "donor", "mask"}


def test_a_size_that_the_inner_contender_cannot_make_is_said_before_the_match():
    with pytest.raises(ArenaError, match="this generator makes images of 8, 16, 32"):
        tiny_team(EVADER, image_size=24)


def test_plays_a_match_that_is_resumed_and_replayed(tmp_path):
    options = {"generator": {"name": "evader", "options": tiny_options(EVADER)}}
    whole = start(tmp_path / "one", tiny(rounds=3, **options))
    reports = [record.training["generator"] for record in played(whole).rounds]
    assert [report.knowledge for report in reports] == ["whitebox"] * 3
    half = start(tmp_path / "two", tiny(rounds=2, **options))
    played(half)
    half.home.update_rounds("tiny", 3)
    again = reopened(tmp_path / "two")
    played(again)
    assert outcome(again) == outcome(whole)
    assert [replay(again, number) for number in (1, 3)] == [[], []]
