"""Swaps change what their mask says and nothing else."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from arena.faces.parts.masks import box_of
from arena.faces.parts.membrane import membrane
from arena.faces.parts.paste import EDGES, Swap, recoloured, swap, warped
from arena.faces.parts.shapes import PARTS, UPRIGHT

WAYS = [Swap(p, e, c, b) for p, e, c, b in product(PARTS, EDGES, (False, True), (False, True))]


def scene(size, seed):
    """A smooth picture and landmarks in it."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    waves = np.stack([np.sin(7 * (a * x + b * y) + c) for a, b, c in rng.uniform(-1, 1, (3, 3))], 2)
    return np.uint8(128 + 90 * waves), UPRIGHT * 0.28 * size + (0.5 * size + rng.uniform(-2, 2), 0.45 * size)


@pytest.mark.parametrize("size", [64, 160])
@pytest.mark.parametrize("how", WAYS, ids=str)
def test_nothing_outside_the_mask_changes(how, size):
    (donor, donor_points), (target, points) = scene(size, 1), scene(size, 2)
    kept = donor.copy(), target.copy()
    done = swap(how, donor, donor_points, target, points)
    assert (done.image.dtype, done.image.shape) == (np.uint8, target.shape)
    assert (done.mask.dtype, done.mask.shape) == (np.uint8, (size, size))
    assert np.array_equal(done.image[done.mask == 0], target[done.mask == 0])
    assert (done.image != target).any()
    assert np.array_equal(donor, kept[0])
    assert np.array_equal(target, kept[1])


def test_a_plain_cut_is_the_donors_pixels():
    target, points = scene(64, 1)
    donor = np.full_like(target, (10, 200, 30))
    done = swap(Swap("MOUTH", "cut"), donor, points + 3, target, points)
    assert set(np.unique(done.mask)) == {0, 255}
    assert (done.image[done.mask == 255] == (10, 200, 30)).all()


def test_a_cut_has_a_hard_edge_and_a_blur_a_soft_one():
    (donor, donor_points), (target, points) = scene(64, 1), scene(64, 2)
    cut, blur = (swap(Swap("MOUTH", edge), donor, donor_points, target, points).mask for edge in EDGES)
    assert len(np.unique(blur)) > 10
    assert (blur[cut == 255] > 250).all()
    assert (blur > 0).sum() > (cut > 0).sum()


def test_the_donors_part_lands_on_the_targets():
    """A white mouth of a face that lies turned elsewhere comes to lie where the target's mouth is."""
    _, points = scene(160, 1)
    turned = (points - 80) @ np.array([[0.9, 0.3], [-0.3, 0.9]]) + (84, 70)
    donor = np.zeros((160, 160, 3), np.uint8)
    y, x = turned[3:].mean(0)[::-1].astype(int)
    donor[y - 4 : y + 5, x - 4 : x + 5] = 255
    done = swap(Swap("MOUTH", "cut"), donor, turned, np.full_like(donor, 60), points)
    there = np.argwhere(done.image[..., 0] > 150).mean(0)[::-1]
    assert np.linalg.norm(there - points[3:].mean(0)) < 2


def test_colours_become_those_they_cover():
    rng = np.random.default_rng(0)
    new, old = rng.normal(50, 10, (20, 20, 3)), rng.normal(180, 15, (20, 20, 3))
    mask = rng.random((20, 20)) < 0.5
    matched = recoloured(new, old, mask)[mask]
    np.testing.assert_allclose(matched.mean(0), old[mask].mean(0), atol=1e-6)
    assert matched.std(0).mean() == pytest.approx(old[mask].std(0).mean())
    ratio = matched.std(0) / new[mask].std(0)
    np.testing.assert_allclose(ratio, ratio[0])


def test_a_face_outside_its_own_picture_is_not_pasted():
    donor, points = scene(64, 1)
    done = swap(Swap("MOUTH", "blur"), donor, points + 200, donor, points)
    assert not done.mask.any()
    assert np.array_equal(done.image, donor)


def test_a_patch_that_is_only_lighter_disappears_under_poisson_blending():
    target, points = scene(64, 3)
    target = target // 2 + 20
    for edge in EDGES:
        done = swap(Swap("INFACE", edge, poisson=True), target + 60, points, target, points)
        assert np.abs(done.image.astype(int) - target).max() <= 1


def test_the_membrane_of_a_plane_is_that_plane():
    y, x = np.mgrid[:40, :50].astype(np.float32)
    plane = np.stack([2 * x + y, 5 - x, 0 * x + 7], 2)
    inside = ((x - 25) / 18) ** 2 + ((y - 20) / 14) ** 2 < 1
    guess = membrane(np.where(inside[..., None], 0, plane), inside)
    assert np.array_equal(guess[~inside], plane[~inside])
    assert np.sqrt(np.mean((guess - plane)[inside] ** 2)) < 0.01 * np.ptp(plane)


def test_a_picture_under_no_change_is_itself():
    image, _ = scene(64, 5)
    box = box_of(np.ones((64, 64), bool))
    assert np.array_equal(warped(image, np.array([[1.0, 0, 0], [0, 1, 0]]), box), image)
