"""Blends are what they say: means, mixtures along a mask, and projections on principal components."""

from __future__ import annotations

import numpy as np
import pytest
from tiny import brief, material, pictures

from arena import registry
from arena.generator.blend import BlendOptions, combined, principal
from arena.types import ArenaError, Faces

REALS = pictures(30, seed=3)


def made(n=20, **options):
    team = registry.find("generator", "blend").team(brief(), {"bank": 30, **options})
    team.train(1, material(REALS))
    return team.generate(n, 5)


def test_a_mean_is_the_mean_of_two_faces():
    reals = REALS.astype(float)
    for fake in made(kinds=("mean",)):
        rest = 2 * fake.astype(float) - reals  # the other face, if this one is in it
        distance = np.abs(rest[:, None] - reals[None]).max((2, 3, 4))
        np.fill_diagonal(distance, 255)
        assert distance.min() <= 1


def test_a_mix_lies_between_two_faces_and_takes_from_both():
    reals = REALS.astype(int)
    for fake in made(8, kinds=("mask",)):
        low, high = (op(reals[:, None], reals[None]) for op in (np.minimum, np.maximum))
        between = ((fake >= low - 1) & (fake <= high + 1)).all((2, 3, 4))
        np.fill_diagonal(between, False)
        assert between.any()


def mixed(**options):
    """Which share of the pixels of mixes of black and white is neither, and how often a row goes from one to other."""
    team = registry.find("generator", "blend").team(brief(image_size=32), {"bank": 2, "kinds": ("mask",), **options})
    faces = np.repeat(np.uint8([0, 255]), 32 * 32 * 3).reshape(2, 32, 32, 3)
    team.train(1, material(faces))
    shares = team.generate(40, 5)[..., 0] / 255
    return ((shares > 0.05) & (shares < 0.95)).mean(), (np.diff(shares > 0.5, axis=2) != 0).sum(2).mean()


def test_the_edge_of_a_mask_is_as_soft_and_its_patches_as_small_as_asked():
    assert mixed(softness=0.05)[0] < mixed(softness=0.3)[0] / 2
    assert mixed(grain=2)[1] < mixed(grain=6)[1]


def test_a_low_rank_face_is_a_projection():
    rows = REALS.reshape(30, -1).astype(float)
    mean = rows.mean(0)
    _, _, components = np.linalg.svd(rows - mean, full_matrices=False)
    fakes = made(kinds=("low-rank",), ranks=(4,)).reshape(20, -1).astype(float)
    low = (rows - mean) @ components[:4].T @ components[:4] + mean
    for fake in fakes:
        assert np.abs(np.clip(low, 0, 255) - fake).max(1).min() < 1


def test_all_components_give_the_face_back():
    assert np.abs(made(kinds=("low-rank",), ranks=(99,))[:, None].astype(int) - REALS).max((2, 3, 4)).min(1).max() <= 1


def test_principal_vectors_are_orthonormal_and_ordered():
    vectors = principal(REALS)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(30), atol=1e-9)
    rows = REALS.reshape(30, -1) - REALS.reshape(30, -1).mean(0)
    sizes = np.linalg.norm(vectors.T @ rows, axis=1)
    assert (np.diff(sizes) < 1e-6).all()
    assert np.array_equal(combined(np.eye(30), REALS), REALS)


@pytest.mark.parametrize(
    ("option", "said"),
    [({"kinds": ()}, "kinds"), ({"kinds": ("collage",)}, "kinds"), ({"grain": 0}, "grain"), ({"ranks": (0,)}, "ranks")],
)
def test_impossible_options_are_refused(option, said):
    with pytest.raises(ValueError, match=said):
        BlendOptions(**option)


def test_one_face_cannot_be_blended():
    team = registry.find("generator", "blend").team(brief())
    with pytest.raises(ArenaError, match="two faces, but Team A has 1"):
        team.check(Faces(REALS[:1], np.zeros(1, np.int64)))
