from __future__ import annotations

import pytest
import torch
from tiny import brief, material, pictures, tiny_team
from torch import nn

from arena import registry
from arena.detector import team as detector
from arena.detector.changes import CHANGES, TRACES
from arena.types import ArenaError

RESIDUAL = registry.find("detector", "residual")


def test_maps_go_down_to_an_eighth_of_the_side():
    network = RESIDUAL.team(brief(image_size=64)).network.eval()
    shapes = []
    for layer in network[:4]:
        layer.register_forward_hook(lambda module, inputs, output: shapes.append(tuple(output.shape[1:])))
    assert network(torch.randn(2, 3, 64, 64)).shape == (2,)
    assert shapes == [(32, 32, 32), (64, 16, 16), (128, 8, 8), (128, 8, 8)]


def test_a_block_without_weights_is_its_shortcut():
    block = RESIDUAL.team(brief()).network[3]
    nn.init.zeros_(block.body[-1].weight)
    x = torch.randn(4, 128, 8, 8)
    torch.testing.assert_close(block(x), x)


@pytest.mark.parametrize("size", [8, 24, 64])
def test_scores_images_of_any_size(size):
    network = tiny_team(RESIDUAL, image_size=size).network.eval()
    assert network(torch.randn(3, 3, size, size)).shape == (3,)


def test_the_learning_rate_rises_and_falls():
    team = RESIDUAL.team(brief(), {"steps": 1000})
    pace = [team.pace(step) for step in range(1000)]
    assert pace[0] == pytest.approx(1 / 50)
    assert max(pace) == pytest.approx(1, abs=0.01)
    assert pace.index(max(pace)) == 49
    assert pace[500] == pytest.approx(0.5)
    assert pace[-1] == pytest.approx(0.02)


def test_the_pace_scales_what_a_diverged_round_left(monkeypatch):
    team = tiny_team(RESIDUAL, options={"steps": 4})
    scales = []
    monkeypatch.setattr(team.trainables["detector"], "scale_learning_rate", scales.append)
    team.train(1, material(pictures(20), pictures(20)), learning_rate_scale=0.5)
    assert scales[1:] == [0.5 * team.pace(step) for step in range(4)]


def test_the_first_round_begins_gently(monkeypatch):
    calls = []
    monkeypatch.setattr(detector, "change", lambda images, on: calls.append(list(on)) or images)
    team = tiny_team(RESIDUAL, options={"steps": 5, "gentle": 0.4, "shrink": True})
    gentle = [name for name in CHANGES if name not in TRACES]
    for round in (1, 2):
        team.train(round, material(pictures(20), pictures(20)))
    assert calls == [gentle] * 2 + [list(CHANGES)] * 8


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"width": 0}, "width must be at least 1"),
        ({"dropout": 1.0}, r"dropout in \[0, 1\)"),
        ({"gentle": 1.5}, r"gentle in \[0, 1\]"),
    ],
)
def test_impossible_options_are_refused(wrong, word):
    with pytest.raises(ArenaError, match=word):
        RESIDUAL.options(wrong)
