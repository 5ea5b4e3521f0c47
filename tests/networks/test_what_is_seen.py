from __future__ import annotations

import pytest
import torch
from tiny import brief, pictures

from arena import registry
from arena.networks.inputs import CHANNELS, seen
from arena.types import ArenaError


def test_what_is_seen():
    images = torch.arange(48.0).view(1, 3, 4, 4)
    assert seen(images, "rgb") is images
    right, below = seen(images, "neighbours").split(3, 1)
    assert torch.equal(right[0, 0, :, :3], torch.ones(4, 3))
    assert torch.equal(below[0, 0, :3], torch.full((3, 4), 4.0))
    assert not right[..., 3].any()
    assert not below[..., 3, :].any()
    assert torch.equal(seen(images, "high-pass")[..., 1:3, 1:3], torch.zeros(1, 3, 2, 2))  # a slope is no detail


@pytest.mark.parametrize("input", CHANNELS)
def test_a_detector_judges_what_it_sees(input):
    """Two images that differ in what the blur leaves, and in nothing else, are one for who sees but details."""
    images = pictures(4, size=32) // 2 + 40
    detector = registry.find("detector", "cnn").team(brief(image_size=32), {"input": input, "level": False})
    is_same = abs(detector.score(images) - detector.score(images + 30)) < 1e-5
    assert list(is_same) == [input != "rgb"] * 4


def test_published_networks_take_three_channels():
    with pytest.raises(ArenaError, match="three channels"):
        registry.find("detector", "robust").options({"input": "neighbours"})
