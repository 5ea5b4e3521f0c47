"""What the speed benchmarks share: interleaved timing, ratios of medians, one Markdown table."""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from arena import registry
from arena.networks.training import use_one_thread
from arena.registry import Contender
from arena.types import Images, Role

Steps = Callable[[int], None]
"""Does this many steps, and has finished them when it returns."""


@dataclass(frozen=True)
class Bar:
    """`fast` is to be at least `times` as fast as `slow`."""

    fast: str
    slow: str
    times: float


def arguments(description: str | None, **defaults: int) -> argparse.ArgumentParser:
    """The options every speed benchmark has: `--device`, and these integers with their defaults."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=value, help=f"default {value}")
    return parser


def networks_asked_for(
    description: str | None, role: Role, base: type, faces: int, size: int
) -> tuple[argparse.Namespace, list[Contender], Images]:
    """The options, those contenders over `base` that the command line names, and noise as faces, `[faces, S, S, 3]`.

    By default all of them are measured, 5 turns each, on one thread.
    """
    parser = arguments(description, repeats=5)
    known = [contender for contender in registry.contenders(role) if issubclass(contender.cls, base)]
    parser.add_argument("contenders", nargs="*", default=[contender.name for contender in known])
    options = parser.parse_args()
    use_one_thread()
    print(machine("cpu"))
    noise = np.random.default_rng(0).integers(0, 256, (faces, size, size, 3), dtype=np.uint8)
    return options, [contender for contender in known if contender.name in options.contenders], noise


def interleaved(variants: Mapping[str, Steps], steps: int, repeats: int, device: str) -> dict[str, list[float]]:
    """Seconds per step of each variant, once per repeat; the variants take turns so that all meet the same machine.

    On a CPU the time is that of this process alone, which with one thread is the wall time of an idle machine.
    """
    clock = time.process_time if device == "cpu" else time.perf_counter
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for repeat in range(repeats + 1):
        for name, work in variants.items():
            start = clock()
            work(steps)
            if repeat:  # the first turn warms up
                seconds[name].append((clock() - start) / steps)
    return seconds


def report(title: str, seconds: Mapping[str, Sequence[float]], images: int, bars: Sequence[Bar]) -> None:
    """Print a table of medians with their range, and whether the bars were cleared. `images`: per step."""
    median = {name: statistics.median(values) for name, values in seconds.items()}
    slowest = next(iter(median))
    print(f"\n**{title}**\n\n| | ms per step | from | to | images/s | times {slowest} |\n|---|---|---|---|---|---|")
    for name, values in seconds.items():
        low, high = 1e3 * min(values), 1e3 * max(values)
        rate, ratio = images / median[name], median[slowest] / median[name]
        print(f"| {name} | {1e3 * median[name]:.3g} | {low:.3g} | {high:.3g} | {rate:,.0f} | {ratio:.2f} |")
    for bar in bars:
        ratio = median[bar.slow] / median[bar.fast]
        word = "cleared" if ratio >= bar.times else "MISSED"
        print(f"\n{bar.fast} against {bar.slow}: {ratio:.2f}, at least {bar.times} required, {word}")


def machine(device: str) -> str:
    """The machine in one line."""
    name = torch.cuda.get_device_name() if device == "cuda" else _processor()
    return f"{name}, torch {torch.__version__}, {torch.get_num_threads()} thread(s), Python {platform.python_version()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    extensions = [flag for flag in ("avx512_bf16", "amx_bf16") if flag in facts.get("flags", "").split()]
    return " ".join([facts.get("model name", platform.machine()), *extensions])
