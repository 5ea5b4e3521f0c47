"""Training with bfloat16 working weights must be as good as training in float32.

Criterion: three seeds train 300 steps in both precisions, from the same weights on the same draws. For each loss
bfloat16 may move a seed's means of a hundred steps by less than another seed would move them: the root mean square of
the differences stays below that of the standard deviations of the three float32 runs.
"""

from __future__ import annotations

import numpy as np
from tiny import brief, material, pictures

from arena import registry
from arena.networks.training import WINDOW

OPTIONS = {"width": 8, "latent": 16, "batch": 16, "steps": 300}
REALS = pictures(400, seed=1)


def losses(precision, seed):
    """Mean losses of each hundred steps, `[3, 2]`."""
    team = registry.find("generator", "dcgan").team(brief(precision=precision, seed=seed), OPTIONS)
    curve = team.train(1, material(REALS)).curve
    values = np.array([[point.losses["discriminator"], point.losses["generator"]] for point in curve])
    return values.reshape(3, 100 // WINDOW, 2).mean(1)


def test_bf16_moves_the_losses_less_than_another_seed_does():
    exact, fast = (np.array([losses(precision, seed) for seed in range(3)]) for precision in ("fp32", "bf16"))
    moved = np.sqrt(((fast - exact) ** 2).mean((0, 1)))
    spread = np.sqrt(exact.var(0, ddof=1).mean(0))
    assert np.all(moved > 0), "both precisions computed the very same"
    assert np.all(moved < spread), f"moved {moved.round(4)}, spread {spread.round(4)}"
