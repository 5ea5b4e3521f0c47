"""What to compute on: decided once at the start of a match and stored with it, so that a resume computes the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from arena.play.config import MatchConfig
from arena.types import ArenaError

Probe = Callable[[str], bool]


def choose_device(config: MatchConfig, gpus: int, where: str) -> str:
    """'cuda' where there is a GPU and the config does not forbid it. Raises ArenaError when it asks for one in vain."""
    if config.device == "cuda" and not gpus:
        raise ArenaError(f"there is no GPU {where}; use --device auto or cpu")
    return "cuda" if gpus and config.device != "cpu" else "cpu"


def choose_precision(config: MatchConfig, device: str, probe: Probe) -> Literal["fp32", "bf16"]:
    """The config's precision; where that is 'auto', bf16 if `probe(device)` says that it pays."""
    if config.precision != "auto":
        return config.precision
    return "bf16" if probe(device) else "fp32"


def check_device(device: str, gpus: int, where: str) -> None:
    """Raise ArenaError when a match that was started on a GPU is resumed where there is none."""
    if device.startswith("cuda") and not gpus:
        raise ArenaError(f"this match was started on a GPU and there is none {where}")
