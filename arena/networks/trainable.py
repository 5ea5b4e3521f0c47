"""A network with everything it takes to train it: one owner, one state, in float32 or bfloat16."""

from __future__ import annotations

import contextlib
import copy
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Final, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.adam import adam

from arena.networks.blocks import Logit, Spectral
from arena.types import ArenaError, State

CHANNELS_LAST = torch.channels_last

Optimiser = Literal["adam", "sgd"]
MOMENTS: Final[Mapping[Optimiser, tuple[str, ...]]] = {"adam": ("exp_avg", "exp_avg_sq"), "sgd": ("momentum",)}
"""The optimisers, and what each of them remembers of every weight."""

TOGETHER = 2**19
"""Weights that a CPU updates at once."""


def cast(network: nn.Module, precision: str) -> nn.Module:
    """In 'bf16', convolutions and linear layers compute in bfloat16; normalisation and the logit stay in float32.

    So do grouped convolutions: PyTorch's CPU kernels for their gradients are many times slower in bfloat16.
    """
    if precision == "bf16":
        for module in network.modules():
            if isinstance(module, (nn.modules.conv._ConvNd, nn.Linear)) and not isinstance(module, Logit):
                module.to(torch.float32 if getattr(module, "groups", 1) > 1 else torch.bfloat16)
        for module in network.modules():
            if isinstance(module, Spectral):
                module.float()
    return network


def compute_dtype(precision: str) -> torch.dtype:
    """The dtype of a network's input."""
    return torch.bfloat16 if precision == "bf16" else torch.float32


@contextlib.contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Gradients flow through the network but not into its weights, which saves a third of the backward pass."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    for p in parameters:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in parameters:
            p.requires_grad_(True)


class Trainable:
    """A network, its optimiser and its float32 master weights: one owner, one state.

    `optimiser`: Adam with `betas`, or stochastic gradient descent with the first of them as its momentum. In 'bf16' the
    convolutions hold bfloat16 working copies; the optimiser updates the float32 masters, which are then copied
    back. Autocast would cast every weight again in every pass (ratios in benchmarks/README.md).
    `average`: decay of an exponential moving average of the weights, 0 for none. `trains`: False for a network that is
    only loaded and played: there are no masters, moments or averages, and no gradients.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        device: str,
        precision: str,
        learning_rate: float,
        optimiser: Optimiser = "adam",
        betas: tuple[float, float] = (0.9, 0.999),
        weight_decay: float = 0.0,
        average: float = 0.0,
        trains: bool = True,
    ) -> None:
        network.to(device=device, memory_format=CHANNELS_LAST)  # type: ignore[call-overload]
        self._names = [name for name, _ in network.named_parameters()]
        self._trains = trains
        if not trains:
            self.network = self.averaged = cast(network, precision).requires_grad_(False).eval()
            return
        exact = [p.detach().clone() for p in network.parameters()]
        self.network = cast(network, precision)
        self._working = list(self.network.parameters())
        self._masters = [
            p if p.dtype == torch.float32 else m.requires_grad_() for p, m in zip(self._working, exact, strict=True)
        ]
        self._learning_rate, self._betas, self._weight_decay, self._scale = learning_rate, betas, weight_decay, 1.0
        self._optimiser = optimiser
        self._moments = {key: [torch.zeros_like(m) for m in self._masters] for key in MOMENTS[optimiser]}
        self._steps = [torch.zeros((), device=m.device) for m in self._masters]
        self._parts = _parts(self._masters)
        room = max(sum(self._masters[i].numel() for i in part if self._is_copied(i)) for part in self._parts)
        self._room = torch.zeros(room, device=device)
        self._average = average
        self._averages = [m.detach().clone() for m in self._masters] if average else []
        self.averaged = copy.deepcopy(self.network).requires_grad_(False) if average else self.network

    def scale_learning_rate(self, scale: float) -> None:
        """Train with `scale` times the configured learning rate from now on."""
        self._scale = scale

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for p in self._working:
            p.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """One step of the optimiser from the gradients of the network's parameters."""
        for part in self._parts:
            self._advance(part)
        if self._averages:
            torch._foreach_lerp_(self._averages, self._masters, 1 - self._average)

    def _advance(self, part: range) -> None:
        """The step of some of the parameters: between the copies to float32 and back they stay in the cache."""
        copied = [i for i in part if self._is_copied(i)]
        exact, taken = {i: self._working[i].grad for i in part}, 0
        for i in copied:
            master = self._masters[i]
            exact[i] = self._room.as_strided(master.shape, master.stride(), taken)
            taken += master.numel()
        if copied:
            torch._foreach_copy_([exact[i] for i in copied], [self._working[i].grad for i in copied])  # type: ignore[misc]
        gradients: list[Tensor] = [exact[i] for i in part]  # type: ignore[misc]
        self._adam(part, gradients) if self._optimiser == "adam" else self._descend(part, gradients)
        if copied:
            torch._foreach_copy_([self._working[i] for i in copied], [self._masters[i] for i in copied])

    def _adam(self, part: range, gradients: list[Tensor]) -> None:
        # The functional form: the optimiser class imports the compiler, which costs each worker seconds at its start.
        within = slice(part.start, part.stop)
        adam(
            self._masters[within],
            gradients,
            self._moments["exp_avg"][within],
            self._moments["exp_avg_sq"][within],
            [],
            self._steps[within],
            fused=True,
            capturable=self._steps[0].is_cuda,
            amsgrad=False,
            beta1=self._betas[0],
            beta2=self._betas[1],
            lr=self._learning_rate * self._scale,
            weight_decay=self._weight_decay,
            eps=1e-8,
            maximize=False,
        )

    def _descend(self, part: range, gradients: list[Tensor]) -> None:
        within = slice(part.start, part.stop)
        masters, momentum = self._masters[within], self._moments["momentum"][within]
        if self._weight_decay:
            gradients = list(torch._foreach_add(gradients, masters, alpha=self._weight_decay))
        torch._foreach_mul_(momentum, self._betas[0])
        torch._foreach_add_(momentum, gradients)
        torch._foreach_add_(masters, momentum, alpha=-self._learning_rate * self._scale)

    @torch.no_grad()
    def settle(self) -> nn.Module:
        """The network that plays, in evaluation mode: the moving average where there is one, else the last weights."""
        if self._trains and self._averages:
            torch._foreach_copy_(list(self.averaged.parameters()), self._averages)
            for target, source in zip(self.averaged.buffers(), self.network.buffers(), strict=True):
                target.copy_(source)
        return self.averaged.eval()

    def weights(self) -> State:
        """Float32 weights and buffers of the network that plays, under the names of its `state_dict`."""
        if not self._trains:
            return {n: _array(p.float()) for n, p in self.network.named_parameters()} | self._buffers()
        values = self._averages or self._masters
        return {n: _array(v) for n, v in zip(self._names, values, strict=True)} | self._buffers()

    @torch.no_grad()
    def load_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        """Take over `weights()`; optimiser and moving average start from them."""
        if not self._trains:
            _copy(dict(self.network.named_parameters()) | dict(self.network.named_buffers()), weights)
            return
        _copy(dict(zip(self._names, self._masters, strict=True)), weights)
        self._spread(weights)
        for average, master in zip(self._averages, self._masters, strict=False):
            average.copy_(master)

    @torch.no_grad()
    def put(self, weights: Mapping[str, np.ndarray]) -> None:
        """Give some parameters other values, by name and of their shape, those in training and those that play."""
        for name, values in weights.items():
            i = self._names.index(name)
            for target in (self._masters[i], self._working[i], *self._averages[i : i + 1]):
                target.copy_(torch.from_numpy(values))

    def state(self) -> State:
        """Masters, buffers, moments and moving average: everything the next step depends on."""
        return {name: _array(value) for name, value in self._state_tensors().items()} | self._buffers()

    @torch.no_grad()
    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue from `state()` bit for bit."""
        _copy(self._state_tensors(), state)
        self._spread(state)

    def is_finite(self) -> bool:
        """Whether every master weight and every buffer is a finite number."""
        floats = [b for b in self.network.buffers() if b.is_floating_point()]
        return all(bool(torch.isfinite(t).all()) for t in (*self._masters, *floats))

    def _state_tensors(self) -> dict[str, Tensor]:
        tensors = dict(zip(self._names, self._masters, strict=True))
        columns = {f"{self._optimiser}/{key}": values for key, values in self._moments.items()}
        if self._optimiser == "adam":
            columns["adam/step"] = self._steps
        if self._averages:
            columns["average"] = self._averages
        for column, values in columns.items():
            tensors |= {f"{column}/{name}": value for name, value in zip(self._names, values, strict=True)}
        return tensors

    def _buffers(self) -> State:
        return {name: _array(value) for name, value in self.network.named_buffers()}

    def _spread(self, source: Mapping[str, np.ndarray]) -> None:
        _copy(dict(self.network.named_buffers()), source)
        for working, master in zip(self._working, self._masters, strict=True):
            if working is not master:
                working.copy_(master)

    def _is_copied(self, i: int) -> bool:
        return self._working[i] is not self._masters[i]


def _parts(masters: list[Tensor]) -> list[range]:
    """Which parameters take their step together: all on a GPU, on a CPU as many as stay in its cache."""
    most = math.inf if masters[0].is_cuda else TOGETHER
    ends, weights = [0], 0
    for i, master in enumerate(masters):
        if weights and weights + master.numel() > most:
            ends.append(i)
            weights = 0
        weights += master.numel()
    return [range(*pair) for pair in itertools.pairwise([*ends, len(masters)])]


def _array(tensor: Tensor) -> np.ndarray:
    # clone, because the array must not change when training goes on
    return tensor.detach().to("cpu", copy=True).contiguous().numpy()


def _copy(targets: Mapping[str, Tensor], source: Mapping[str, np.ndarray]) -> None:
    for name, target in targets.items():
        found = source.get(name)
        if found is None or found.shape != target.shape:
            what = "no values" if found is None else f"values of the shape {list(found.shape)}"
            raise ArenaError(f"these weights belong to another network: {what} for {name!r} {list(target.shape)}")
        target.copy_(torch.from_numpy(np.array(found)))
