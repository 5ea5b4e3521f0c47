"""Parts lie where their landmarks are, however the face is turned."""

from __future__ import annotations

import numpy as np
import pytest

from arena.faces.parts.masks import drawn
from arena.faces.parts.shapes import PARTS, UPRIGHT, aligned, hull, moved, outline, usual_points

SIZE = 100
LANDMARKS = {
    "LEFT_EYE": [0],
    "RIGHT_EYE": [1],
    "EYES": [0, 1],
    "NOSE": [2],
    "MOUTH": [3, 4],
    "INFACE": [0, 1, 2, 3, 4],
    "LEFT_BROW": [],
    "RIGHT_BROW": [],
}
"""Which landmarks lie in which part."""


def face(turn=0.0, scale=26.0, centre=(50, 42)):
    """Five landmarks of an upright average face that is turned by so many degrees."""
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return UPRIGHT @ np.array([[c, s], [-s, c]]) * scale + centre


def covers(mask, point):
    return mask[int(point[1]), int(point[0])]


def test_every_part_is_known():
    assert set(PARTS) == set(LANDMARKS)


def test_usual_points_are_those_of_the_framing():
    assert usual_points({"framing": {"points": [(0.5, 0.25)] * 5}}, 64).tolist() == [[32, 16]] * 5
    assert usual_points({"framing": None}, 64).shape == (5, 2)


@pytest.mark.parametrize("turn", [0, -25, 40])
@pytest.mark.parametrize("part", PARTS)
def test_a_part_holds_its_landmarks_and_no_others(part, turn):
    points = face(turn)
    mask = drawn([outline(part, points)], SIZE)
    assert [i for i in range(5) if covers(mask, points[i])] == LANDMARKS[part]


@pytest.mark.parametrize("side", [0, 1])
def test_a_brow_lies_above_its_eye(side):
    points = face(10)
    brow = outline(("LEFT_BROW", "RIGHT_BROW")[side], points).mean(0)
    up = (points[:2].mean(0) - points[3:].mean(0)) / np.linalg.norm(points[:2].mean(0) - points[3:].mean(0))
    assert 5 < (brow - points[side]) @ up < 15


def test_a_part_follows_its_own_landmarks():
    """A mouth that was moved by 8 pixels takes its outline along, not that of the eyes."""
    points = face()
    shifted = points + np.array([[0, 0], [0, 0], [0, 0], [0, 8], [0, 8]])
    mouth, eyes = (outline(part, shifted).mean(0) - outline(part, points).mean(0) for part in ("MOUTH", "EYES"))
    assert 7 < mouth[1] < 9
    assert abs(eyes[1]) < 1


def test_the_side_a_face_turns_to_is_narrower():
    points = face()
    points[2, 0] += 5
    left, right = (np.abs(outline("INFACE", points)[:, 0] - 50)[select] for select in _sides(points))
    assert right.max() < left.max() - 3


def _sides(points):
    x = outline("INFACE", points)[:, 0]
    return x < 50, x > 50


def test_alignment_brings_a_part_onto_its_like():
    donor, target = face(20, 18, (40, 50)), face(-10, 30)
    np.testing.assert_allclose(moved(donor, aligned("MOUTH", donor, target)), target, atol=1e-6)


def test_a_hull_is_the_smallest_convex_outline():
    corners = [(0, 0), (4, 0), (4, 3), (0, 3)]
    assert {tuple(corner) for corner in hull([*corners, (1, 1), (2, 0), (3, 2)])} == set(corners)
