"""Detectors without a network: numbers measured on an image, and a logistic regression over them."""

from __future__ import annotations

import dataclasses
import math
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from arena.detector.calibrated import SCORING_BATCH, CalibratedDetector
from arena.detector.changes import change
from arena.detector.heatmap import heat_of, smooth_grad
from arena.detector.options import DetectorOptions
from arena.detector.regression import FRAMED, Numbers, fit, moves_of
from arena.networks.training import as_pool, seeded, to_images, to_range
from arena.seeds import derive
from arena.types import (
    FAKE,
    LAST,
    OLDER,
    REAL,
    ArenaError,
    Brief,
    Critic,
    CurvePoint,
    Heat,
    Images,
    Labels,
    Material,
    Progress,
    Scores,
    Snapshot,
    State,
    Training,
    ignore_progress,
)

_NAMES = ("mean", "scale", "weight", "bias")


@dataclass(frozen=True)
class LogisticOptions(DetectorOptions):
    """Options of a logistic regression over numbers measured on images."""

    samples: int = 4000
    """Images of a round, half real and half fake, each changed anew; it begins afresh in every round."""
    penalty: float = 1.0
    """Weight of the squared coefficients against the sum of the losses."""
    steady: bool = False
    """Whether it is deaf to what zooming, shifting and light change in real faces on average: neither is a cue."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.samples < 4 or not 0 < self.penalty < math.inf:
            raise ValueError("samples must be at least 4 and penalty a positive number")


O = TypeVar("O", bound=LogisticOptions)  # noqa: E741


class LogisticDetector(CalibratedDetector, Generic[O]):
    """A logistic regression over standardised numbers. A contender says which: they have gradients."""

    Options: ClassVar[Any] = LogisticOptions

    def __init__(self, options: O, brief: Brief) -> None:
        self.options, self.brief = options, brief
        self.on_progress = ignore_progress
        self.images = 0
        """Training images measured in the match so far."""
        zero = np.zeros(0)
        self.model: dict[str, Numbers] = {"mean": zero, "scale": zero, "weight": zero, "bias": np.zeros(1)}
        """Mean and scale of each number, its weight, and the bias; empty until it has trained: every score is 0.5."""

    @abstractmethod
    def measure(self, images: Tensor) -> Tensor:
        """Numbers `[N, F]` of images `[N, 3, S, S]` in [-1, 1], of their dtype, differentiable."""

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        """See `types.Team.train`."""
        begin = time.perf_counter()
        held_out, trained_on = self._split(material.faces)
        faces = material.faces.images
        with seeded(derive(self.brief.seed, "train", round), self.brief.device):
            drawn, labels = self._drawn(faces[trained_on], material.pool(LAST), material.pool(OLDER))
            numbers = np.concatenate(list(self._measured(drawn, round)))
            moves = None
            if self.options.steady:
                framed = _some(faces[trained_on], min(FRAMED, len(trained_on)))
                moves = moves_of(self._of_files, to_range(as_pool(framed, self.brief.device)))
        found = fit(numbers, labels, self.options.penalty, moves)
        self.model = {name: getattr(found, name) for name in _NAMES}
        self.images += len(labels)
        self._calibrate(faces[held_out])
        steps, losses = -(-len(labels) // SCORING_BATCH), {"detector": found.loss}
        curve = (CurvePoint(self.images, losses),)
        return Training(steps, self.images, time.perf_counter() - begin, losses, curve, learning_rate_scale)

    def _drawn(self, reals: Images, last: Images, older: Images) -> tuple[Images, Labels]:
        """A round's images and their labels, shuffled, so that a batch of changes holds both kinds."""
        half = self.options.samples // 2
        old = int(half * self.options.memory) if len(older) else 0
        parts = [_some(pool, n) for pool, n in ((reals, half), (last, half - old), (older, old)) if n]
        labels = np.repeat(np.array([REAL, FAKE], np.int8), half)
        order = torch.randperm(len(labels)).numpy()
        return np.concatenate(parts)[order], labels[order]

    def _measured(self, images: Images, round: int) -> Iterator[Numbers]:
        """Numbers of changed images, float64, batch by batch."""
        begin, on, steps = time.perf_counter(), self.options.changes(), -(-len(images) // SCORING_BATCH)
        for step in range(steps):
            batch = as_pool(images[step * SCORING_BATCH : (step + 1) * SCORING_BATCH], self.brief.device)
            yield self._of_files(change(to_range(batch), on))
            done = min((step + 1) * SCORING_BATCH, len(images))
            rate = done / (time.perf_counter() - begin)
            self.on_progress(Progress(self.role, round, step + 1, steps, rate))

    def _of_files(self, images: Tensor) -> Numbers:
        """Numbers of images in [-1, 1] in whole grey levels, float64: the finest frequencies tell what was rounded."""
        pixels = as_pool(to_images(images), self.brief.device)
        return self.measure(to_range(pixels)).double().cpu().numpy()

    @torch.no_grad()
    def score(self, images: Images) -> Scores:
        """See `CalibratedDetector.score`."""
        logits = [
            self._logits(to_range(as_pool(images[i : i + SCORING_BATCH], self.brief.device))).cpu()
            for i in range(0, len(images), SCORING_BATCH)
        ]
        return torch.sigmoid(torch.cat(logits)).numpy()

    def critic(self) -> Critic:
        """See `types.Detector.critic`."""
        return lambda images: self._logits(images.float()).float()

    def _logits(self, images: Tensor) -> Tensor:
        """Logits, float64 `[N]`, of float32 images `[N, 3, S, S]` in [-1, 1]."""
        mean, scale, weight, bias = (torch.from_numpy(self.model[name]).to(images.device) for name in _NAMES)
        if not len(weight):
            return 0 * images.mean((1, 2, 3), dtype=torch.float64)
        return (self.measure(images).double() - mean) / scale @ weight + bias

    def heat_maps(self, images: Images) -> Heat:
        """See `types.Detector.heat_maps`: float32 `[N, S, S]` in [0, 1]."""
        return heat_of(smooth_grad(self.critic(), to_range(as_pool(images, self.brief.device))))

    def state(self) -> State:
        """See `types.Team.state`."""
        alarms = {name: np.array(value) for name, value in self.thresholds().items()}
        return {**self.model, **alarms, "images": np.array(self.images, np.int64)}

    def restore(self, state: State) -> None:
        """See `types.Team.restore`."""
        self._take(state, state)
        self.images = int(state["images"])

    def snapshot(self, round: int) -> Snapshot:
        """See `types.Team.snapshot`."""
        options = dataclasses.asdict(self.options)
        extra = self.thresholds()
        return Snapshot(self.role, self.contender, options, self.brief.image_size, round, dict(self.model), extra)

    def load(self, snapshot: Snapshot) -> None:
        """See `types.Team.load`."""
        self._take(snapshot.weights, snapshot.extra)

    def _take(self, arrays: Mapping[str, npt.NDArray[Any]], thresholds: Mapping[str, Any]) -> None:
        if missing := [name for name in _NAMES if name not in arrays]:
            raise ArenaError(f"these weights belong to another contender: there is no {missing[0]} of a regression")
        self.model = {name: np.asarray(arrays[name]) for name in _NAMES}
        self.take_thresholds(thresholds)


def in_parts(measure: Callable[[Tensor], Tensor], images: Tensor, at_once: int) -> Tensor:
    """Numbers `[N, F]` of images `[N, 3, S, S]`, so many at a time; a graph has no loop: there all at once."""
    if torch.compiler.is_exporting():
        return measure(images)
    return torch.cat([measure(some) for some in torch.split(images, at_once)])


def _some(pool: Images, n: int) -> Images:
    """`n` images of a pool, each as often as any other, give or take one."""
    turns = [torch.randperm(len(pool)) for _ in range(-(-n // len(pool)))]
    chosen: Images = pool[torch.cat(turns)[:n].numpy()]
    return chosen
