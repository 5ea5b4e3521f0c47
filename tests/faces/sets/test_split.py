from __future__ import annotations

import numpy as np
import pytest

from arena.faces.sets.split import deal, split_by_identity
from arena.types import ArenaError


def repeated(counts: list[int]) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


def test_identities_never_cross_and_every_face_is_used() -> None:
    identities = np.random.default_rng(0).integers(0, 200, 3000)
    split = split_by_identity(identities, seed=1)
    parts = [split.a, split.b, split.exam]
    assert sorted(np.concatenate(parts).tolist()) == list(range(3000))
    owners = [part for part in range(3) for _ in set(identities[parts[part]].tolist())]
    assert len(owners) == len(set(identities.tolist()))
    assert all(np.all(np.diff(part) > 0) for part in parts)


def test_proportions_by_faces_are_met_to_one_face_when_there_are_singles() -> None:
    identities = repeated([30] * 10 + [7] * 40 + [1] * 420)  # 1,000 faces
    split = split_by_identity(identities, seed=3)
    assert [len(split.a), len(split.b), len(split.exam)] == [500, 350, 150]


def test_each_part_gets_its_share_of_large_identities() -> None:
    identities = repeated([20] * 20 + [1] * 400)
    split = split_by_identity(identities, seed=0, parts=(0.5, 0.25, 0.25))
    large = [int((np.bincount(identities[part]) == 20).sum()) for part in (split.a, split.b, split.exam)]
    assert large == [10, 5, 5]


def test_the_seed_decides() -> None:
    identities = repeated([3] * 100)
    same, again, other = (split_by_identity(identities, seed) for seed in (5, 5, 6))
    assert same.exam.tolist() == again.exam.tolist() != other.exam.tolist()


def test_three_identities_fill_three_parts() -> None:
    split = split_by_identity(repeated([5, 5, 5]), seed=0)
    assert [len(split.a), len(split.b), len(split.exam)] == [5, 5, 5]


def test_a_giant_identity_goes_to_the_largest_part() -> None:
    split = split_by_identity(repeated([600] + [1] * 400), seed=0)
    assert len(split.a) == 600


def test_too_few_identities() -> None:
    with pytest.raises(ArenaError, match="10 faces of 1 identities cannot be split into 3 parts"):
        split_by_identity(repeated([10]), seed=0)
    with pytest.raises(ArenaError, match="at least 3 identities"):
        split_by_identity(repeated([10, 10]), seed=0)


def test_too_few_faces_says_how_many_are_needed() -> None:
    sentence = "of 100 faces of 100 identities the exam's part would get 15 and needs 30; bring at least 200 faces"
    with pytest.raises(ArenaError, match=sentence):
        split_by_identity(repeated([1] * 100), seed=0, minimum=30)


@pytest.mark.parametrize("parts", [(1, 1, 0), (1, -1, 1), (1, 1, float("nan"))])
def test_parts_must_be_positive(parts: tuple[float, float, float]) -> None:
    with pytest.raises(ArenaError, match="must be positive numbers"):
        deal(repeated([1] * 10), 0, parts)
