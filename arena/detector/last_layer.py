"""Networks whose last layer is fitted anew after every round, deaf to how a face is framed and lit.

Who has met fakes that are drawn smoothly takes an enlarged face, which is smooth, for more of a fake than the same face
as it was, however many enlarged faces it has trained on: both are far on the side of real faces, and what is sure costs
nothing. So what zooming and shifting do to the features of real faces is measured, and the last layer looks past it.
That to fit the last layer anew is enough: P. Kirichenko et al., Last Layer Re-Training is Sufficient for Robustness to
Spurious Correlations, 2023.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from arena.detector.regression import FLATTEST, FRAMED, Numbers, fit, moves_of
from arena.detector.team import Batches, NetworkDetector, NetworkOptions
from arena.networks.blocks import Logit
from arena.networks.training import draw, to_range

MOST: Final = 2000
"""Images, changed as in training, that a last layer is fitted to: as many as a round has seen, and at most so many."""
PENALTY: Final = 100.0
"""Weight of its squared coefficients against the sum of the losses."""
FAINTEST: Final = 1e-3
"""Deviation of a feature, in parts of the largest, that is too little to be brought up to that of others."""


@dataclass(frozen=True)
class SteadyOptions(NetworkOptions):
    """Options of a network that may be steady."""

    steady: bool = False
    """Whether its last layer is fitted anew after a round, deaf to what zooming, shifting and light change in real
    faces on average: neither is a cue. Unless it is given, on where `arena train` trains it."""

    alone: ClassVar[Mapping[str, Any]] = {"steady": True}


O = TypeVar("O", bound=SteadyOptions)  # noqa: E741


class SteadyDetector(NetworkDetector[O]):
    """A detector that is one network, with one last layer or several, all of them `Logit`."""

    Options: ClassVar[Any] = SteadyOptions

    @torch.no_grad()
    def conclude(self, batch: Batches, reals: Tensor) -> None:
        """See `NetworkDetector.conclude`."""
        if not self.options.steady:
            return
        trainable, options = self.trainables["detector"], self.options
        steps = min(options.steps, -(-MOST // options.batch))
        playing = trainable.settle()
        lessons = [self.lessons(playing, *batch(options.steps)) for _ in range(steps)]

        def measure(images: Tensor) -> Numbers:
            return as_numbers(features(playing, self._fitted(images)).values())

        moves, start = moves_of(measure, framed(reals)), 0
        for name in lessons[0]:
            numbers = np.concatenate([as_numbers([one[name][0]]) for one in lessons])
            labels = np.concatenate([one[name][1].cpu().numpy() for one in lessons])
            ours = slice(start, start := start + numbers.shape[1])
            flattest = max(FLATTEST, FAINTEST * float(numbers.std(0).max()))
            found = fit(numbers, labels, PENALTY, moves[:, ours], flattest)
            weight = found.weight / found.scale
            bias = found.bias - found.mean @ weight
            trainable.put({f"{name}.weight": weight[None], f"{name}.bias": bias})

    def lessons(self, network: nn.Module, images: Tensor, labels: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """What each last layer of a network sees of a batch as it was drawn, and labels: in the order of `features`."""
        return {name: (seen, labels) for name, seen in features(network, self._fitted(images)).items()}


def framed(reals: Tensor) -> Tensor:
    """Some of the real faces, uint8 `[N, S, S, 3]`, for `moves_of`: float32 `[n, 3, S, S]` in [-1, 1]."""
    return to_range(draw(reals, min(FRAMED, len(reals)), mirror=False))


def as_numbers(seen: Iterable[Tensor]) -> Numbers:
    """What several layers see of the same images, side by side, float64 `[N, F]`."""
    found: Numbers = torch.cat(list(seen), 1).double().cpu().numpy()
    return found


def features(network: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """What the last layers of a network see of `images`, as it takes them: float32 `[N, F]` by the layer's name.

    Only of layers that it asks; of one that is asked about patches, their mean.
    """
    found: dict[str, Tensor] = {}

    def keep(name: str, layer: Logit, given: tuple[Tensor]) -> None:
        found[name] = given[0].float().view(len(images), -1, layer.in_features).mean(1)

    layers = {name: layer for name, layer in network.named_modules() if isinstance(layer, Logit)}
    hooks = [layer.register_forward_pre_hook(partial(keep, name)) for name, layer in layers.items()]
    try:
        network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return found
