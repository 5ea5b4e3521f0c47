from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny import SIZE, brief, material, pictures, tiny_team

from arena import registry
from arena.networks.inputs import CHANNELS, seen
from arena.types import ArenaError

PATCH = registry.find("detector", "patch")


@pytest.mark.parametrize(("input", "layers", "wide"), [("rgb", 0, 5), ("rgb", 2, 13), ("high-pass", 2, 15)])
def test_a_patch_sees_so_many_pixels_and_no_more(input, layers, wide):
    network = PATCH.team(brief(image_size=64), {"input": input, "layers": layers}).network.eval()
    images = torch.randn(1, 3, 64, 64, requires_grad=True)
    (slope,) = torch.autograd.grad(network.patches(seen(images, input))[0, 0, 16, 16], images)
    touched = slope[0].abs().sum(0) > 0
    assert [int(touched.any(axis).sum()) for axis in (0, 1)] == [wide, wide]


def test_its_logit_is_the_mean_of_its_patches():
    network = PATCH.team(brief()).network.eval()
    images = torch.randn(2, 3, SIZE, SIZE)
    torch.testing.assert_close(network(images), network.patches(images).mean((1, 2, 3)))


@pytest.mark.parametrize("input", CHANNELS)
def test_heat_is_where_the_traces_are(input):
    team = tiny_team(PATCH, options={"input": input, "augment": False, "steps": 60, "learning_rate": 0.01, "width": 8})
    reals, fakes = pictures(60, size=32), pictures(60, seed=1, size=32).copy()
    fakes[:, ::2, ::2] //= 2
    team.train(1, material(reals, fakes))
    half = pictures(1, seed=2, size=32).copy()
    half[:, :16:2, ::2] //= 2
    heat = team.heat_maps(half)[0]
    if team.score(half)[0] > 0.5:
        assert heat[:12].mean() > 2 * heat[20:].mean()
    else:
        assert heat[20:].mean() > 2 * heat[:12].mean()
    assert heat.shape == (32, 32)
    assert np.max(heat) == pytest.approx(1)


@pytest.mark.parametrize("wrong", [{"input": "ears"}, {"layers": 9}, {"width": 0}])
def test_impossible_options_are_refused(wrong):
    with pytest.raises(ArenaError, match=next(iter(wrong))):
        PATCH.options(wrong)
