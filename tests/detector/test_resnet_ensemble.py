"""The ensemble: which models judge which image, that their probabilities are averaged, and its own augmentation."""

import numpy as np
import pytest
import torch
from tiny import material, pictures, tiny_options, tiny_team

from arena import registry
from arena.detector import resnet_ensemble
from arena.detector.resnet_ensemble import Ensemble, size_for
from arena.snapshot import player
from arena.types import ArenaError

ENSEMBLE = registry.find("detector", "resnet-ensemble")
REALS, FAKES = pictures(20, seed=2), 255 - pictures(20, seed=3)


def small(**options):
    return {"width": 2, "models": 2, **options}


@pytest.mark.parametrize(
    ("side", "size"), [(16, 64), (64, 64), (127, 64), (128, 128), (255, 128), (256, 256), (999, 256)]
)
def test_the_size_of_the_models_is_chosen_by_that_of_the_image(side, size):
    assert size_for(side, (64, 128, 256)) == size


def test_where_only_some_sizes_have_models_the_next_smaller_judges():
    assert [size_for(side, (128, 256)) for side in (64, 128, 300)] == [128, 128, 256]
    assert size_for(256, (64,)) == 64


@pytest.mark.parametrize(
    ("image_size", "sizes", "expected"), [(16, (), ["64"]), (128, (), ["128"]), (16, (64, 128), ["64", "128"])]
)
def test_a_match_has_models_for_its_images_unless_told_otherwise(image_size, sizes, expected):
    team = tiny_team(ENSEMBLE, image_size=image_size, options=small(sizes=sizes))
    assert list(team.network.models) == expected
    assert all(len(models) == 2 for models in team.network.models.values())


def test_the_score_is_the_mean_of_the_probabilities_of_one_sizes_models():
    team = tiny_team(ENSEMBLE, options=small(models=3, sizes=(64, 128)))
    team.train(1, material(REALS, FAKES))
    shown = pictures(5, seed=4, size=128)
    network = team.trainables["detector"].settle()
    with torch.no_grad():
        fitted = team._fitted(torch.from_numpy(shown.copy()).permute(0, 3, 1, 2) / 127.5 - 1)
        alone = torch.stack([torch.sigmoid(model(fitted)) for model in network.models["128"]])
    assert np.ptp(alone.numpy(), 0).min() > 0
    np.testing.assert_allclose(team.score(shown), alone.mean(0), atol=1e-6)


def test_the_logit_of_sure_models_is_finite():
    ensemble = Ensemble((64,), 2, 2, 3)
    for model, logit in zip(ensemble.models["64"], (300.0, 200.0), strict=True):
        torch.nn.init.constant_(model[-1].bias, logit)
        torch.nn.init.zeros_(model[-1].weight)
    assert float(ensemble.eval()(torch.zeros(1, 3, 64, 64)).detach()) == pytest.approx(200 + np.log(2), abs=1e-3)


def test_every_model_learns_as_if_it_were_alone():
    """What a neighbour says changes nothing of what a model learns; with averaged probabilities it would."""
    team = tiny_team(ENSEMBLE, options=small(augment=False))
    one, other = team.network.eval().models["64"]
    images, labels = torch.rand(4, 3, 16, 16), torch.tensor([0.0, 0, 1, 1])
    gradients = []
    for surer in (0, 3):
        with torch.no_grad():
            other[-1].bias += surer
        found = torch.autograd.grad(team.loss(images, labels, 0), list(one.parameters()))
        gradients.append(found)
    assert all(torch.equal(*pair) for pair in zip(*gradients, strict=True))
    assert all(gradient.any() for gradient in gradients[0])


def test_turning_is_an_option_and_turns_no_further():
    images = torch.from_numpy(np.array(pictures(6, size=32))).permute(0, 3, 1, 2).float() / 127.5 - 1
    torch.manual_seed(0)
    turned = resnet_ensemble.turned(images, 4.0)
    assert turned.shape == images.shape
    inside = (turned - images)[..., 8:-8, 8:-8].abs()
    assert 0 < inside.mean() < 0.05
    assert torch.allclose(resnet_ensemble.turned(images, 0.0), images, atol=1e-5)


@pytest.mark.parametrize(("augment", "rotation", "calls"), [(True, 4.0, [4.0] * 3), (True, 0.0, []), (False, 4.0, [])])
def test_it_turns_its_training_images_only(monkeypatch, augment, rotation, calls):
    seen = []
    monkeypatch.setattr(resnet_ensemble, "turned", lambda images, degrees: seen.append(degrees) or images)
    tiny_team(ENSEMBLE, options=small(augment=augment, rotation=rotation)).train(1, material(REALS, FAKES))
    assert seen == calls


@pytest.mark.parametrize(("face_filter", "no_face"), [(True, "fake"), (False, "whole")])
def test_a_photo_without_a_face_is_fake_unless_switched_off(face_filter, no_face):
    team = tiny_team(ENSEMBLE, options=small(face_filter=face_filter))
    assert player(team.snapshot(0)).no_face == no_face


def test_an_answer_does_not_depend_on_the_company():
    """The original scored with batch norm in training mode."""
    team = tiny_team(ENSEMBLE, options=small())
    team.train(1, material(REALS, FAKES))
    alone = np.concatenate([team.score(image[None]) for image in REALS[:4]])
    np.testing.assert_allclose(team.score(REALS[:4]), alone, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [({"sizes": (32,)}, "sizes must be"), ({"models": 0}, "at least 1"), ({"rotation": -1}, "rotation")],
)
def test_impossible_options_are_refused(options, complaint):
    with pytest.raises(ArenaError, match=complaint):
        ENSEMBLE.options(tiny_options(ENSEMBLE, **options))
