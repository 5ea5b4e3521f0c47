"""A logistic regression over numbers measured on images, deaf, where asked for, to how a face is framed and lit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from arena.detector.calibrated import SCORING_BATCH
from arena.detector.changes import moved
from arena.types import FAKE, Diverged

Numbers = npt.NDArray[np.float64]

FLATTEST: Final = 1e-6
"""Standard deviation of a number that says nothing: divided by less, it would be noise."""
FRAMED: Final = 256
"""Real faces that are zoomed, shifted and lit to see what that changes; fewer where there are fewer."""
FRAMINGS: Final = ((0.85,), (1.1,), (1.25,), (1.0, 0.1), (1.0, -0.1), (1.0, 0.0, 0.1), (1.0, 0.0, -0.1))
"""How: zoom, and shifts down and right in parts of the side. The furthest of a training's changes, and one between."""
LIGHTS: Final = (0.8, 1.2)
"""How bright they are besides, times as bright as they were."""


@dataclass(frozen=True, eq=False)
class Regression:
    """Mean and scale of each number, its weight, all float64 `[F]`, and the bias `[1]`: of a logit, above 0 for fake.

    `loss`: the mean over what it was fitted to.
    """

    mean: Numbers
    scale: Numbers
    weight: Numbers
    bias: Numbers
    loss: float


def fit(
    numbers: Numbers, labels: npt.NDArray[Any], penalty: float, moves: Numbers | None = None, flattest: float = FLATTEST
) -> Regression:
    """The regression of numbers `[N, F]` on labels `[N]`, 1 for fake. Raises Diverged where a number is not finite.

    `penalty`: weight of the squared coefficients against the sum of the losses. `moves`: what framing and light do to
    the numbers, `[ways, F]`: these directions are taken out of them. A. Solomonoff et al., Advances in Channel
    Compensation for SVM Speaker Recognition, 2005. `flattest`: the least that a number is divided by.
    """
    from sklearn.linear_model import LogisticRegression

    if not np.isfinite(numbers).all():
        raise Diverged("detector", "a number of an image", 0)
    mean, scale = numbers.mean(0), np.maximum(numbers.std(0), flattest)
    known = (numbers - mean) / scale
    deaf_to = np.zeros((len(mean), 0)) if moves is None else directions(moves / scale)
    found = LogisticRegression(C=1 / penalty, solver="newton-cholesky", max_iter=200)
    found.fit(known - known @ deaf_to @ deaf_to.T, labels)
    weight = found.coef_[0] - deaf_to @ (deaf_to.T @ found.coef_[0])
    logits = known @ weight + found.intercept_
    loss = float(np.logaddexp(0, np.where(labels == FAKE, -logits, logits)).mean())
    return Regression(mean, scale, weight, found.intercept_.copy(), loss)


def moves_of(measure: Callable[[Tensor], Numbers], images: Tensor) -> Numbers:
    """By how much each of FRAMINGS and LIGHTS moves the numbers of real faces in the mean, `[ways, F]`.

    `measure`: numbers `[N, F]` of images; `images`: float32 `[N, 3, S, S]` in [-1, 1].
    """
    sums: Numbers = np.sum([_moved_in_all(measure, some) for some in torch.split(images, SCORING_BATCH)], 0)
    return sums / len(images)


def _moved_in_all(measure: Callable[[Tensor], Numbers], images: Tensor) -> Numbers:
    plain, images = measure(images), images.contiguous()
    ways = [*(moved(images, *way) for way in FRAMINGS), *(lit(images, factor) for factor in LIGHTS)]
    return np.stack([(measure(changed) - plain).sum(0) for changed in ways])


def lit(images: Tensor, factor: float) -> Tensor:
    """Images, float32 in [-1, 1], so many times as bright, as far as the range allows."""
    return ((images + 1) * factor - 1).clamp_(-1, 1)


def directions(moves: Numbers) -> Numbers:
    """An orthonormal basis `[F, directions]` of moves `[ways, F]`."""
    basis, sizes, _ = np.linalg.svd(moves.T, full_matrices=False)
    found: Numbers = basis[:, sizes > FLATTEST * sizes.max()]
    return found
