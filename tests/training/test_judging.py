"""A detector on fakes that it never met."""

from __future__ import annotations

import numpy as np
import pytest
from tiny import pictures

from arena.training.course import train
from arena.training.families import Stock
from arena.training.ground import JUDGING
from arena.training.judging import DETECTOR, LITTLE_GRADIENT, judge


def test_flat_images_have_no_gradient_and_noise_has_most(ground, plan, tmp_path):
    families = [Stock.divided("spots", pictures(60, seed=5))]
    flat = Stock.divided("flat", np.full((40, 16, 16, 3), 90, np.uint8))
    noise = np.random.default_rng(1).integers(0, 256, (40, 16, 16, 3)).astype(np.uint8)
    report = judge(ground, train(ground, plan, families, tmp_path).best, [flat, Stock.divided("noise", noise)], 20)
    assert [(row.family, row.by) for row in report.rows] == [
        ("flat", DETECTOR),
        ("flat", LITTLE_GRADIENT),
        ("noise", DETECTOR),
        ("noise", LITTLE_GRADIENT),
    ]
    baseline = report.by(LITTLE_GRADIENT)
    assert (baseline["flat"].auroc, baseline["noise"].auroc) == pytest.approx((1, 0))
    assert baseline["flat"].caught is None
    assert report.reals == len(ground.parts[JUDGING])
    assert 0 <= report.low <= report.alarms <= report.high <= 1
