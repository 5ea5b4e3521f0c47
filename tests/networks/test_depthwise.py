import pytest
import torch
from torch import nn

from arena.networks.backbones import quicken
from arena.networks.depthwise import Depthwise


def convolution(maps: int, kernel: int = 3, **options) -> nn.Conv2d:
    return nn.Conv2d(maps, maps, kernel, groups=maps, padding=kernel // 2, bias=False, **options)


def gradients(layer: nn.Module, images: torch.Tensor, towards: torch.Tensor) -> tuple[torch.Tensor, ...]:
    images = images.clone().requires_grad_()
    found = layer(images)
    return found.detach(), *torch.autograd.grad(found, [images, layer.weight], towards.to(found.dtype))


@pytest.mark.parametrize("side", [1, 2, 4, 5, 9])
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
def test_it_and_its_gradients_are_those_of_the_convolution(side, kernel, stride):
    torch.manual_seed(0)
    conv, images = convolution(6, kernel, stride=stride), torch.randn(3, 6, side, side)
    expected = gradients(conv, images, towards := torch.randn_like(conv(images)))
    for found, exact in zip(gradients(Depthwise(conv), images, towards), expected, strict=True):
        torch.testing.assert_close(found, exact, atol=1e-5, rtol=1e-5)


def test_it_computes_in_the_dtype_of_its_input_and_learns_in_float32():
    torch.manual_seed(0)
    conv, images = convolution(4), torch.randn(2, 4, 4, 4)
    exact, (found, *learned) = conv(images), gradients(Depthwise(conv), images.bfloat16(), torch.ones(2, 4, 4, 4))
    assert found.dtype == learned[0].dtype == torch.bfloat16
    assert learned[1].dtype == torch.float32
    torch.testing.assert_close(found.float(), exact, atol=0.05, rtol=0.05)


def test_what_is_frozen_gets_no_gradient_and_lets_it_through():
    layer, images = Depthwise(convolution(4).requires_grad_(False)), torch.randn(2, 4, 4, 4, requires_grad=True)
    layer(images).sum().backward()
    assert layer.weight.grad is None
    assert images.grad.abs().sum() > 0


def test_it_stands_for_what_it_can_and_keeps_the_names():
    inner = nn.Sequential(convolution(4, 5))
    others = convolution(4, stride=3), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3, groups=2)
    network = nn.Sequential(convolution(4), inner, *others)
    names = list(network.state_dict())
    quicken(network)
    assert type(network[0]) is type(inner[0]) is Depthwise
    assert {type(layer) for layer in network[2:]} == {nn.Conv2d}
    assert list(network.state_dict()) == names
