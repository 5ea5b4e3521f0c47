"""Triplets and a support vector machine, WeAreApe's way: an embedding that parts real from fake, and a plane in it.

F. Schroff et al., FaceNet: A Unified Embedding for Face Recognition and Clustering, 2015, section 3.1; batch-hard:
A. Hermans et al., In Defense of the Triplet Loss for Person Re-Identification, 2017, section 2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, relu

from arena.detector.backbone import BackboneDetector, BackboneOptions
from arena.detector.last_layer import framed
from arena.detector.regression import Numbers, directions, moves_of
from arena.detector.team import Batches
from arena.networks.backbones import Backbone
from arena.registry import register
from arena.types import FAKE

_FOLDS = 5
"""Of the cross-validation that the machine's calibration is fitted with."""


@dataclass(frozen=True)
class TripletSVMOptions(BackboneOptions):
    """Options of the embedding and its machine. The original: 380 px, ImageNet weights, SGD with 0.01."""

    backbone: str = "efficientnet_b4"
    """The network, by its name in timm: the original also tried inception_resnet_v2, xception41 and efficientnet_b5."""
    input: Literal["auto", "rgb", "high-pass"] = "auto"  # type: ignore[assignment]
    """What it sees. auto: high-pass, of which it learns something in minutes, as of rgb it does not; or rgb, where it
    starts from ImageNet's weights, which know pixels."""
    batch: int = 28
    steps: int = 40
    embedding: int = 512
    """Numbers of the embedding, whose length is 1."""
    margin: float = 1.0
    """How much farther, in squared distance, an image of the other kind has to be than one of its own."""
    triplets: str = "random"
    """Whom each image is compared with: random others, or hard: the farthest of its kind and the nearest other."""
    penalty: float = 1e-4
    """Weight of the squared weights of the embedding's layer in the loss."""
    dropout: float = 0.4
    """Dropout before the embedding's layer."""
    samples: int = 560
    """Images of a round that the machine is fitted to: changed as in training, half of them real."""
    softness: float = 1.0
    """C of the machine: what an image on the wrong side costs."""
    steady: bool = False
    """Whether the plane is deaf to what zooming, shifting and light change in real faces on average: neither is a cue
    then, and little is left of what minutes have taught it (experiments/weareape). Unless it is given, on
    where `arena train` trains it."""

    alone: ClassVar[Mapping[str, Any]] = {"steady": True}

    def __post_init__(self) -> None:
        if self.input == "auto":
            object.__setattr__(self, "input", "rgb" if self.pretrained else "high-pass")
        super().__post_init__()
        if self.triplets not in ("random", "hard"):
            raise ValueError(f"triplets must be random or hard, not {self.triplets!r}")
        if self.embedding < 1 or not (0 <= self.dropout < 1 and 0 <= self.penalty < math.inf):
            raise ValueError("embedding must be at least 1, dropout in [0, 1) and penalty not negative")
        if not (0 < self.margin < math.inf and 0 < self.softness < math.inf):
            raise ValueError("margin and softness must be positive")
        if self.samples < 2 * _FOLDS:
            raise ValueError(f"samples must be at least {2 * _FOLDS}")


@register("detector", "triplet-svm")
class TripletSVM(BackboneDetector[TripletSVMOptions]):
    """EfficientNet-B4's embedding, trained with triplets, and a calibrated linear support vector machine over it."""

    Options = TripletSVMOptions

    def build_network(self) -> nn.Module:
        """See `NetworkDetector.build_network`."""
        return Embedding(self.backbone(), self.options.embedding, self.options.dropout)

    def loss(self, images: Tensor, labels: Tensor, step: int) -> Tensor:
        """See `NetworkDetector.loss`: the triplets' and the penalty."""
        network, options = cast(Embedding, self.network), self.options
        found = triplet_loss(network.embed(self._fitted(images)), labels, options.margin, options.triplets == "hard")
        return found + options.penalty * network.dense.weight.float().square().sum()

    @torch.no_grad()
    def conclude(self, batch: Batches, reals: Tensor) -> None:
        """See `NetworkDetector.conclude`: fit the machine to freshly drawn images of the training."""
        options = self.options
        playing = cast(Embedding, self.trainables["detector"].settle())
        points, labels = [], []

        def measure(images: Tensor) -> Numbers:
            found: Numbers = playing.embed(self._fitted(images)).double().cpu().numpy()
            return found

        for _ in range(-(-options.samples // options.batch)):
            images, truth = batch(options.steps)
            points.append(measure(images))
            labels.append(truth.cpu().numpy())
        moves = moves_of(measure, framed(reals)) if options.steady else None
        plane = fit(np.concatenate(points), np.concatenate(labels), options.softness, moves)
        for name, value in plane.items():
            cast(Embedding, self.network).get_buffer(name).copy_(torch.from_numpy(value))


class Embedding(nn.Module):
    """Images `[N, 3, S, S]` as points on a sphere, and a plane that parts real from fake: logits, float32 `[N]`.

    The machine is four arrays among the network's own, so that it is stored as they are and gradients pass through it:
    `weight` and `intercept` of its plane, `slope` and `offset` of its calibration. Until it is fitted every logit is 0.
    """

    weight: Tensor
    intercept: Tensor
    slope: Tensor
    offset: Tensor

    def __init__(self, body: Backbone, size: int, dropout: float) -> None:
        super().__init__()
        self.body, self.dropout, self.dense = body, nn.Dropout(dropout), nn.Linear(body.features, size)
        self.register_buffer("weight", torch.zeros(size))
        for name in ("intercept", "slope", "offset"):
            self.register_buffer(name, torch.zeros(1))

    def embed(self, images: Tensor) -> Tensor:
        """The images' points, float32 `[N, size]` of length 1."""
        return normalize(self.dense(self.dropout(self.body(images))).float())

    def forward(self, images: Tensor) -> Tensor:
        """See above. J. Platt, Probabilistic Outputs for Support Vector Machines, 1999: a sigmoid of the distance."""
        distance = self.embed(images) @ self.weight + self.intercept
        return -(self.slope * distance + self.offset)


def triplet_loss(points: Tensor, labels: Tensor, margin: float, hard: bool = False) -> Tensor:
    """Mean over images of [d(image, one of its kind) - d(image, one of the other) + margin]+, d squared distances.

    `points`: float32 `[N, D]` of length 1; `labels`: `[N]`, at least two of each kind.
    """
    distance = 2 - 2 * points @ points.T
    same = labels[:, None] == labels
    others = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    near, far = (distance, -distance) if hard else torch.rand(2, *distance.shape, device=distance.device)
    kin = near.masked_fill(~others, -math.inf).argmax(1, keepdim=True)
    stranger = far.masked_fill(same, -math.inf).argmax(1, keepdim=True)
    return relu(distance.gather(1, kin) - distance.gather(1, stranger) + margin).mean()


def fit(
    points: Numbers, labels: npt.NDArray[np.float32], softness: float, moves: Numbers | None = None
) -> dict[str, Numbers]:
    """The plane that parts points `[N, D]` by their labels `[N]`, and its calibration, by the names in `Embedding`.

    `moves`: directions `[ways, D]` that it is to lie along, so that what moves a point so changes nothing.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import LinearSVC

    if moves is not None:
        along = directions(moves)
        points = points - points @ along @ along.T
    # The primal has no random order, but without a state of its own it would draw from everybody's.
    machine = LinearSVC(C=softness, dual=False, random_state=0)
    fitted = CalibratedClassifierCV(machine, cv=_FOLDS, ensemble=False).fit(points, labels == FAKE)
    (one,) = fitted.calibrated_classifiers_
    (sigmoid,) = one.calibrators
    # Four plain arrays are all there is to know of it: nothing of scikit-learn has to be stored or loaded.
    return {
        "weight": one.estimator.coef_[0],
        "intercept": one.estimator.intercept_,
        "slope": np.array([sigmoid.a_]),
        "offset": np.array([sigmoid.b_]),
    }
