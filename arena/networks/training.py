"""Training in the arena: seeds, batches of images, a watched loop, and whether bfloat16 pays."""

from __future__ import annotations

import contextlib
import copy
import itertools
import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from arena.networks.trainable import CHANNELS_LAST
from arena.types import CurvePoint, Diverged, Images, OnProgress, Progress, Role, Training

Step = Callable[[], Tensor]
"""One optimisation step; returns the losses, float32 `[L]`, on the device."""

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
        if device == "cpu":  # to seed every other kind of device, too, would first write down the caller's stack
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)
        yield


def as_pool(images: Images, device: str) -> Tensor:
    """Images to draw batches from, as a uint8 tensor `[N, H, W, 3]`; no copy on a CPU, so never write into it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(images)).to(device)


def draw(pool: Tensor, n: int, mirror: bool = True) -> Tensor:
    """`n` random images of a pool, half of them mirrored unless `mirror` is off: uint8 `[n, H, W, 3]`."""
    batch = pool[torch.randint(len(pool), (n,), device=pool.device)]
    if not mirror:
        return batch
    mirrored = torch.rand(n, 1, 1, 1, device=pool.device) < 0.5
    return torch.where(mirrored, batch.flip(2), batch)


def to_range(pixels: Tensor) -> Tensor:
    """uint8 `[N, H, W, 3]` to float32 `[N, 3, H, W]` in [-1, 1], channels-last: the input of every network."""
    return pixels.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def to_images(output: Tensor) -> Images:
    """A network's output `[N, 3, H, W]` in [-1, 1] as uint8 images `[N, H, W, 3]`."""
    pixels = output.float().clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
    return pixels.permute(0, 2, 3, 1).contiguous().cpu().numpy()


@dataclass(frozen=True)
class Course:
    """The course of one round of training: who trains, for how many steps, from where.

    `captures`: a step computes on the device alone, in the same way every time, so it may become one CUDA graph.
    """

    role: Role
    round: int
    steps: int
    batch: int
    images_before: int
    learning_rate_scale: float
    device: str
    captures: bool = False


def run(
    course: Course,
    cycle: Sequence[Step],
    loss_names: Sequence[str],
    healthy: Callable[[], bool],
    on_progress: OnProgress,
) -> Training:
    """Take the steps of `cycle` in turn for the whole course and watch their losses.

    Nothing is read back inside a step; every `WINDOW` steps the mean losses are. A step that is in the cycle several
    times is captured once. Raises Diverged when a loss, or at the end a weight
    (`healthy`), is not finite.
    """
    start = time.perf_counter()
    sums = torch.zeros(len(loss_names), device=course.device)

    def counted(step: Step) -> Callable[[], None]:
        def advance() -> None:
            sums.add_(step().detach())

        return _captured(advance) if course.captures else advance

    known = {id(step): counted(step) for step in cycle}
    turns = itertools.cycle([known[id(step)] for step in cycle])
    totals = np.zeros(len(loss_names))
    curve = []
    done = 0
    while done < course.steps:
        window = min(WINDOW, course.steps - done)
        for _ in range(window):
            next(turns)()
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

    As a worker would compute: with one thread. The two are timed in turn, by their fastest run and on a CPU by the time
    of this thread alone, so that a busy machine comes to the same answer.
    """
    clock = time.perf_counter if device.startswith("cuda") else time.thread_time
    with seeded(0, device):
        layer, x = nn.Conv2d(64, 128, 4, 2, 1), torch.randn(32, 64, 32, 32)
    outputs, seconds = {}, dict.fromkeys((torch.float32, torch.bfloat16), math.inf)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for dtype in [*seconds] * repeats:
            conv = copy.deepcopy(layer).to(device=device, dtype=dtype, memory_format=CHANNELS_LAST)  # type: ignore[call-overload]
            batch = x.to(device=device, dtype=dtype, memory_format=CHANNELS_LAST)
            start = clock()
            output = conv(batch)
            output.float().square().mean().backward()
            outputs[dtype] = output.detach().float().cpu()
            conv.weight.grad.sum().item()  # the clock waits for the device
            seconds[dtype] = min(seconds[dtype], clock() - start)
    finally:
        torch.set_num_threads(threads)
    error = float((outputs[torch.float32] - outputs[torch.bfloat16]).abs().max())
    return error < 0.1 and seconds[torch.bfloat16] < 0.9 * seconds[torch.float32]  # NaN is no small error


def faster_precision(device: str) -> Literal["fp32", "bf16"]:
    """What training is faster in on a device."""
    return "bf16" if bf16_pays(device) else "fp32"
