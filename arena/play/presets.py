"""Settings that belong together under one word; whatever is set beside it holds."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from arena.types import ArenaError

PRESETS: Mapping[str, Mapping[str, Any]] = {
    # To see that everything works.
    "quick": {
        "rounds": 3,
        "gallery": 300,
        "exam": {"size": 400},
        "generator": {"name": "dcgan", "options": {"width": 16, "warmup_steps": 150, "steps": 60}},
        "detector": {"name": "cnn", "options": {"width": 16, "steps": 60}},
    },
    # What one GPU plays in the time of a lecture.
    "gpu": {
        "rounds": 20,
        "gallery": 4000,
        "reservoir": 8000,
        "exam": {"size": 2000},
        "generator": {
            "name": "dcgan",
            "options": {"width": 64, "batch": 64, "warmup_steps": 5000, "steps": 1000},
        },
        "detector": {"name": "cnn", "options": {"width": 64, "batch": 128, "steps": 500}},
    },
    # The networks and the training of the DCGAN paper, an epoch of 52,600 faces a round, and a detector that sees
    # 15,000 real and 15,000 fake faces a round: the scale of the capstone of 2021.
    "paper": {
        "rounds": 30,
        "gallery": 15000,
        "reservoir": 15000,
        "exam": {"size": 2000},
        "generator": {
            "name": "dcgan",
            "options": {"recipe": "2016", "width": 64, "batch": 128, "warmup_steps": 2055, "steps": 411},
        },
        "detector": {"name": "cnn", "options": {"width": 64, "steps": 469}},
    },
}


def preset(name: str) -> dict[str, Any]:
    """The settings of a preset. Raises ArenaError for a name that is none."""
    if name not in PRESETS:
        raise ArenaError(f"there is no preset {name!r}; there are {', '.join(PRESETS)}")
    return copy.deepcopy(dict(PRESETS[name]))


def beside(preset: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A preset's settings and above them the given ones; a contender of another name brings its own options."""
    merged = dict(preset)
    for key, value in given.items():
        under = merged.get(key)
        if not (isinstance(under, Mapping) and isinstance(value, Mapping)):
            merged[key] = value
        elif value.get("name", under.get("name")) == under.get("name"):
            merged[key] = beside(under, value)
        else:
            merged[key] = value
    return merged
