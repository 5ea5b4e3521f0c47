"""A logistic regression that looks past what framing changes."""

from __future__ import annotations

import numpy as np
import pytest

from arena.detector.regression import directions, fit
from arena.types import Diverged


def test_a_way_that_changes_nothing_takes_nothing_away():
    moves = np.array([[0.0, 0.0, 0.0], [0.0, 3.0, 4.0]])
    basis = directions(moves)
    assert basis.shape == (3, 1)
    np.testing.assert_allclose(np.abs(basis[:, 0]), [0, 0.6, 0.8])


def test_what_moves_is_not_weighed_and_what_does_not_still_tells():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.array([0, 1], np.int8), 200)
    numbers = rng.normal(size=(400, 3)) * [1, 5, 1] + 2 * labels[:, None] * [1, 5, 0]
    plain, deaf = (fit(numbers, labels, 1.0, moves) for moves in (None, np.array([[0.0, 1.0, 0.0]])))
    assert plain.weight[1] > 1
    assert abs(deaf.weight[1]) < 1e-9
    assert deaf.weight[0] > 1
    assert plain.loss < deaf.loss < np.log(2)


def test_the_loss_is_that_of_the_logits():
    rng = np.random.default_rng(1)
    labels = np.repeat(np.array([0, 1], np.int8), 50)
    numbers = rng.normal(size=(100, 2)) + labels[:, None]
    found = fit(numbers, labels, 1.0)
    probability = 1 / (1 + np.exp(-((numbers - found.mean) / found.scale @ found.weight + found.bias)))
    expected = -np.log(np.where(labels == 1, probability, 1 - probability)).mean()
    assert found.loss == pytest.approx(expected)


def test_a_number_that_is_none_has_diverged():
    with pytest.raises(Diverged):
        fit(np.array([[0.0], [np.nan]]), np.array([0, 1]), 1.0)
