"""Losses of adversarial training, on logits where above 0 means fake.

Goodfellow et al. 2014 write D(x) for the probability that x is real; here the logit `l` is that of fake, so
D(x) = sigmoid(-l) and -log D(x) = softplus(l).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus


def discriminator_loss(real: Tensor, fake: Tensor, smoothing: float = 0.0) -> Tensor:
    """-log D(real) - log(1 - D(fake)), Goodfellow et al. 2014, equation 1.

    `real`, `fake`: logits `[N]`. `smoothing` s: one-sided label smoothing, real images have the target 1 - s
    (Salimans et al. 2016, section 3.4).
    """
    smoothed = (1 - smoothing) * softplus(real) + smoothing * softplus(-real)
    return smoothed.mean() + softplus(-fake).mean()


def evasion_loss(fake: Tensor) -> Tensor:
    """-log D(fake): the non-saturating generator loss, Goodfellow et al. 2014, section 3.

    The same formula fools the own discriminator and evades the opponent's detector. `fake`: logits `[N]`.
    """
    return softplus(fake).mean()
