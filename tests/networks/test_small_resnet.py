"""The small ResNet: its size, its grid of features, its gradients."""

import pytest
import torch

from arena.networks.small_resnet import small_resnet
from arena.types import ArenaError


def test_it_has_about_three_hundred_thousand_weights():
    weights = sum(p.numel() for p in small_resnet(64).parameters())
    assert 250_000 < weights < 320_000


@pytest.mark.parametrize(("side", "grid"), [(16, 1), (64, 2), (128, 4), (256, 8)])
def test_the_last_layer_sees_a_grid_of_features(side, grid):
    network = small_resnet(side, width=2)
    assert network[-1].in_features == 4 * 2 * grid**2
    assert network(torch.zeros(2, 3, side, side)).shape == (2,)


@pytest.mark.parametrize(("side", "width"), [(8, 2), (15, 2), (16, 2), (50, 2), (64, 2), (128, 4)])
def test_every_weight_learns_at_every_size(side, width):
    torch.manual_seed(0)
    network = small_resnet(side, width).to(memory_format=torch.channels_last)
    logits = network(torch.randn(8, 3, side, side).contiguous(memory_format=torch.channels_last))
    logits.square().sum().backward()
    assert logits.dtype == torch.float32
    assert all(p.grad is not None and bool(p.grad.any()) for p in network.parameters())


def test_where_a_feature_is_matters():
    torch.manual_seed(0)
    network = small_resnet(64, width=2).eval()
    image = torch.zeros(1, 3, 64, 64)
    image[..., :16, :16] = 1
    assert network(image) != network(image.flip(3))


def test_smaller_images_are_refused():
    with pytest.raises(ArenaError, match="8 pixels and more, not of 4"):
        small_resnet(4)
