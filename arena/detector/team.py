"""How a detector team trains: on its own real faces, Team A's last gallery and a reservoir of older ones."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from arena.detector.augment import augment
from arena.detector.heatmap import heat_of, smooth_grad
from arena.detector.threshold import alarm_threshold
from arena.networks.trainable import Trainable, compute_dtype
from arena.networks.training import Course, as_pool, draw, run, seeded, to_range
from arena.seeds import derive, rng
from arena.types import Answer, Brief, Heat, Images, NoFace, Role, Scores, Snapshot, State, Training, ignore_progress

SCORING_BATCH = 250
"""Images scored at a time: fixed, because another batch size may round differently."""


@dataclass(frozen=True)
class NetworkOptions:
    """Options every detector network has."""

    batch: int = 64
    """Images per step, half real and half fake."""
    steps: int = 100
    """Training steps per round."""
    learning_rate: float = 1e-3
    """Adam's learning rate."""
    memory: float = 0.5
    """Share of the fakes in a batch that come from the reservoir of older galleries."""
    augment: bool = True
    """Noise, blur, JPEG-like compression and brightness on the training images."""
    validation: float = 0.15
    """Share of its real faces the team never trains on and sets its alarm threshold with."""

    def __post_init__(self) -> None:
        if self.batch < 4 or self.batch % 2 or self.steps < 1:
            raise ValueError("batch must be even and at least 4, steps at least 1")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate must be positive, not {self.learning_rate}")
        if not (0 <= self.memory < 1 and 0 < self.validation < 1):
            raise ValueError("memory must be in [0, 1) and validation in (0, 1)")


O = TypeVar("O", bound=NetworkOptions)  # noqa: E741


class NetworkDetector(ABC, Generic[O]):
    """A detector that is one network. A contender says how to build it."""

    role: ClassVar[Role] = "detector"
    Options: ClassVar[Any] = NetworkOptions
    no_face: ClassVar[NoFace] = "whole"
    contender: ClassVar[str]  # set by `register`

    def __init__(self, options: O, brief: Brief) -> None:
        self.options, self.brief = options, brief
        self.on_progress = ignore_progress
        with seeded(derive(brief.seed, "weights"), brief.device):
            self._trainable = Trainable(
                self.build_network(),
                device=brief.device,
                precision=brief.precision,
                learning_rate=options.learning_rate,
            )
        self.threshold = 0.5
        self._images = 0

    @abstractmethod
    def build_network(self) -> nn.Module:
        """A network from images `[N, 3, S, S]` in [-1, 1] to logits `[N]`, above 0 for fake."""

    @property
    def network(self) -> nn.Module:
        """The network, for a generator that trains against it in the white-box rule."""
        return self._trainable.network

    def networks(self) -> dict[str, nn.Module]:
        """The networks in training, by name."""
        return {"detector": self.network}

    def train(
        self, round: int, *, reals: Images, gallery: Images, reservoir: Images, learning_rate_scale: float = 1.0
    ) -> Training:
        """See `types.Detector.train`."""
        options, device = self.options, self.brief.device
        held_out, trained_on = self._split(len(reals))
        real_pool = as_pool(reals[trained_on], device)
        pools = [as_pool(gallery, device), as_pool(reservoir, device)]
        course = Course("detector", round, options.steps, options.batch, self._images, learning_rate_scale, device)
        self._trainable.scale_learning_rate(learning_rate_scale)
        self.network.train()
        with seeded(derive(self.brief.seed, "train", round), device):
            step = self._stepper(real_pool, *pools)
            training = run(course, step, ("detector",), self._trainable.is_finite, self.on_progress)
        self._images = training.images
        self.threshold = alarm_threshold(self.score(reals[held_out]), self.brief.false_alarm_rate)
        return training

    def _stepper(self, reals: Tensor, gallery: Tensor, reservoir: Tensor) -> Any:
        half = self.options.batch // 2
        old = int(half * self.options.memory) if len(reservoir) else 0
        labels = torch.cat([torch.zeros(half), torch.ones(half)]).to(reals.device)

        def step() -> Tensor:
            fakes = [draw(gallery, half - old)] + ([draw(reservoir, old)] if old else [])
            images = to_range(torch.cat([draw(reals, half), *fakes]))
            if self.options.augment:
                images = augment(images)
            logits = self.network(images.to(compute_dtype(self.brief.precision)))
            loss = binary_cross_entropy_with_logits(logits.float(), labels)
            self._trainable.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._trainable.step()
            return loss.detach()[None]

        return step

    @torch.no_grad()
    def score(self, images: Images) -> Scores:
        """Probability of fake per image, float64 `[N]`."""
        network, dtype = self._trainable.settle(), compute_dtype(self.brief.precision)
        logits = []
        for i in range(0, len(images), SCORING_BATCH):
            batch = to_range(as_pool(images[i : i + SCORING_BATCH], self.brief.device))
            logits.append(network(batch.to(dtype)).double().cpu())
        return torch.sigmoid(torch.cat(logits)).numpy()

    def answer(self, paper: Images) -> Answer:
        """See `types.Detector.answer`."""
        return Answer(self.score(paper), self.threshold)

    def heat_maps(self, images: Images) -> Heat:
        """Where it looks in each image, uint8 `[N, S, S, 3]`, to find its score, float32 `[N, S, S]` in [0, 1]."""
        pixels = to_range(as_pool(images, self.brief.device))
        return heat_of(smooth_grad(self._trainable.settle(), pixels, compute_dtype(self.brief.precision)))

    def state(self) -> State:
        """See `types.Team.state`."""
        counters = {"images": np.array(self._images, np.int64), "threshold": np.array(self.threshold)}
        return {f"detector/{name}": array for name, array in self._trainable.state().items()} | counters

    def restore(self, state: State) -> None:
        """See `types.Team.restore`."""
        self._trainable.restore({name.partition("/")[2]: array for name, array in state.items() if "/" in name})
        self._images, self.threshold = int(state["images"]), float(state["threshold"])

    def snapshot(self, round: int) -> Snapshot:
        """See `types.Team.snapshot`."""
        options, size = dataclasses.asdict(self.options), self.brief.image_size
        extra = {"threshold": self.threshold}
        return Snapshot("detector", self.contender, options, size, round, self._trainable.weights(), extra)

    def load(self, snapshot: Snapshot) -> None:
        """See `types.Team.load`."""
        self._trainable.load_weights(snapshot.weights)
        self.threshold = snapshot.extra["threshold"]

    def _split(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Indices of the held-out and of the training faces, the same in every round."""
        order = rng(self.brief.seed, "validation").permutation(n)
        held_out = max(1, round(n * self.options.validation))
        return np.sort(order[:held_out]), np.sort(order[held_out:])
