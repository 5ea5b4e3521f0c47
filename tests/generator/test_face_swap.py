"""Face swaps as a contender: who gives, what is learnt, and which faces do not suffice."""

from __future__ import annotations

import numpy as np
import pytest
from scripted import Scripted
from tiny import brief, pictures

from arena import registry
from arena.faces.parts.shapes import UPRIGHT
from arena.generator.bandit import Bandit, passes
from arena.generator.face_swap import FaceSwapOptions
from arena.registry import register
from arena.snapshot import player
from arena.types import Answer, ArenaError, Brief, Detector, Faces, Material

SIZE = 64
POINTS = np.repeat((UPRIGHT * 0.28 * SIZE + (0.5 * SIZE, 0.42 * SIZE)).astype(np.float32)[None], 30, 0)


@register("detector", "mouth-watcher")
class MouthWatcher(Scripted, Detector):
    """Calls an image fake when its lower third is not of one colour."""

    def answer(self, paper):
        lower = paper[:, 5 * paper.shape[1] // 8 :].reshape(len(paper), -1, 3).astype(float)
        return Answer((lower.std(1).max(1) > 1).astype(np.float64), 0.5)


def faces(n=30, people=10):
    """Faces of one colour each."""
    images = np.empty((n, SIZE, SIZE, 3), np.uint8)
    images[:] = np.random.default_rng(0).integers(0, 256, (n, 1, 1, 3))
    return Faces(images, np.arange(n) % people, POINTS[:n])


def team(**options):
    return registry.find("generator", "face-swap").team(brief(image_size=SIZE), options)


def opponent():
    return registry.find("detector", "mouth-watcher").team(Brief(SIZE, seed=0)).snapshot(1)


def test_donor_and_target_are_different_people():
    made = team()
    made.train(1, Material(faces()))
    swaps = made.swaps(200, 3)
    assert (made.bank.identities[swaps.donors] != made.bank.identities[swaps.targets]).all()
    same = swaps.images == made.bank.images[swaps.targets]
    assert same[swaps.masks == 0].all()


@pytest.mark.parametrize("change", [{"colour": False}, {"poisson": True}, {"edges": ("cut",)}])
def test_every_way_of_putting_a_part_in_looks_different(change):
    def swaps(**options):
        made = team(**{"parts": ("MOUTH",), "edges": ("blur",), **options})
        made.train(1, Material(Faces(pictures(30, seed=2, size=SIZE), np.arange(30) % 10, POINTS)))
        return made.swaps(20, 3)

    plain, other = swaps(), swaps(**change)
    assert np.array_equal(plain.donors, other.donors)
    assert (plain.images != other.images).any((1, 2, 3)).all()


def test_of_several_candidates_the_one_who_looks_the_same_way_gives():
    turns = np.random.default_rng(4).normal(0, 3, 30)
    points = POINTS.copy()
    points[:, 2, 0] += turns  # the nose
    off = {}
    for candidates in (1, 8):
        made = team(candidates=candidates)
        made.train(1, Material(Faces(faces().images, np.arange(30) % 10, points)))
        noses = made.bank.points[:, 2, 0]
        swaps = made.swaps(200, 3)
        off[candidates] = np.abs(noses[swaps.donors] - noses[swaps.targets]).mean()
    assert off[8] < off[1] / 2


def test_the_bandit_learns_which_part_passes():
    made = team(parts=("EYES", "MOUTH"), colour=False, probe=10)
    for number in (1, 2, 3):
        report = made.train(number, Material(faces(), opponents=(opponent(),)))
    assert (report.knowledge, report.why) == ("whitebox", "")
    assert report.losses == {"caught": 0.75}  # every mouth; of eyes every other, because a tie counts half
    arms = [made.arms[arm].part for arm in made.swaps(200, 1).arms]
    assert arms.count("EYES") > 180
    again = player(made.snapshot(3))
    assert np.array_equal(again.swaps(50, 2).arms, made.swaps(50, 2).arms)


def test_without_an_opponent_every_part_is_swapped_alike():
    made = team(parts=("EYES", "MOUTH"))
    report = made.train(1, Material(faces()))
    assert (report.knowledge, dict(report.losses)) == ("none", {})
    counts = np.bincount(made.swaps(400, 1).arms, minlength=4)
    assert counts.min() > 60


def test_a_bandit_forgets_what_no_longer_holds():
    bandit = Bandit.fresh(2).told(np.array([50.0, 0.0]), 50, 0.5)
    assert (bandit.draw(100, np.random.default_rng(0)) == 0).all()
    for _ in range(8):
        bandit = bandit.told(np.array([0.0, 50.0]), 50, 0.5)
    assert (bandit.draw(100, np.random.default_rng(0)) == 1).all()


def test_a_fake_passes_below_the_middle_real_face():
    assert passes(np.array([[0.1, 0.4], [0.5, 0.9]]), np.array([0.2, 0.4, 0.8])).tolist() == [[1, 0.5], [0, 0]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (faces(30, 1), "faces of at least two people, but all of Team A's show one"),
        (
            Faces(faces().images, faces().identities, np.full((30, 5, 2), np.nan, np.float32)),
            "of Team A's 30 faces only 0",
        ),
        (Faces(faces().images, faces().identities), "of Team A's 30 faces only 0"),
    ],
)
def test_faces_that_do_not_suffice_are_refused(given, said):
    with pytest.raises(ArenaError, match=said):
        team().check(given)


def test_some_faces_without_landmarks_are_passed_over():
    points = POINTS.copy()
    points[5:, 0, 0] = np.nan
    given = Faces(faces().images, faces().identities, points)
    made = team()
    made.check(given)
    made.train(1, Material(given))
    assert len(made.bank) == 5
    assert made.generate(4, 1).shape == (4, SIZE, SIZE, 3)


@pytest.mark.parametrize(
    "option", [{"parts": ()}, {"parts": ("EAR",)}, {"parts": ("NOSE", "NOSE")}, {"edges": ("torn",)}, {"probe": 0}]
)
def test_impossible_options_are_refused(option):
    with pytest.raises(ValueError, match=next(iter(option))):
        FaceSwapOptions(**option)
