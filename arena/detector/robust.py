"""A detector that trains against those who attack it: Fake Check's, with its normalisation inside the network.

A. Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, 2017 (arXiv:1706.06083), section 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from arena.detector.backbone import BackboneDetector, BackboneOptions
from arena.detector.jpeg import jpeg_at
from arena.networks.attacks import bim, fgsm, pgd
from arena.networks.blocks import Logit
from arena.networks.straight import straight
from arena.networks.trainable import frozen
from arena.registry import register

ATTACKS: Final = ("fgsm", "bim", "pgd")
EPOCH = 9000
"""Images of the original's data set, after which it lowered its learning rate."""
QUALITY = 15
"""Of the JPEG that defends."""


@dataclass(frozen=True)
class RobustOptions(BackboneOptions):
    """Options of the robust detector. The original: 224 px, ImageNet weights, momentum SGD, batches of 128."""

    batch: int = 32
    steps: int = 40
    attacked: float = 0.6
    """Share of the batches that are attacked before it learns from them."""
    attacks: tuple[str, ...] = ("fgsm", "bim", "pgd")
    """The attacks that take turns: fgsm, bim and pgd, or some of them."""
    eps: float = 8.0
    """The most an attack changes a pixel, in grey levels."""
    alpha: float = 2.0
    """What a step of bim and of pgd changes it, in grey levels."""
    attack_steps: int = 7
    """Steps of bim and of pgd."""
    decay: float = 0.98739
    """Times the learning rate after every 9,000 training images of the match, which were an epoch of the original."""
    dropout: float = 0.2
    """Dropout before the last layer."""
    resize_defence: bool = False
    """Whether every image, in training and in an exam, is first shrunk to a third of its side and enlarged again."""
    jpeg_defence: bool = False
    """Whether it then goes through JPEG of quality 15; gradients pass straight through. Both cost traces of fakes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (0 <= self.attacked <= 1 and 0 <= self.dropout < 1 and 0 < self.decay <= 1):
            raise ValueError("attacked must be in [0, 1], dropout in [0, 1) and decay in (0, 1]")
        if not self.attacks or not set(self.attacks) <= set(ATTACKS):
            raise ValueError(f"attacks must be some of {', '.join(ATTACKS)}, not {list(self.attacks)}")
        if self.eps < 0 or self.alpha < 0 or self.attack_steps < 1:
            raise ValueError("eps and alpha must not be negative, and attack_steps at least 1")


@register("detector", "robust")
class Robust(BackboneDetector[RobustOptions]):
    """EfficientNet-B0, trained adversarially: FGSM, BIM and PGD in turn; resizing and JPEG before it by option."""

    Options = RobustOptions
    captures = False  # the attack and the learning rate differ from step to step

    def build_network(self) -> nn.Module:
        """See `NetworkDetector.build_network`."""
        body = self.backbone()
        return nn.Sequential(body, nn.Dropout(self.options.dropout), Logit(body.features))

    def pace(self, step: int) -> float:
        """See `NetworkDetector.pace`."""
        decayed: float = self.options.decay ** ((self.images + step * self.options.batch) / EPOCH)
        return decayed

    def loss(self, images: Tensor, labels: Tensor, step: int) -> Tensor:
        """See `NetworkDetector.loss`: of the images as an attack leaves them, where it is their turn."""
        before, after = (math.floor(done * self.options.attacked + 1e-9) for done in (step, step + 1))
        if after > before:
            images = self._attacked(images, labels, self.options.attacks[before % len(self.options.attacks)])
        return super().loss(images, labels, step)

    def _attacked(self, images: Tensor, labels: Tensor, attack: str) -> Tensor:
        """A batch changed to be taken for its contrary by the network as it stands, in its evaluation mode."""
        contrary = 1 - 2 * labels
        eps, alpha, steps = self.options.eps / 255, self.options.alpha / 255, self.options.attack_steps

        def objective(pixels: Tensor) -> Tensor:
            logits: Tensor = self.network(self._fitted(pixels * 2 - 1)).float()
            return contrary * logits

        pixels = ((images + 1) / 2).clamp_(0, 1)
        self.network.eval()
        with frozen(self.network):
            if attack == "fgsm":
                found = fgsm(objective, pixels, eps)
            else:
                found = (bim if attack == "bim" else pgd)(objective, pixels, eps, alpha, steps)
        self.network.train()
        return found * 2 - 1

    def _fitted(self, images: Tensor) -> Tensor:
        """See `NetworkDetector._fitted`: the defences act before it, on pixels of the match's images."""
        if self.options.resize_defence:
            images = shrunk(images.float())
        if self.options.jpeg_defence:
            images = straight(images, recoded(images.detach().float()))
        return super()._fitted(images)


def shrunk(images: Tensor) -> Tensor:
    """Images `[N, 3, S, S]` brought to a third of their side and back, with gradients; what was finer is gone."""
    side = images.shape[-1]
    small = interpolate(images, (max(1, round(side / 3)),) * 2, mode="bilinear", align_corners=False, antialias=True)
    return interpolate(small, (side, side), mode="bilinear", align_corners=False)


def recoded(images: Tensor) -> Tensor:
    """Images, float32 `[N, 3, S, S]` in [-1, 1], after JPEG of quality 15 with halved chroma: same shape and range."""
    n = len(images)
    quality = torch.full((n,), QUALITY, device=images.device)
    return jpeg_at(images, quality, torch.ones(n, 1, 1, 1, dtype=torch.bool, device=images.device))
