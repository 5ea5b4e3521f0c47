"""Attacks against a small network: the definition by hand, and the Adversarial Robustness Toolbox."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from tiny import SIZE, pictures
from torch import nn

from arena.networks.attacks import bim, called_real, fgsm, from_unit, pgd, to_unit
from arena.networks.training import seeded

EPS, ALPHA, STEPS = 8 / 255, 2 / 255, 9


@pytest.fixture
def critic():
    """Images in [-1, 1] to logits `[N]`, curved enough for the direction to change on the way."""
    with seeded(5, "cpu"):
        network = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1), nn.Tanh(), nn.Conv2d(8, 8, 3, 2, 1), nn.Tanh(), nn.Flatten(), nn.Linear(128, 1)
        )
    network[-1].weight.data *= 10
    return nn.Sequential(network.requires_grad_(False), nn.Flatten(0)).eval()


@pytest.fixture
def images():
    return torch.from_numpy(pictures(12, seed=3).copy()).permute(0, 3, 1, 2).float() / 255


def attacks(critic, images, eps=EPS, momentum=0.0):
    objective = called_real(critic)
    with seeded(1, "cpu"):
        return {
            "fgsm": fgsm(objective, images, eps),
            "bim": bim(objective, images, eps, ALPHA, STEPS, momentum),
            "pgd": pgd(objective, images, eps, ALPHA, STEPS, momentum),
        }


def test_a_line_is_climbed_to_the_corner_of_the_ball(images):
    slope = torch.linspace(-1, 1, 3 * SIZE * SIZE).reshape(1, 3, SIZE, SIZE)
    for name, moved in attacks(lambda x: -((x + 1) / 2 * slope).sum((1, 2, 3)), images).items():
        torch.testing.assert_close(moved, (images + EPS * slope.sign()).clamp(0, 1), msg=name)


@pytest.mark.parametrize("momentum", [0.0, 1.0])
def test_stay_within_eps_and_the_range_of_pixels(critic, images, momentum):
    for name, moved in attacks(critic, images, momentum=momentum).items():
        assert (moved - images).abs().max() <= EPS + 1e-6, name
        assert moved.min() >= 0, name
        assert moved.max() <= 1, name
        assert (critic(moved * 2 - 1) < critic(images * 2 - 1)).all(), name


def test_more_steps_climb_higher(critic, images):
    moved = attacks(critic, images)
    reached = {name: float(critic(at * 2 - 1).mean()) for name, at in moved.items()}
    assert reached["bim"] < reached["fgsm"] < float(critic(images * 2 - 1).mean())


def test_eps_of_nothing_changes_nothing(critic, images):
    for moved in attacks(critic, images, eps=0.0).values():
        assert torch.equal(moved, images)


def test_a_flat_objective_moves_nothing(images):
    flat = lambda x: 0 * x.sum((1, 2, 3))  # noqa: E731
    for momentum in (0.0, 1.0):
        assert torch.equal(bim(flat, images, EPS, ALPHA, STEPS, momentum), images)


def test_an_image_is_attacked_by_itself(critic, images):
    whole = bim(called_real(critic), images, EPS, ALPHA, STEPS, 1.0)
    alone = bim(called_real(critic), images[3:4], EPS, ALPHA, STEPS, 1.0)
    torch.testing.assert_close(whole[3:4], alone)


def test_leave_no_gradients_behind(critic, images):
    attacks(critic, images)
    assert not images.requires_grad
    assert all(p.grad is None for p in critic.parameters())


@pytest.fixture
def toolbox(critic):
    """The same critic as a classifier of the Adversarial Robustness Toolbox: class 1 is fake."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from art.estimators.classification import PyTorchClassifier

    class TwoLogits(nn.Module):
        def __init__(self):
            super().__init__()
            self.critic = critic

        def forward(self, images):
            logits = self.critic(images * 2 - 1)
            return torch.stack([-logits / 2, logits / 2], dim=1)

    return PyTorchClassifier(
        TwoLogits(), nn.CrossEntropyLoss(), (3, SIZE, SIZE), 2, clip_values=(0.0, 1.0), device_type="cpu"
    )


@pytest.mark.parametrize(
    ("attack", "momentum"), [("fgsm", 0.0), ("bim", 0.0), ("bim", 1.0)], ids=["fgsm", "bim", "momentum"]
)
def test_the_toolbox_makes_the_same_images(critic, images, toolbox, attack, momentum):
    from art.attacks.evasion import FastGradientMethod, ProjectedGradientDescentPyTorch

    if attack == "fgsm":
        theirs = FastGradientMethod(toolbox, eps=EPS)
    else:
        theirs = ProjectedGradientDescentPyTorch(
            toolbox, eps=EPS, eps_step=ALPHA, max_iter=STEPS, decay=momentum or None, verbose=False
        )
    fake = np.tile([0.0, 1.0], (len(images), 1))
    expected = theirs.generate(images.numpy(), y=fake)
    found = attacks(critic, images, momentum=momentum)[attack].numpy()
    different = np.abs(found - expected) > 1e-5  # a gradient near zero may have either sign
    assert different.mean() < 1e-3
    assert np.abs(found - images.numpy()).max() > 0.9 * EPS


def test_the_toolboxs_pgd_ends_as_high(critic, images, toolbox):
    from art.attacks.evasion import ProjectedGradientDescentPyTorch

    np.random.seed(0)
    theirs = ProjectedGradientDescentPyTorch(
        toolbox, eps=EPS, eps_step=ALPHA, max_iter=40, num_random_init=1, verbose=False
    )
    expected = torch.from_numpy(theirs.generate(images.numpy(), y=np.tile([0.0, 1.0], (len(images), 1))))
    with seeded(1, "cpu"):
        found = pgd(called_real(critic), images, EPS, ALPHA, 40)
    torch.testing.assert_close(critic(found * 2 - 1), critic(expected * 2 - 1), rtol=0.02, atol=0.02)


def test_pixels_come_back_from_an_attack_as_they_went():
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).astype(np.uint8)
    moved = to_unit(images, "cpu")
    assert (moved.shape, moved.dtype) == ((3, 3, 8, 8), torch.float32)
    assert float(moved.max()) <= 1
    np.testing.assert_array_equal(from_unit(moved), images)
    np.testing.assert_array_equal(from_unit(moved + 0.4 / 255), images)  # rounded, not cut off
    assert from_unit(moved).flags["C_CONTIGUOUS"]
