"""Charts of a training."""

from __future__ import annotations

import json

from arena.results.curves import auroc_over_epochs, losses_over_images
from arena.training.course import Epoch

EPOCHS = [
    Epoch(1, {"detector": 0.7}, 100, 1.0, 0.6, 0.5, 0.7, 0.05, 0.2, 0.9),
    Epoch(2, {"detector": 0.5, "patch": 0.1}, 200, 1.0, 0.8, 0.75, 0.85, 0.04, 0.4, 0.8),
]


def test_validation_with_its_interval():
    figure = auroc_over_epochs(EPOCHS)
    band, area, caught, alarms = figure["data"]
    assert (band["x"], band["y"]) == ([1, 2, 2, 1], [0.7, 0.85, 0.75, 0.5])
    assert (area["y"], caught["y"], alarms["y"]) == ([0.6, 0.8], [0.2, 0.4], [0.05, 0.04])
    assert json.dumps(figure, allow_nan=False)


def test_a_line_for_each_loss():
    figure = losses_over_images(EPOCHS)
    assert [(trace["name"], trace["x"], trace["y"]) for trace in figure["data"]] == [
        ("detector", [100, 200], [0.7, 0.5]),
        ("patch", [200], [0.1]),
    ]
