"""Losses of adversarial training, on logits where above 0 means fake.

Goodfellow et al. 2014 write D(x) for the probability that x is real; here the logit `l` is that of fake, so
D(x) = sigmoid(-l) and -log D(x) = softplus(l). A critic's value of Wasserstein GANs, high for real, is -l.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus


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


@dataclass(frozen=True)
class Loss:
    """What the two networks of a GAN minimise.

    `discriminator`: of logits of real and fake images `[N]` and the label smoothing. `generator`: of logits of fake
    and of real images, the latter without gradients.
    """

    discriminator: Callable[[Tensor, Tensor, float], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]


LOSSES: Mapping[str, Loss] = {
    # Goodfellow et al. 2014, non-saturating.
    "standard": Loss(discriminator_loss, lambda fake, real: evasion_loss(fake)),
    # Lim and Ye, Geometric GAN, 2017; Miyato et al. 2018, equations 16 and 17.
    "hinge": Loss(
        lambda real, fake, smoothing: relu(1 + real).mean() + relu(1 - fake).mean(), lambda fake, real: fake.mean()
    ),
    # Jolicoeur-Martineau, The relativistic discriminator, 2018: is the real one of a pair more real than the fake one?
    "relativistic": Loss(
        lambda real, fake, smoothing: softplus(real - fake).mean(), lambda fake, real: softplus(fake - real).mean()
    ),
    # Arjovsky et al., Wasserstein GAN, 2017. It needs a gradient penalty.
    "wasserstein": Loss(lambda real, fake, smoothing: real.mean() - fake.mean(), lambda fake, real: fake.mean()),
}


def slopes(images: Tensor, logits: Tensor) -> Tensor:
    """Squared length of the gradient of each logit, float32 `[N]`, by its image; it can be trained through."""
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.float().square().sum((1, 2, 3))


def zero_centred(images: Tensor, logits: Tensor) -> Tensor:
    """Half of the mean squared gradient: R1 on real images, R2 on fakes (Mescheder et al. 2018, equation 9).

    `images`: `[N, C, S, S]` that want gradients. `logits`: theirs, `[N]`. Returns float32 `[]`.
    """
    return slopes(images, logits).mean() / 2


def one_centred(images: Tensor, logits: Tensor) -> Tensor:
    """The gradient penalty of WGAN-GP, on mixes of real and fake images (Gulrajani et al. 2017, equation 3).

    `images`, `logits` and what is returned: as of `zero_centred`.
    """
    return ((slopes(images, logits) + 1e-12).sqrt() - 1).square().mean()
