"""Export a detector: its graph, compared with the original before anything is written, and its card."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx

from arena.export.card import Subject, card_of
from arena.export.graph import graph_of, run
from arena.export.int8 import quantised
from arena.referee.metrics import auroc
from arena.store.disk import Disk, readable_errors, whole_file
from arena.types import ArenaError, Images, Labels, Scores

MOST_OFF: Final = 1e-4
"""Furthest that a score of the graph may be from the original's."""


@dataclass(frozen=True, eq=False)
class Shown:
    """Images that a graph is tried on, uint8 `[N, S, S, 3]`. `what`: for people. `labels`: where they are known."""

    images: Images
    what: str
    labels: Labels | None = None


@dataclass(frozen=True, eq=False)
class Exported:
    """A detector's graph as a file's content, and its card."""

    model: bytes
    card: dict[str, Any]


def exported(subject: Subject, shown: Shown, int8: Shown | None = None) -> Exported:
    """A detector's graph that was compared with the original on the images shown.

    `int8`: images to find out with what 8 bits cost, which the graph then has. Raises ArenaError for a detector that
    has no graph, and for a graph that answers otherwise than the original.
    """
    card = card_of(subject)
    graph = graph_of(subject.detector, subject.snapshot.image_size)
    whole, name = graph.SerializeToString(), subject.snapshot.contender
    off = _apart(run(whole, shown.images), subject.detector.answer(shown.images).scores)
    if not off <= MOST_OFF:
        raise ArenaError(
            f"{name} cannot be exported: on {shown.what} its graph's scores are off by up to {off:.2g}, "
            f"more than {MOST_OFF:g}"
        )
    card["compared"] = {"on": shown.what, "images": len(shown.images), "largest_difference": off}
    if int8 is not None:
        graph = quantised(graph, shown.images)
        card["int8"] = _cost(whole, graph.SerializeToString(), int8, card)
    told = {key: value if isinstance(value, str) else json.dumps(value) for key, value in card.items()}
    onnx.helper.set_model_props(graph, told)
    model = graph.SerializeToString()
    return Exported(model, card | {"bytes": len(model), "sha256": hashlib.sha256(model).hexdigest()})


def write(done: Exported, out: Path) -> Path:
    """Write a graph and, beside it, its card, each as a whole; the card's path. Raises ArenaError."""
    beside = out.with_suffix(".json")
    card = json.dumps(done.card, indent=1).encode() + b"\n"
    with readable_errors(f"the file {out}"), whole_file(out) as model, whole_file(beside) as told:
        Disk().write(model, done.model)
        Disk().write(told, card)
    return beside


def _apart(ones: Scores, others: Scores) -> float:
    return float(np.abs(ones - others).max())


def _cost(whole: bytes, small: bytes, shown: Shown, card: dict[str, Any]) -> dict[str, Any]:
    """What 8 bits do to the scores of images shown; to the AUROC where their labels are known, else None."""
    exact, rough = (run(model, shown.images) for model in (whole, small))
    changed = (exact >= card["threshold"]) != (rough >= card["threshold"])
    both = {} if shown.labels is None else {"fp32": auroc(shown.labels, exact), "int8": auroc(shown.labels, rough)}
    return {
        "on": shown.what,
        "images": len(shown.images),
        "auroc": both or None,
        "verdicts_changed": float(changed.mean()),
        "largest_difference": _apart(exact, rough),
    }
