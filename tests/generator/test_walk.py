from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tiny import SIZE, tiny_team

from arena import registry
from arena.generator.walk import great_circles

DCGAN = registry.find("generator", "dcgan")


def test_a_walk_keeps_to_the_sphere_and_passes_every_stop():
    stops = torch.tensor([[3.0, 0, 0], [0, 3, 0], [0, 0, 3]])
    path = great_circles(stops, 4)
    assert path.shape == (12, 3)
    assert torch.allclose(path.norm(dim=1), torch.full((12,), 3.0), atol=1e-5)
    assert torch.allclose(path[::4], stops, atol=1e-6)
    steps = (path * path.roll(-1, 0)).sum(1) / 9
    assert torch.allclose(steps, torch.full((12,), math.cos(math.pi / 8)), atol=1e-5)  # even, and back to the first


@pytest.mark.parametrize("other", [1.0, -1.0])
def test_between_equal_and_opposite_latents_there_is_a_straight_line(other):
    stops = torch.tensor([[2.0, 1.0], [2 * other, other]])
    path = great_circles(stops, 2)
    assert torch.isfinite(path).all()
    assert torch.allclose(path[1], (stops[0] + stops[1]) / 2)


def test_a_gan_walks_from_face_to_face():
    team = tiny_team(DCGAN)
    film = team.interpolate(3, 7, 5)
    assert film.shape == (15, SIZE, SIZE, 3)
    assert film.dtype == np.uint8
    assert np.array_equal(film, team.interpolate(3, 7, 5))
    stops = team.generate(3, 7)
    assert np.abs(film[::5].astype(int) - stops).max() <= 1  # the same latents as `generate` draws
    assert not np.array_equal(film, team.interpolate(3, 8, 5))
