from __future__ import annotations

import math

import pytest
import torch

from arena.generator.losses import LOSSES, discriminator_loss, evasion_loss, one_centred, zero_centred

LN3 = math.log(3)
"""The logit of 3 : 1, so D(x) = 1/4 at +LN3 (likely fake) and 3/4 at -LN3 (likely real)."""


def logits(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [
        ([0.0], [0.0], 2 * math.log(2)),
        ([-LN3], [LN3], 2 * math.log(4 / 3)),  # right about both
        ([LN3], [-LN3], 2 * math.log(4)),  # wrong about both
        ([LN3], [LN3], math.log(4) + math.log(4 / 3)),
        ([0.0, LN3], [0.0, 0.0, 0.0], (math.log(2) + math.log(4)) / 2 + math.log(2)),
    ],
)
def test_discriminator_loss_by_hand(real, fake, expected):
    assert discriminator_loss(logits(*real), logits(*fake)).item() == pytest.approx(expected)


def test_smoothing_by_hand_is_one_sided():
    smoothed = discriminator_loss(logits(LN3), logits(LN3), smoothing=0.1)
    assert smoothed.item() == pytest.approx(0.9 * math.log(4) + 0.1 * math.log(4 / 3) + math.log(4 / 3))


def test_smoothing_moves_the_best_logit_of_a_real_image():
    # The target 1 - s is met where D(x) = 1 - s, that is at the logit log(s / (1 - s)) of fake.
    real = logits(math.log(0.1 / 0.9))
    discriminator_loss(real, logits(0.0), smoothing=0.1).backward()
    assert real.grad.item() == pytest.approx(0, abs=1e-12)


def test_gradients_push_real_down_and_fake_up():
    real, fake = logits(0.0, 0.0), logits(0.0, 0.0)
    discriminator_loss(real, fake).backward()
    assert real.grad.tolist() == pytest.approx([0.25, 0.25])
    assert fake.grad.tolist() == pytest.approx([-0.25, -0.25])


@pytest.mark.parametrize(("fake", "expected"), [([0.0], math.log(2)), ([LN3], math.log(4)), ([-LN3], math.log(4 / 3))])
def test_evasion_loss_by_hand(fake, expected):
    assert evasion_loss(logits(*fake)).item() == pytest.approx(expected)


def test_evasion_does_not_saturate_when_the_fake_is_seen_through():
    fake = logits(20.0)
    evasion_loss(fake).backward()
    assert fake.grad.item() == pytest.approx(1, abs=1e-6)


def test_huge_logits_stay_finite():
    assert evasion_loss(logits(1e4)).item() == pytest.approx(1e4)
    assert discriminator_loss(logits(1e4), logits(-1e4)).item() == pytest.approx(2e4)
    assert discriminator_loss(logits(-1e4), logits(1e4)).item() == 0


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        ("standard", 2 * math.log(4), math.log(4 / 3)),
        ("hinge", 2 * (1 + LN3), -LN3),
        ("relativistic", math.log(1 + 9), math.log(1 + 1 / 9)),  # the pair's difference is 2 ln 3
        ("wasserstein", 2 * LN3, -LN3),
    ],
)
def test_every_loss_by_hand_where_the_discriminator_is_wrong(name, discriminator, generator):
    real, fake = logits(LN3), logits(-LN3)
    assert LOSSES[name].discriminator(real, fake, 0.0).item() == pytest.approx(discriminator)
    assert LOSSES[name].generator(fake, real.detach()).item() == pytest.approx(generator)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_pushes_real_down_and_fake_up_and_back(name):
    real, fake = logits(0.1, -0.2), logits(0.3, -0.1)
    LOSSES[name].discriminator(real, fake, 0.0).backward()
    assert (real.grad > 0).all()
    assert (fake.grad < 0).all()
    fake.grad = None
    LOSSES[name].generator(fake, real.detach()).backward()
    assert (fake.grad > 0).all()


def test_the_hinge_leaves_alone_what_is_right_by_a_margin():
    real, fake = logits(-1.5), logits(1.5)
    assert LOSSES["hinge"].discriminator(real, fake, 0.0).item() == 0


def linear(images, weights):
    return (images * weights).sum((1, 2, 3))


def test_penalties_of_a_linear_critic_by_hand():
    # Its gradient is its weights, wherever it is asked: 3 x 2 x 2 numbers of 0.5 have the squared length 3.
    weights = torch.full((3, 2, 2), 0.5, dtype=torch.float32, requires_grad=True)
    images = torch.randn(5, 3, 2, 2, requires_grad=True)
    assert zero_centred(images, linear(images, weights)).item() == pytest.approx(1.5)
    assert one_centred(images, linear(images, weights)).item() == pytest.approx((math.sqrt(3) - 1) ** 2)
    zero_centred(images, linear(images, weights)).backward()
    torch.testing.assert_close(weights.grad, weights.detach())  # d/dw of |w|^2 / 2
