"""What every network in the arena needs to be trained: precision, one owner per network, seeds, a watched loop."""

from __future__ import annotations

import contextlib
import copy
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.adam import adam

from arena.blocks import Logit
from arena.types import ArenaError, CurvePoint, Diverged, Images, OnProgress, Progress, Role, State, Training

CHANNELS_LAST = torch.channels_last
WINDOW = 20
"""Steps between two looks at the losses: each look waits for the device, so not every step."""


def use_one_thread() -> None:
    """One thread per process: two processes with one thread each beat one with two (benchmarks/README.md).

    Denormals are flushed to zero because the moments of Adam decay into them and slow a CPU down.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


@contextlib.contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Everything random inside depends on `seed` alone; the caller's random state is left as it was."""
    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        yield


def as_pool(images: Images, device: str) -> Tensor:
    """Images to draw batches from, as a uint8 tensor `[N, H, W, 3]`; no copy on a CPU, so never write into it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(images).to(device)


def draw(pool: Tensor, n: int) -> Tensor:
    """`n` random images of a pool, half of them mirrored: uint8 `[n, H, W, 3]`."""
    batch = pool[torch.randint(len(pool), (n,), device=pool.device)]
    mirrored = torch.rand(n, 1, 1, 1, device=pool.device) < 0.5
    return torch.where(mirrored, batch.flip(2), batch)


def to_range(pixels: Tensor) -> Tensor:
    """uint8 `[N, H, W, 3]` to float32 `[N, 3, H, W]` in [-1, 1], channels-last: the input of every network."""
    return pixels.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def to_images(output: Tensor) -> Images:
    """A network's output `[N, 3, H, W]` in [-1, 1] as uint8 images `[N, H, W, 3]`."""
    pixels = output.float().clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
    return pixels.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def cast(network: nn.Module, precision: str) -> nn.Module:
    """In 'bf16', convolutions and linear layers compute in bfloat16; normalisation and the logit stay in float32."""
    if precision == "bf16":
        for module in network.modules():
            if isinstance(module, (nn.modules.conv._ConvNd, nn.Linear)) and not isinstance(module, Logit):
                module.to(torch.bfloat16)
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
    """A network, its Adam optimiser and its float32 master weights: one owner, one state.

    In 'bf16' the convolutions hold bfloat16 working copies; Adam updates the float32 masters, which are then copied
    back. Autocast would cast every weight again in every pass (ratios in benchmarks/README.md).
    `average`: decay of an exponential moving average of the weights, 0 for none.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        device: str,
        precision: str,
        learning_rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
        weight_decay: float = 0.0,
        average: float = 0.0,
    ) -> None:
        network.to(device=device, memory_format=CHANNELS_LAST)  # type: ignore[call-overload]
        self._names = [name for name, _ in network.named_parameters()]
        exact = [p.detach().clone() for p in network.parameters()]
        self.network = cast(network, precision)
        self._working = list(self.network.parameters())
        self._masters = [
            p if p.dtype == torch.float32 else m.requires_grad_() for p, m in zip(self._working, exact, strict=True)
        ]
        self._copied = [
            (w, m, torch.zeros_like(m)) for w, m in zip(self._working, self._masters, strict=True) if w is not m
        ]
        self._learning_rate, self._betas, self._weight_decay, self._scale = learning_rate, betas, weight_decay, 1.0
        self._moments = {key: [torch.zeros_like(m) for m in self._masters] for key in ("exp_avg", "exp_avg_sq")}
        self._steps = [torch.zeros((), device=m.device) for m in self._masters]
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

    def step(self) -> None:
        """One Adam step from the gradients of the network's parameters."""
        if self._copied:
            for _, master, gradient in self._copied:
                master.grad = gradient
            torch._foreach_copy_([m.grad for _, m, _ in self._copied], [w.grad for w, _, _ in self._copied])  # type: ignore[misc]
        with torch.no_grad():
            self._adam()
            if self._copied:
                torch._foreach_copy_([w for w, _, _ in self._copied], [m for _, m, _ in self._copied])
            if self._averages:
                torch._foreach_lerp_(self._averages, self._masters, 1 - self._average)

    def _adam(self) -> None:
        # The functional form: the optimiser class imports the compiler, which costs each worker seconds at its start.
        adam(
            self._masters,
            [m.grad for m in self._masters],  # type: ignore[misc]
            self._moments["exp_avg"],
            self._moments["exp_avg_sq"],
            [],
            self._steps,
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

    @torch.no_grad()
    def settle(self) -> nn.Module:
        """The network that plays, in evaluation mode: the moving average where there is one, else the last weights."""
        if self._averages:
            torch._foreach_copy_(list(self.averaged.parameters()), self._averages)
            for target, source in zip(self.averaged.buffers(), self.network.buffers(), strict=True):
                target.copy_(source)
        return self.averaged.eval()

    def weights(self) -> State:
        """Float32 weights and buffers of the network that plays, under the names of its `state_dict`."""
        values = self._averages or self._masters
        return {n: _array(v) for n, v in zip(self._names, values, strict=True)} | self._buffers()

    @torch.no_grad()
    def load_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        """Take over `weights()`; optimiser and moving average start from them."""
        _copy(dict(zip(self._names, self._masters, strict=True)), weights)
        self._spread(weights)
        for average, master in zip(self._averages, self._masters, strict=False):
            average.copy_(master)

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
        columns = {"adam/step": self._steps} | {f"adam/{key}": values for key, values in self._moments.items()}
        if self._averages:
            columns["average"] = self._averages
        for column, values in columns.items():
            tensors |= {f"{column}/{name}": value for name, value in zip(self._names, values, strict=True)}
        return tensors

    def _buffers(self) -> State:
        return {name: _array(value) for name, value in self.network.named_buffers()}

    def _spread(self, source: Mapping[str, np.ndarray]) -> None:
        _copy(dict(self.network.named_buffers()), source)
        for working, master, _ in self._copied:
            working.copy_(master)


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


@dataclass(frozen=True)
class Course:
    """The course of one round of training: who trains, for how many steps, from where."""

    role: Role
    round: int
    steps: int
    batch: int
    images_before: int
    learning_rate_scale: float
    device: str


def run(
    course: Course,
    step: Callable[[], Tensor],
    loss_names: Sequence[str],
    healthy: Callable[[], bool],
    on_progress: OnProgress,
) -> Training:
    """Call `step` for the whole course and watch its losses.

    `step` does one optimisation step and returns the losses, float32 `[len(loss_names)]`, on the device. Nothing is
    read back inside a step; every `WINDOW` steps the means are. Raises Diverged when a loss, or at the end a weight
    (`healthy`), is not finite.
    """
    start = time.perf_counter()
    sums = torch.zeros(len(loss_names), device=course.device)

    def counted() -> None:
        sums.add_(step().detach())

    advance = _captured(counted) if course.device.startswith("cuda") else counted
    totals = np.zeros(len(loss_names))
    curve = []
    done = 0
    while done < course.steps:
        window = min(WINDOW, course.steps - done)
        for _ in range(window):
            advance()
        done += window
        means = np.array(sums.tolist()) / window
        sums.zero_()
        if not np.isfinite(means).all():
            raise Diverged(course.role, f"loss {loss_names[int(np.argmin(np.isfinite(means)))]!r}", done)
        totals += means * window
        losses = dict(zip(loss_names, means.tolist(), strict=True))
        curve.append(CurvePoint(course.images_before + done * course.batch, losses))
        rate = done * course.batch / (time.perf_counter() - start)
        on_progress(Progress(course.role, course.round, done, course.steps, rate, losses))
    if not healthy():
        raise Diverged(course.role, "a weight", done)
    return Training(
        steps=done,
        images=course.images_before + done * course.batch,
        seconds=time.perf_counter() - start,
        losses=dict(zip(loss_names, (totals / max(done, 1)).tolist(), strict=True)),
        curve=tuple(curve),
        learning_rate_scale=course.learning_rate_scale,
    )


def _captured(step: Callable[[], None], warmup: int = 3) -> Callable[[], None]:
    """The step as one CUDA graph, after a few eager steps on a side stream that CUDA asks for (they count)."""
    pending = warmup
    graph: torch.cuda.CUDAGraph | None = None
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]

    def advance() -> None:
        nonlocal pending, graph
        if pending:
            pending -= 1
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                step()
            torch.cuda.current_stream().wait_stream(side)
            return
        if graph is None:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                step()
        graph.replay()

    return advance


def bf16_pays(device: str, repeats: int = 8) -> bool:
    """Whether a bfloat16 convolution is faster here than a float32 one and computes the same to its precision.

    The two are timed in turn and by their fastest run, so that a busy machine comes to the same answer.
    """
    with seeded(0, device):
        layer, x = nn.Conv2d(64, 128, 4, 2, 1), torch.randn(32, 64, 32, 32)
    outputs, seconds = {}, dict.fromkeys((torch.float32, torch.bfloat16), math.inf)
    for _ in range(repeats):
        for dtype in seconds:
            conv = copy.deepcopy(layer).to(device=device, dtype=dtype, memory_format=CHANNELS_LAST)  # type: ignore[call-overload]
            batch = x.to(device=device, dtype=dtype, memory_format=CHANNELS_LAST)
            start = time.perf_counter()
            output = conv(batch)
            output.float().square().mean().backward()
            outputs[dtype] = output.detach().float().cpu()
            conv.weight.grad.sum().item()  # the clock waits for the device
            seconds[dtype] = min(seconds[dtype], time.perf_counter() - start)
    error = float((outputs[torch.float32] - outputs[torch.bfloat16]).abs().max())
    return error < 0.1 and seconds[torch.bfloat16] < 0.9 * seconds[torch.float32]  # NaN is no small error
