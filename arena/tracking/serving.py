"""A registered detector at work: what MLflow loads for `mlflow.pyfunc.load_model` and `mlflow models serve`.

MLflow finds this module by the name in the model's `MLmodel` file. So nothing is unpickled, and wherever the model is
served the arena has to be installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from arena.snapshot import player, read_snapshot
from arena.types import Images, Scores


class ServedDetector:
    """A detector as MLflow calls it."""

    def __init__(self, snapshot: Path) -> None:
        """`snapshot`: its file. Raises ArenaError when it is none."""
        self._detector = player(read_snapshot(snapshot))

    def predict(self, images: Images, params: Any = None) -> Scores:
        """The probability that each face is fake, float64 `[N]`; `images`: uint8 `[N, S, S, 3]`. `params`: none."""
        scores: Scores = self._detector.answer(np.ascontiguousarray(images, np.uint8)).scores
        return scores


def _load_pyfunc(path: str) -> ServedDetector:
    """The name and the signature are MLflow's."""
    return ServedDetector(Path(path))
