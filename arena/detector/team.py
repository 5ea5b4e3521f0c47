"""How a detector team trains: on its own real faces, Team A's last gallery and a reservoir of older ones."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar, Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate

from arena.detector.calibrated import SCORING_BATCH, CalibratedDetector
from arena.detector.changes import change
from arena.detector.heatmap import heat_of, smooth_grad
from arena.detector.options import DetectorOptions
from arena.networks.inputs import CHANNELS, seen
from arena.networks.team import NetworkTeam
from arena.networks.trainable import Trainable, compute_dtype
from arena.networks.training import as_pool, draw, run, seeded, to_range
from arena.seeds import derive
from arena.types import LAST, OLDER, Heat, Images, Material, Scores, Training

Batches = Callable[[int], tuple[Tensor, Tensor]]
"""The batch of a step, counted from 0: changed images, float32 `[N, 3, S, S]` in [-1, 1], and labels, float32 `[N]`."""

FAINTEST = 0.02
"""Contrast, of a range of 2, that is too little to be brought up to that of other images."""


@dataclass(frozen=True)
class NetworkOptions(DetectorOptions):
    """Options every detector network has."""

    batch: int = 64
    """Images per step, half real and half fake."""
    steps: int = 100
    """Training steps per round."""
    learning_rate: float = 1e-3
    """Adam's learning rate."""
    average: float = 0.0
    """Decay of the moving average of the weights that plays; 0 for the last weights."""
    level: bool = True
    """Whether the network sees each image without its mean brightness and contrast, so that neither can be a cue."""
    input: Literal["rgb", "high-pass", "neighbours"] = "rgb"
    """What the network sees: rgb, the pixels; high-pass, what a 3x3 blur takes away from them; or neighbours, each
    pixel's difference to the next on the right and below."""

    formerly: ClassVar[Mapping[str, Any]] = {"level": False, "input": "rgb", "shrink": False}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch < 4 or self.batch % 2 or self.steps < 1:
            raise ValueError("batch must be even and at least 4, steps at least 1")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate must be positive, not {self.learning_rate}")
        if not 0 <= self.average < 1:
            raise ValueError("average must be in [0, 1)")
        if self.input not in CHANNELS:
            raise ValueError(f"input must be one of {', '.join(CHANNELS)}, not {self.input!r}")


O = TypeVar("O", bound=NetworkOptions)  # noqa: E741


class NetworkDetector(NetworkTeam[O], CalibratedDetector):
    """A detector that is one network. A contender says how to build it."""

    Options: ClassVar[Any] = NetworkOptions

    @property
    def input_size(self) -> int | None:
        """Side in pixels of what the network sees, whatever the match's images are; None for those of the match."""
        return None

    @property
    def channels(self) -> int:
        """Channels of what the network sees."""
        return CHANNELS[self.options.input]

    @abstractmethod
    def build_network(self) -> nn.Module:
        """A network from what it sees of images, `[N, channels, S, S]`, to logits `[N]`, above 0 for fake.

        S is its input size.
        """

    def build(self) -> dict[str, Trainable]:
        """See `NetworkTeam.build`."""
        return {"detector": self.trainable(self.build_network())}

    def trainable(self, network: nn.Module, **optimiser: Any) -> Trainable:
        """A network with what trains it; `optimiser`: what else `Trainable` is to know of that."""
        brief = self.brief
        return Trainable(
            network,
            device=brief.device,
            precision=brief.precision,
            learning_rate=self.options.learning_rate,
            average=self.options.average,
            trains=brief.trains,
            **optimiser,
        )

    def pace(self, step: int) -> float:
        """Times the learning rate at this step of a round, counted from 0; who overrides it does not `captures`."""
        return 1.0

    def changes(self, step: int) -> Collection[str]:
        """Which of `changes.CHANGES` act on the training images at this step; as above."""
        return self.options.changes()

    def loss(self, images: Tensor, labels: Tensor, step: int) -> Tensor:
        """What a step lessens, a float32 scalar: the mean binary cross entropy.

        `images`: a batch as it was changed, float32 `[N, 3, S, S]` in [-1, 1]; `labels`: float32 `[N]`, 1 for fake.
        """
        return binary_cross_entropy_with_logits(self.network(self._fitted(images)).float(), labels)

    def conclude(self, batch: Batches, reals: Tensor) -> None:
        """What is left to settle between the last step of a round and the threshold.

        `batch` draws as a step does; `reals`: the real faces of the training as they are, uint8 `[N, S, S, 3]`.
        """

    @property
    def network(self) -> nn.Module:
        """The network in training."""
        return self.trainables["detector"].network

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        """See `types.Team.train`."""
        options, device = self.options, self.brief.device
        held_out, trained_on = self._split(material.faces)
        faces = material.faces.images
        drawn_from = faces[trained_on], material.pool(LAST), material.pool(OLDER)
        reals, last, older = (as_pool(images, device) for images in drawn_from)
        batch = self._batches(reals, last, older)
        course = self.course(round, options.steps, options.batch, learning_rate_scale)
        self.begin_training(learning_rate_scale)
        step = self._stepper(batch, learning_rate_scale)
        with seeded(derive(self.brief.seed, "train", round), device):
            training = run(course, [step], ("detector",), self.is_finite, self.on_progress)
            self.conclude(batch, reals)
        self.images = training.images
        self._calibrate(faces[held_out])
        return training

    def _batches(self, reals: Tensor, last: Tensor, older: Tensor) -> Batches:
        """What draws batches from real faces and fakes, uint8 `[N, S, S, 3]`, and changes them."""
        half = self.options.batch // 2
        old = int(half * self.options.memory) if len(older) else 0
        wanted = [(reals, half), (last, half - old), (older, old)]
        labels = torch.cat([torch.zeros(half), torch.ones(half)]).to(reals.device)

        def batch(step: int) -> tuple[Tensor, Tensor]:
            images = to_range(torch.cat([draw(pool, n, mirror=False) for pool, n in wanted if n]))
            return change(images, self.changes(step)), labels

        return batch

    def _stepper(self, batch: Batches, scale: float = 1.0) -> Callable[[], Tensor]:
        trainable, steps = self.trainables["detector"], count()

        def step() -> Tensor:
            done = next(steps)
            loss = self.loss(*batch(done), done)
            trainable.scale_learning_rate(scale * self.pace(done))
            trainable.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            trainable.step()
            return loss.detach()[None]

        return step

    @torch.no_grad()
    def score(self, images: Images) -> Scores:
        """Probability of fake per image, float64 `[N]`."""
        network = self.trainables["detector"].settle()
        logits = []
        for i in range(0, len(images), SCORING_BATCH):
            batch = to_range(as_pool(images[i : i + SCORING_BATCH], self.brief.device))
            logits.append(network(self._fitted(batch)).double().cpu())
        return torch.sigmoid(torch.cat(logits)).numpy()

    def critic(self) -> Callable[[Tensor], Tensor]:
        """See `types.Detector.critic`."""
        network = self.trainables["detector"].settle()
        return lambda images: network(self._fitted(images)).float()

    def heat_maps(self, images: Images) -> Heat:
        """See `types.Detector.heat_maps`: float32 `[N, S, S]` in [0, 1]."""
        pixels = to_range(as_pool(images, self.brief.device))
        return heat_of(smooth_grad(self.critic(), pixels, compute_dtype(self.brief.precision)))

    def extra(self) -> dict[str, float]:
        """See `NetworkTeam.extra`."""
        return self.thresholds()

    def take_extra(self, extra: Mapping[str, float]) -> None:
        """See `NetworkTeam.take_extra`."""
        self.take_thresholds(extra)

    def _fitted(self, images: Tensor) -> Tensor:
        """What the network sees of images `[N, 3, S, S]` in [-1, 1], in its size and its arithmetic."""
        if self.input_size is not None:
            images = resized(images, self.input_size)
        if self.options.level:
            images = levelled(images.float())
        return seen(images.to(compute_dtype(self.brief.precision)), self.options.input)


def levelled(images: Tensor) -> Tensor:
    """Images, float32 `[N, 3, S, S]`, each less its mean and divided by its deviation, gently where that is faint."""
    if torch.is_grad_enabled():  # in training; what only plays keeps to the bit what it played
        images = images - images.mean((1, 2, 3), keepdim=True)
        # torch.std takes 35 times as long as a norm
        norm: Tensor = torch.linalg.vector_norm(images, dim=(1, 2, 3), keepdim=True)
        return images / (norm / math.sqrt(images[0].numel() - 1) + FAINTEST)
    deviation, mean = torch.std_mean(images, (1, 2, 3), keepdim=True)
    return (images - mean) / (deviation + FAINTEST)


def resized(images: Tensor, size: int) -> Tensor:
    """Images `[N, 3, S, S]` with a side of `size` pixels, of their dtype."""
    if images.shape[-1] == size:
        return images
    new = interpolate(images.float(), (size, size), mode="bilinear", align_corners=False, antialias=True)
    return new.to(images.dtype, memory_format=torch.channels_last)
