"""Layers that take the place of published ones: the same outputs, the same gradients, under the same names."""

import copy

import pytest
import torch
from torch import nn

from arena.networks.backbones import Backbone, quicken
from arena.networks.excite import Excite
from arena.networks.products import SMALL, Product

LAYERS = [((1, 1), 1), ((1, 1), 2), ((1, 1), SMALL), ((1, 1), SMALL + 1), ((1, 7), 3), ((7, 1), 3), ((1, 7), 4)]
LAYERS += [((7, 1), 5), ((1, 3), 1), ((3, 1), 1), ((3, 1), 2)]


def both(layer, plain, images, dtype):
    """Output and gradients of two layers: towards the images, and towards every weight."""
    towards = torch.randn_like(plain(images))
    found = []
    for one in (layer, plain):
        one, at = copy.deepcopy(one).to(dtype), images.to(dtype).detach().requires_grad_()
        output = one(at)
        names, weights = zip(*one.named_parameters(), strict=True)
        gradients = torch.autograd.grad(output, [at, *weights], towards.to(dtype))
        found.append({"output": output.detach(), "images": gradients[0]} | dict(zip(names, gradients[1:], strict=True)))
    return found


@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-12), (torch.float32, 1e-5), (torch.bfloat16, 0.02)])
@pytest.mark.parametrize(("kernel", "side"), LAYERS)
@pytest.mark.parametrize("bias", [True, False])
def test_a_product_is_the_convolution(kernel, side, bias, dtype, close):
    torch.manual_seed(0)
    padding = tuple(length // 2 for length in kernel)
    conv = nn.Conv2d(6, 5, kernel, padding=padding, bias=bias).to(memory_format=torch.channels_last)
    assert Product.stands_for(conv)
    images = torch.randn(3, 6, side, side).to(memory_format=torch.channels_last)
    found, expected = both(Product(conv), conv, images, dtype)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        largest = float(value.abs().max())
        torch.testing.assert_close(found[name], value, atol=close * largest, rtol=close)
        if name in ("output", "weight"):  # what is copied or added in another order takes many times as long
            assert found[name].is_contiguous(memory_format=torch.channels_last)


def test_it_is_a_product_where_maps_are_small_and_have_gradients(monkeypatch):
    products, linear = [], nn.functional.linear
    monkeypatch.setattr("arena.networks.products.linear", lambda *given: products.append(1) or linear(*given))
    layer, images = Product(nn.Conv2d(4, 4, 1)), torch.randn(1, 4, SMALL, SMALL)
    layer(images)
    assert len(products) == 1
    with torch.no_grad():
        layer(images)
    layer(torch.randn(1, 4, SMALL + 1, SMALL))
    layer.requires_grad_(False)(images)
    assert len(products) == 1


@pytest.mark.parametrize("options", [{"stride": 2}, {"groups": 2}, {"padding": 1}, {"padding_mode": "circular"}])
def test_other_convolutions_stay_what_they_are(options):
    assert not Product.stands_for(nn.Conv2d(4, 4, 1, **options))
    assert not Product.stands_for(nn.Conv2d(4, 4, 3, padding=1))


@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)])
@pytest.mark.parametrize("side", [1, 4, 9])
def test_exciting_is_as_published(side, dtype, close):
    from timm.models._efficientnet_blocks import SqueezeExcite

    torch.manual_seed(0)
    plain = SqueezeExcite(8, rd_channels=3, act_layer=nn.SiLU)
    images = torch.randn(3, 8, side, side).to(memory_format=torch.channels_last)
    found, expected = both(Excite(plain), plain, images, dtype)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, atol=close * float(value.abs().max()), rtol=close)
    with torch.no_grad():
        assert torch.equal(Excite(plain)(images), plain(images))


def test_a_published_network_stays_itself(monkeypatch):
    quick = Backbone("efficientnet_b0")
    monkeypatch.setattr("arena.networks.backbones.quicken", lambda network: None)
    plain = Backbone("efficientnet_b0")
    assert list(quick.state_dict()) == list(plain.state_dict())
    plain.load_state_dict(quick.state_dict())
    kinds = [type(module) for module in quick.modules()]
    assert kinds.count(Excite) == 16
    assert kinds.count(nn.Conv2d) == 1
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(quick.eval()(images), plain.eval()(images))
    given = [images.clone().requires_grad_() for _ in range(2)]
    seen = [torch.autograd.grad(network(at).sum(), at)[0] for network, at in zip((quick, plain), given, strict=True)]
    torch.testing.assert_close(*seen, atol=1e-4, rtol=1e-3)
    quicken(quick)
    assert [type(module) for module in quick.modules()] == kinds
