from __future__ import annotations

import json
from collections.abc import Sequence

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
