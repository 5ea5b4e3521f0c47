"""A bank of faces: spread over people, other faces every round, whole in a snapshot."""

from __future__ import annotations

import numpy as np
import pytest
from tiny import SIZE, brief, material, pictures

from arena import registry
from arena.generator.bank import BankOptions, FaceBank
from arena.snapshot import player
from arena.types import ArenaError, Faces

PEOPLE = np.repeat(np.arange(10), [30, 1, 1, 1, 1, 1, 1, 1, 1, 2])


def faces(points=None):
    images = pictures(40)
    return Faces(images, PEOPLE, points)


def test_a_bank_is_spread_over_people():
    bank = FaceBank.choose(faces(), 12, 1)
    assert len(bank) == 12
    assert np.bincount(bank.identities, minlength=10).tolist() == [2, 1, 1, 1, 1, 1, 1, 1, 1, 2]


def test_a_small_bank_is_drawn_over_people_at_random():
    banks = [FaceBank.choose(faces(), 3, seed).identities for seed in range(60)]
    assert all(len(set(bank)) == 3 for bank in banks)
    assert {person for bank in banks for person in bank.tolist()} == set(range(10))


def test_a_bank_holds_each_face_once_with_whom_it_shows():
    given = faces()
    bank = FaceBank.choose(given, 99, 1)
    places = [next(i for i, image in enumerate(given.images) if np.array_equal(image, own)) for own in bank.images]
    assert sorted(places) == list(range(40))
    assert np.array_equal(bank.identities, PEOPLE[places])
    assert np.isnan(bank.points).all()


def test_faces_without_landmarks_are_passed_over():
    points = np.zeros((40, 5, 2), np.float32)
    points[::2, 3, 1] = np.nan
    bank = FaceBank.choose(faces(points), 99, 1, with_points=True)
    assert len(bank) == 20
    assert np.isfinite(bank.points).all()
    assert len(FaceBank.choose(faces(), 99, 1, with_points=True)) == 0


def test_a_bank_survives_as_arrays():
    bank = FaceBank.choose(faces(np.ones((40, 5, 2), np.float32)), 5, 1)
    arrays = bank.arrays()
    assert {name: array.dtype.name for name, array in arrays.items()} == {
        "bank/images": "uint8",
        "bank/identities": "int64",
        "bank/points": "float32",
    }
    again = FaceBank.from_arrays(arrays)
    assert all(np.array_equal(getattr(again, name), getattr(bank, name)) for name in ("images", "identities", "points"))
    with pytest.raises(ArenaError, match="another contender: there are no points"):
        FaceBank.from_arrays({name: array for name, array in arrays.items() if name != "bank/points"})


def test_every_round_draws_other_faces():
    team = registry.find("generator", "blend").team(brief(), {"bank": 10})
    seen = set()
    for number in range(8):
        team.train(number, material(pictures(40)))
        assert len(team.bank) == 10
        seen |= {image.tobytes() for image in team.bank.images}
    assert len(seen) > 30
    assert team.images == 80


def test_a_player_needs_nothing_but_the_snapshot():
    team = registry.find("generator", "blend").team(brief(), {"bank": 10})
    assert team.generate(3, 1).shape == (3, SIZE, SIZE, 3)  # noise: there is no face yet
    team.train(1, material(pictures(40)))
    alone = player(team.snapshot(1))
    assert np.array_equal(alone.generate(9, 4), team.generate(9, 4))


def test_one_face_is_no_bank():
    with pytest.raises(ValueError, match="at least 2"):
        BankOptions(bank=1)
