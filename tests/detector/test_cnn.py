from __future__ import annotations

import pytest
import torch
from tiny import brief, tiny_team
from torch import nn

from arena import registry
from arena.types import ArenaError

CNN = registry.find("detector", "cnn")


def test_four_convolutions_and_one_logit():
    network = CNN.team(brief(), {"width": 32}).network
    convolutions = [m for m in network if isinstance(m, nn.Conv2d)]
    assert [list(m.weight.shape) for m in convolutions] == [
        [32, 3, 3, 3],
        [64, 32, 3, 3],
        [128, 64, 3, 3],
        [256, 128, 3, 3],
    ]
    assert {m.stride for m in convolutions} == {(2, 2)}
    # 388,512 in convolutions, 960 in norms, 257 in the head
    assert sum(p.numel() for p in network.parameters()) == 27 * 32 + 9 * (32 * 64 + 64 * 128 + 128 * 256) + 960 + 257


@pytest.mark.parametrize("size", [8, 24, 64])
def test_scores_images_of_any_size(size):
    network = tiny_team(CNN, image_size=size).network.eval()
    assert network(torch.randn(3, 3, size, size)).shape == (3,)


def test_dropout_is_an_option():
    assert CNN.team(brief(), {"dropout": 0.7}).network[-2].p == 0.7


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"width": 0}, "width must be at least 1"),
        ({"dropout": 1.0}, r"dropout in \[0, 1\)"),
        ({"batch": 2}, "batch must be even and at least 4"),
        ({"batch": 7}, "batch must be even and at least 4"),
        ({"steps": 0}, "steps at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be positive, not 0.0"),
        ({"learning_rate": float("inf")}, "learning_rate must be positive, not inf"),
        ({"memory": 1.0}, r"memory must be in \[0, 1\)"),
        ({"average": 1.0}, r"average must be in \[0, 1\)"),
        ({"validation": 0.0}, r"validation in \(0, 1\)"),
    ],
)
def test_impossible_options_are_refused(wrong, word):
    with pytest.raises(ArenaError, match=word):
        CNN.options(wrong)
