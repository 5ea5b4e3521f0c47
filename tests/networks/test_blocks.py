from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn.functional import group_norm
from torch.nn.utils.parametrize import register_parametrization

from arena.networks import blocks
from arena.networks.blocks import Double, GroupNorm, Grow, Halve, Logit, Spectral
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


@pytest.mark.parametrize("side", [1, 2, 4, 5, 8])
@pytest.mark.parametrize("bias", [True, False])
def test_growing_is_repeating_pixels_then_a_plain_convolution(side, bias):
    plain = nn.Sequential(nn.UpsamplingNearest2d(scale_factor=2), nn.Conv2d(3, 7, 3, padding=1, bias=bias))
    layer = Grow(3, 7, bias=bias)
    plain[1].load_state_dict(layer.state_dict())
    layer.double(), plain.double()
    x = torch.randn(5, 3, side, side, dtype=torch.float64).to(memory_format=torch.channels_last)
    inputs = [x.clone(memory_format=torch.preserve_format).requires_grad_() for _ in range(2)]
    outputs = [layer(inputs[0]), plain(inputs[1])]
    torch.testing.assert_close(*outputs)
    weights = torch.randn_like(outputs[1])
    for output in outputs:
        (output * weights).sum().backward()
    torch.testing.assert_close(layer.weight.grad, plain[1].weight.grad)
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad)
    if bias:
        torch.testing.assert_close(layer.bias.grad, plain[1].bias.grad)


@pytest.mark.parametrize("make", [lambda: Halve(3, 7, 4, bias=True), lambda: Double(3, 7, bias=True)])
def test_a_bias_is_added_on_small_maps_as_on_large_ones(make, monkeypatch):
    layer, x = make().double(), torch.randn(2, 3, 4, 4, dtype=torch.float64)
    product = layer(x)
    monkeypatch.setattr(blocks, "FEW", 0)
    torch.testing.assert_close(product, layer(x))


@pytest.mark.parametrize("maps", [12, 16, 64])
def test_group_norm_by_sums_is_the_plain_one(maps, monkeypatch):
    monkeypatch.setattr(GroupNorm, "_sums_pay", lambda self, input: True)
    torch.manual_seed(0)
    layer, x = GroupNorm(maps).double(), (3 + torch.randn(5, maps, 4, 6, dtype=torch.float64)).requires_grad_()
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    wanted = [x, *layer.parameters()]
    outputs = layer(x), group_norm(x, layer.num_groups, layer.weight, layer.bias)
    torch.testing.assert_close(*outputs)
    weights = torch.randn_like(x)
    torch.testing.assert_close(*(torch.autograd.grad((output * weights).sum(), wanted) for output in outputs))


@pytest.mark.parametrize(("maps", "by_sums"), [(64, True), (128, False)])
def test_group_norm_goes_by_sums_where_bfloat16_trains_with_few_maps_a_group(maps, by_sums, monkeypatch):
    found = []
    monkeypatch.setattr(GroupNorm, "_by_sums", lambda self, input: found.append(input) or input)
    layer, x = GroupNorm(maps), torch.randn(2, maps, 4, 4).to(torch.bfloat16, memory_format=torch.channels_last)
    layer(x)
    assert bool(found) == by_sums
    found.clear()
    layer(x.contiguous())
    layer(x.float())
    with torch.no_grad():
        layer(x)
    assert not found


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_spectral_norm_finds_the_largest_singular_value_and_keeps_it_while_it_plays(precision):
    torch.manual_seed(0)
    layer = nn.Conv2d(3, 8, 3)
    register_parametrization(layer, "weight", Spectral(8))
    cast(layer, precision)
    for _ in range(60):
        weight = layer.weight
    top = torch.linalg.matrix_norm(weight.flatten(1).float(), 2).item()
    assert top == pytest.approx(1, abs=0.01)
    kept = layer.parametrizations.weight[0].left
    assert kept.dtype == torch.float32
    layer.eval()
    before = kept.clone()
    assert torch.equal(layer.weight, layer.weight)
    assert torch.equal(before, layer.parametrizations.weight[0].left)
    layer.train()
    layer.weight.float().square().sum().backward()
    assert torch.isfinite(layer.parametrizations.weight.original.grad.float()).all()


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
