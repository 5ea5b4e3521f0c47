from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from arena.networks import blocks
from arena.networks.blocks import Double, Halve, Logit
from arena.networks.trainable import cast


def pair(layer, plain, side, channels=3):
    """The layer and the plain one with the same weights, and two equal inputs."""
    torch.manual_seed(0)
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(5, channels, side, side, dtype=torch.float64).to(memory_format=torch.channels_last)
    layer.double(), plain.double()
    return [(net, x.clone(memory_format=torch.preserve_format).requires_grad_()) for net in (layer, plain)]


def halves(kernel):
    return Halve(3, 7, kernel), nn.Conv2d(3, 7, kernel, stride=2, padding=1, bias=False)


def doubles():
    return Double(3, 7), nn.ConvTranspose2d(3, 7, 4, stride=2, padding=1, bias=False)


def assert_same_gradients(both):
    outputs = [net(x) for net, x in both]
    torch.testing.assert_close(*outputs)
    loss_weights = torch.randn_like(outputs[0])
    for output in outputs:
        (output * loss_weights).sum().backward()
    torch.testing.assert_close(*(net.weight.grad for net, _ in both))
    torch.testing.assert_close(*(x.grad for _, x in both))


@pytest.mark.parametrize("kernel", [3, 4])
@pytest.mark.parametrize("side", [4, 5, 7, 8, 9, 16])
def test_halving_is_the_plain_convolution(kernel, side):
    assert_same_gradients(pair(*halves(kernel), side))


@pytest.mark.parametrize("side", [1, 3, 4, 5, 8])
def test_doubling_is_the_plain_transposed_convolution(side):
    assert_same_gradients(pair(*doubles(), side))


@pytest.mark.parametrize(("layer", "few", "many"), [(Halve(3, 7, 4), 8, 9), (Double(3, 7), 4, 5)])
def test_the_product_is_for_small_maps_only(layer, few, many, monkeypatch):
    products = []
    of_weight = blocks._of_weight
    monkeypatch.setattr(blocks, "_of_weight", lambda *a: products.append(1) or of_weight(*a))
    for side in (few, many):
        layer(torch.randn(2, 3, side, side)).sum().backward()
    assert len(products) == 1


@pytest.mark.parametrize("layer", [Halve(3, 7, 4), Double(3, 7)])
def test_frozen_weights_get_no_gradient_and_cost_none(layer, monkeypatch):
    monkeypatch.setattr(blocks, "_of_weight", None)
    layer = copy.deepcopy(layer).requires_grad_(False)
    x = torch.randn(2, 3, 4, 4, requires_grad=True)
    layer(x).sum().backward()
    assert x.grad is not None
    assert layer.weight.grad is None


def test_an_input_that_needs_no_gradient_costs_none(monkeypatch):
    monkeypatch.setattr(blocks, "_towards_large", None)
    layer = Halve(3, 7, 4)
    layer(torch.randn(2, 3, 8, 8)).sum().backward()
    assert layer.weight.grad.any()


def test_the_gradient_lies_as_the_weights_do():
    # Else every copy between gradients and masters would be a transposition.
    for layer in (Halve(3, 7, 4), Double(3, 7)):
        layer.to(memory_format=torch.channels_last)
        layer(torch.randn(2, 3, 4, 4)).sum().backward()
        assert layer.weight.grad.is_contiguous(memory_format=torch.channels_last)


def test_a_logit_is_exact_in_every_precision():
    torch.manual_seed(0)
    plain = nn.Linear(8, 1)
    layer = cast(nn.Sequential(Logit(8)), "bf16")
    layer[0].load_state_dict(plain.state_dict())
    features = torch.randn(2000, 8).bfloat16()
    logits = layer(features)
    assert logits.dtype == torch.float32
    assert torch.equal(logits, plain(features.float()).flatten())
    assert len(logits.unique()) > 1900
