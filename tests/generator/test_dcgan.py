from __future__ import annotations

import pytest
import torch
from tiny import brief
from torch import nn

from arena import registry
from arena.generator.dcgan import DCGANOptions, Discriminator, Generator
from arena.types import ArenaError

DCGAN = registry.find("generator", "dcgan")


def shapes(network):
    return {name: list(p.shape) for name, p in network.named_parameters()}


def norm(index, maps):
    return {f"{index}.weight": [maps], f"{index}.bias": [maps]}


def test_the_generator_is_the_published_one():
    layers = {"0.weight": [100, 512, 4, 4], "3.weight": [512, 256, 4, 4], "6.weight": [256, 128, 4, 4]}
    layers |= {"9.weight": [128, 64, 4, 4], "12.weight": [64, 3, 4, 4]}
    norms = norm(1, 512) | norm(4, 256) | norm(7, 128) | norm(10, 64)
    generator = Generator(100, 64, 64)
    assert shapes(generator) == layers | norms
    assert sum(p.numel() for p in generator.parameters()) == 3_576_704
    assert isinstance(generator[-1], nn.Tanh)


def test_the_discriminator_is_the_published_one():
    layers = {"0.weight": [64, 3, 4, 4], "2.weight": [128, 64, 4, 4], "5.weight": [256, 128, 4, 4]}
    layers |= {"8.weight": [512, 256, 4, 4], "11.weight": [1, 512, 4, 4]}
    discriminator = Discriminator(64, 64)
    assert shapes(discriminator) == layers | norm(3, 128) | norm(6, 256) | norm(9, 512)
    assert sum(p.numel() for p in discriminator.parameters()) == 2_765_568
    assert {m.negative_slope for m in discriminator if isinstance(m, nn.LeakyReLU)} == {0.2}


def test_it_starts_as_published():
    torch.manual_seed(0)
    generator = Generator(100, 32, 64)
    assert generator[3].weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert generator[3].weight.mean().item() == pytest.approx(0, abs=1e-3)
    scales = torch.cat([m.weight for m in generator if isinstance(m, nn.BatchNorm2d)])
    assert scales.mean().item() == pytest.approx(1, abs=0.01)
    assert scales.std().item() == pytest.approx(0.02, rel=0.2)
    assert all(not m.bias.any() for m in generator if isinstance(m, nn.BatchNorm2d))


@pytest.mark.parametrize("size", [8, 16, 32, 64, 128])
def test_fits_every_power_of_two(size):
    images = Generator(5, 2, size)(torch.randn(3, 5, 1, 1))
    assert images.shape == (3, 3, size, size)
    assert images.abs().max() <= 1
    assert Discriminator(2, size)(images).shape == (3,)


def test_features_stop_doubling_at_eight_times_the_width():
    widths = [m.weight.shape[1] for m in Generator(5, 2, 128) if isinstance(m, nn.ConvTranspose2d)]
    assert widths == [16, 16, 8, 4, 2, 3]


@pytest.mark.parametrize("size", [1, 4, 24, 48, 65])
def test_another_size_is_one_sentence(size):
    with pytest.raises(ArenaError, match=f"makes images of 8, 16, 32, 64, 128 ... pixels, not {size}"):
        DCGAN.team(brief(image_size=size))


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"width": 0}, "width must be at least 1"),
        ({"latent": 0}, "latent must be at least 1"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"batch": 1}, "batch must be at least 2"),
        ({"warmup_steps": -1}, "warmup_steps and pressure must not be negative"),
        ({"margin": -1.0}, "margin must not be negative"),
        ({"margin_growth": 0.5}, "margin_growth must be at least 1, not 0.5"),
        ({"pressure": -0.1}, "warmup_steps and pressure must not be negative"),
        ({"pressure": float("nan")}, "warmup_steps and pressure must not be negative"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"learning_rate": float("inf")}, "learning_rate must be positive"),
        ({"smoothing": 0.5}, r"smoothing must be in \[0, 0.5\)"),
        ({"smoothing": 0.1}, "smoothing belongs to the standard loss"),
        ({"beta1": 1.0}, r"beta1 and beta2 in \[0, 1\)"),
        ({"beta2": -0.1}, r"beta1 and beta2 in \[0, 1\)"),
        ({"average": 1.0}, r"average must be in \[0, 1\), not 1.0"),
        ({"every": 0}, "every must be at least 1, not 0"),
        ({"loss": "l2"}, "loss must be one of standard, hinge, relativistic, wasserstein, not 'l2'"),
        ({"r1": -1.0}, "r1 must not be negative"),
        ({"augment": "colour,turn"}, "augment knows colour, translation, cutout, not 'turn'"),
        ({"recipe": 2015}, "recipe must be one of today, 2016, not '2015'"),
        ({"norm": "layer"}, "norm must be one of batch, group, none, not 'layer'"),
        ({"discriminator_norm": "layer"}, "discriminator_norm must be one of"),
        ({"upsample": "shuffle"}, "upsample must be one of transposed, nearest, not 'shuffle'"),
    ],
)
def test_impossible_options_are_refused(wrong, word):
    with pytest.raises(ArenaError, match=word):
        DCGAN.options(wrong)


def test_the_papers_hyperparameters_are_the_defaults():
    options = DCGANOptions()
    assert (options.latent, options.beta1) == (100, 0.5)
