from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny import SIZE, brief, material, pictures, tiny_team
from torch import nn

from arena import registry
from arena.generator.reconstructor import (
    UPSAMPLERS,
    Autoencoder,
    ReconstructorOptions,
    feature_error,
    features,
)
from arena.generator.resgan import Discriminator
from arena.networks.training import seeded
from arena.snapshot import player
from arena.types import ArenaError

RECONSTRUCTOR = registry.find("generator", "reconstructor")


def autoencoder(size=SIZE, **options):
    torch.manual_seed(0)
    return Autoencoder(ReconstructorOptions(**{"width": 4, "latent": 2, "side": 4, **options}), size)


def images(n=3, size=SIZE):
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("upsample", UPSAMPLERS)
@pytest.mark.parametrize(("size", "side"), [(8, 4), (16, 8), (32, 4), (64, 8)])
def test_gives_images_of_its_size_whatever_the_upsampler(upsample, size, side):
    network = autoencoder(size, upsample=upsample, side=side)
    made, divergence = network(images(size=size))
    assert made.shape == (3, 3, size, size)
    assert made.abs().max() <= 1
    assert divergence == 0


@pytest.mark.parametrize("upsample", UPSAMPLERS)
def test_an_upsampler_doubles_a_flat_map_to_a_flat_map(upsample):
    """Far from the border, where padding is felt; that is what tells it from a checkerboard."""
    block = UPSAMPLERS[upsample](2, 3)
    doubled = block(torch.ones(1, 2, 8, 8))[..., 4:-4, 4:-4]
    spread = doubled.amax((2, 3)) - doubled.amin((2, 3))
    assert (spread.max() < 1e-5) == (upsample in ("nearest", "bilinear"))


def test_nothing_but_the_code_passes():
    def seen(network):
        nn.init.zeros_(network.from_code.weight)
        one, other = network.eval()(images())[0][:2]
        return not torch.equal(one, other)

    assert not seen(autoencoder())
    assert seen(autoencoder(skips=True))


def test_a_code_has_as_many_numbers_as_the_options_say():
    codes = []
    network = autoencoder(64, latent=5, side=8)
    network.from_code.register_forward_pre_hook(lambda module, inputs: codes.append(inputs[0].shape))
    network(images(size=64))
    assert codes == [(3, 5, 8, 8)]


def test_the_divergence_by_hand():
    network = autoencoder(variational=True)
    nn.init.zeros_(network.to_code.weight)
    with torch.no_grad():
        network.to_code.bias.copy_(torch.tensor([1.0, 2.0, 0.0, np.log(4.0)]))  # two means, two logarithms of variances
    _, divergence = network(images())
    places = 4 * 4
    expected = places * ((1 + 1 - 1 - 0) + (4 + 4 - 1 - np.log(4.0))) / 2 / (3 * SIZE * SIZE)
    assert divergence.item() == pytest.approx(expected, rel=1e-5)


def test_a_variational_code_is_drawn_in_training_only():
    network = autoencoder(variational=True)
    assert not torch.equal(network(images())[0], network(images())[0])
    network.eval()
    assert torch.equal(network(images())[0], network(images())[0])


def test_a_code_that_is_not_variational_is_never_drawn():
    network = autoencoder()
    assert torch.equal(network(images())[0], network(images())[0])


def test_feature_error_by_hand():
    one = [torch.tensor([2.0, -4.0]), torch.tensor([1.0]), *[torch.zeros(1)] * 3]
    other = [torch.tensor([2.0, -1.0]), torch.tensor([3.0]), *[torch.ones(1)] * 3]
    assert feature_error(one, other).item() == pytest.approx(((3 / 2) / 3 + 2) / 2)


def test_features_are_those_on_the_way_to_the_logit():
    discriminator = Discriminator(4, SIZE)
    found = features(discriminator, images())
    torch.testing.assert_close(found[-1], discriminator(images()))
    assert [f.shape[-1] for f in found[:-3]] == [8, 4]


def test_training_brings_pixels_nearer():
    team = tiny_team(RECONSTRUCTOR, options={"steps": 60, "learning_rate": 2e-3, "average": 0.0})
    curve = team.train(1, material(pictures(30))).curve
    assert curve[-1].losses["pixels"] < 0.7 * curve[0].losses["pixels"]


def test_it_rebuilds_faces_of_its_own_and_says_which():
    reals = pictures(30)
    team = tiny_team(RECONSTRUCTOR, options={"bank": 12})
    team.train(1, material(reals))
    known = {image.tobytes() for image in reals}
    with seeded(4, "cpu"):
        places = team.latents(30)
    originals = team.originals(places).numpy()
    assert sorted(places[:12].tolist()) == list(range(12))
    assert sorted(places[12:24].tolist()) == list(range(12, 24))
    assert {image.tobytes() for image in originals[:12]} <= known
    assert {np.ascontiguousarray(image[:, ::-1]).tobytes() for image in originals[12:24]} <= known
    network = team.trainables["generator"].settle()
    made, told = team.generate(30, 4), team.sources(30, 4)
    assert np.array_equal(told.images["original"], originals)
    assert told.words == ("",) * 30
    again = player(team.snapshot(1)).generate(30, 4)
    assert np.array_equal(made, again)
    with torch.no_grad():
        alone = team.render(network, places[7:8])
    assert np.abs(alone.add(1).mul(127.5).permute(0, 2, 3, 1).numpy()[0] - made[7]).max() <= 1


def test_every_round_rebuilds_others():
    team = tiny_team(RECONSTRUCTOR, options={"bank": 5})
    team.train(1, material(pictures(30)))
    before = team.bank.images
    team.train(2, material(pictures(30)))
    assert len(team.bank) == len(before) == 5
    assert not np.array_equal(team.bank.images, before)


def test_before_it_knows_a_face_it_makes_noise():
    team = tiny_team(RECONSTRUCTOR)
    assert team.generate(3, 1).shape == (3, SIZE, SIZE, 3)
    assert team.sources(3, 1) is None


def test_augmentation_changes_what_the_adversary_sees():
    teams = [tiny_team(RECONSTRUCTOR, options={"augment": a}) for a in ("", "colour,cutout")]
    for team in teams:
        team.train(1, material(pictures(30)))
    plain, changed = (team.snapshot(1).weights["generator/to_code.weight"] for team in teams)
    assert not np.array_equal(plain, changed)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"side": 6}, "side must be a power of two from 4, not 6"),
        ({"side": 2}, "side must be a power of two from 4, not 2"),
        ({"upsample": "cubic"}, "upsample must be one of transposed, nearest, bilinear, shuffle, not 'cubic'"),
        ({"pixels": -1.0}, "pixels must not be negative"),
        ({"divergence": float("nan")}, "divergence must not be negative"),
        ({"bank": 1}, "bank at least 2"),
    ],
)
def test_wrong_options_are_one_sentence(wrong, word):
    with pytest.raises(ValueError, match=word):
        ReconstructorOptions(**wrong)


def test_a_code_as_large_as_the_image_is_one_sentence():
    with pytest.raises(ArenaError, match="a code of side 16 has to be smaller than images of 16: set side"):
        RECONSTRUCTOR.team(brief(), {"side": 16})
