from __future__ import annotations

import math

import pytest
import torch

from arena.generator.losses import discriminator_loss, evasion_loss

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
