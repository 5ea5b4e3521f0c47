from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from facefiles import picture

from arena.faces.crop.finder import Finder, Found
from arena.faces.decode import Pixels
from arena.faces.framing import ENLARGED, Framing, landmarks, measure
from arena.faces.procedural import render
from arena.faces.sources.drawn import FRAMING, SEED

POINTS = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.4, 0.8], [0.6, 0.8]])


class Scripted:
    """Finds a face in images whose first pixel is bright, moved to the right by as much."""

    def __init__(self, score: float = 0.99) -> None:
        self.score, self.sides = score, set[int]()

    def find(self, images: Sequence[Pixels]) -> list[list[Found]]:
        self.sides |= {len(image) for image in images}
        return [self._faces(int(image[0, 0, 0]), len(image)) for image in images]

    def _faces(self, bright: int, side: int) -> list[Found]:
        points = ((POINTS + np.array([bright / 1000, 0])) * side).astype(np.float32)
        large_but_unsure = Found((0, 0, side, side), 0.2, points * 0)
        return [large_but_unsure, Found((0.2 * side, 0.1 * side, 0.8 * side, 0.9 * side), self.score, points)][
            : 2 if bright else 1
        ]


def images(*brightness: int, size: int = 40) -> np.ndarray:
    made = np.zeros((len(brightness), size, size, 3), np.uint8)
    return made + np.array(brightness, np.uint8)[:, None, None, None]


def test_median_spread_box_and_share() -> None:
    finder = Scripted()
    framing = measure(images(0, 90, 100, 110), finder)
    assert framing is not None
    np.testing.assert_allclose(framing.points, POINTS + np.array([0.1, 0]), atol=1e-3)
    np.testing.assert_allclose([x for x, _ in framing.spread], 0.0068, atol=1e-3)
    np.testing.assert_allclose([y for _, y in framing.spread], 0, atol=1e-3)
    np.testing.assert_allclose(framing.box, [0.2, 0.1, 0.8, 0.9], atol=1e-3)
    assert (framing.found, framing.searched) == (0.75, 4)
    assert finder.sides == {ENLARGED}
    assert Framing.from_json(json.loads(json.dumps(framing.to_json()))) == framing
    assert "a face in 75% of 4 images" in str(framing)


def test_a_sample_is_spread_over_the_set() -> None:
    framing = measure(images(*[0] * 50, *[100] * 50), Scripted(), most=10)
    assert framing is not None
    assert (framing.found, framing.searched) == (0.5, 10)


def test_no_face_is_no_framing() -> None:
    assert measure(images(0, 0), Scripted()) is None
    assert measure(images(9, 9), Scripted(score=0.5)) is None


def test_landmarks_are_in_pixels_and_nan_where_there_is_no_face() -> None:
    found = landmarks(images(100, 0, 50), Scripted())
    assert (found.shape, found.dtype) == ((3, 5, 2), np.float32)
    np.testing.assert_allclose(found[0], (POINTS + np.array([0.1, 0])) * 40, atol=0.01)
    assert np.isnan(found[1]).all()


def test_large_images_are_searched_as_they_are() -> None:
    finder = Scripted()
    landmarks(images(100, size=200), finder)
    assert finder.sides == {200}


def test_the_framing_of_drawn_faces_is_that_of_the_renderer() -> None:
    people = np.arange(40)
    found = measure(render(SEED, people, people % 6), Finder("cpu", min_size=50))
    assert found is not None
    np.testing.assert_allclose(found.points, FRAMING.points, atol=0.03)
    np.testing.assert_allclose(found.spread, FRAMING.spread, atol=0.03)
    np.testing.assert_allclose(found.box, FRAMING.box, atol=0.03)
    assert found.found == pytest.approx(FRAMING.found, abs=0.05)


def test_nothing_is_found_where_nobody_is() -> None:
    nobody = np.stack([np.asarray(picture(seed, 64, 64)) for seed in range(4)])
    assert measure(nobody, Finder("cpu", min_size=50)) is None


PHOTOS = Framing(
    points=((0.34, 0.5), (0.65, 0.5), (0.49, 0.69), (0.36, 0.82), (0.63, 0.82)),
    spread=((0.02, 0.02), (0.02, 0.02), (0.04, 0.04), (0.03, 0.03), (0.03, 0.03)),
    box=(0.16, 0.15, 0.82, 1.05),
    found=1.0,
    searched=96,
)


def test_a_face_that_lies_as_it_should_is_placed_where_it_is():
    placed = PHOTOS.place(np.array(PHOTOS.points) * 200 + (30, 70))
    assert (placed.left, placed.top, placed.side) == pytest.approx((30, 70, 200))
    assert placed.misfit == pytest.approx(0, abs=1e-9)


def test_what_varies_little_counts_most():
    points = np.array(PHOTOS.points)
    by_nose, by_eye = points.copy(), points.copy()
    by_nose[2, 0] += 0.1
    by_eye[0, 0] += 0.1
    shifts = [abs(PHOTOS.place(moved).left) + abs(PHOTOS.place(moved).side - 1) for moved in (by_nose, by_eye)]
    assert 0 < shifts[0] < shifts[1]


def test_the_placed_square_is_the_best_there_is():
    points = np.array(PHOTOS.points) * 90 + np.random.default_rng(0).normal(0, 3, (5, 2)) + 12
    placed = PHOTOS.place(points)

    def misfit(left, top, side):
        apart = (points - (left, top)) / side - PHOTOS.points
        return np.sqrt(np.square(apart / PHOTOS.spread).mean())

    best = misfit(placed.left, placed.top, placed.side)
    assert placed.misfit == pytest.approx(best, rel=1e-6)
    # least squares are of the points brought to the framing, so around it the misfit is flat
    for change in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0.5, 0.5, 1), (-0.5, -0.5, -1)):
        assert misfit(*np.add((placed.left, placed.top, placed.side), change)) > best


def test_a_turned_head_misfits():
    points = np.array(PHOTOS.points)
    angle = np.radians(35)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    tilted = (points - 0.5) @ turn.T + 0.5
    profile = points * (0.25, 1)
    assert PHOTOS.place(tilted).misfit > 2
    assert PHOTOS.place(profile).misfit > 2.6


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), np.nan), 1 - np.array(PHOTOS.points)])
def test_no_square_shows_a_face_upside_down_or_none(points):
    assert PHOTOS.place(points) is None


def test_points_that_never_vary_are_no_fault():
    still = replace(PHOTOS, spread=((0.0, 0.0),) * 5)
    assert still.place(np.array(PHOTOS.points) * 50).side == pytest.approx(50)
