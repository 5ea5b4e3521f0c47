"""A bandit: which of several ways of faking passes the detector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bandit:
    """How often fakes of each arm passed and were caught so far, float64 `[arms]`; older rounds count less."""

    passed: Floats
    caught: Floats

    @classmethod
    def fresh(cls, arms: int) -> Bandit:
        """One that knows nothing: every arm is as good as any."""
        return cls(np.zeros(arms), np.zeros(arms))

    def told(self, passed: Floats, shown: int, memory: float) -> Bandit:
        """The bandit after a round in which `passed` of `shown` fakes of each arm passed.

        `memory`: what the counts of the rounds before are worth now, because the detector has moved on.
        """
        return Bandit(memory * self.passed + passed, memory * self.caught + shown - passed)

    def draw(self, n: int, draw: np.random.Generator) -> npt.NDArray[np.int64]:
        """An arm for each of `n` fakes: each arm as often as it is probably the best (W. R. Thompson, 1933)."""
        chances = draw.beta(self.passed + 1, self.caught + 1, (n, len(self.passed)))
        best: npt.NDArray[np.int64] = chances.argmax(1)
        return best


def passes(fakes: Floats, reals: Floats) -> Floats:
    """Which fakes a detector finds less suspicious than the middle one of real faces: 1, 0, or 0.5 for a tie.

    `fakes`, `reals`: its scores, of any shape. Its alarm threshold does not matter, because exams do without it.
    """
    middle = np.median(reals)
    return np.where(fakes == middle, 0.5, fakes < middle).astype(np.float64)
