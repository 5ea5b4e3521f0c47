"""What a training leaves beside the snapshot: a card, curves as a table and as charts."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from arena.results.chartbook import chart_book
from arena.results.curves import auroc_over_epochs, losses_over_images
from arena.snapshot import to_chunks
from arena.store.disk import readable_errors, replace_file
from arena.training.course import Epoch, Plan, Trained, described
from arena.training.families import Family
from arena.training.ground import Ground
from arena.training.judging import Report


def write_outputs(
    out: Path, ground: Ground, plan: Plan, families: Sequence[Family], trained: Trained, report: Report | None
) -> tuple[Mapping[str, Any], Mapping[str, Path]]:
    """Write the best detector to `out`, and card, table and charts beside it; returns the card and all files.

    Raises ArenaError when they cannot be written.
    """
    card = card_of(ground, plan, families, trained, report)
    files = {"detector": out} | {kind: out.with_suffix(f".{end}") for kind, end in _BESIDE.items()}
    epochs = trained.epochs
    figures = [auroc_over_epochs(epochs), losses_over_images(epochs)]
    with readable_errors(f"the folder {out.parent}"):
        replace_file(out, to_chunks(trained.best))
        replace_file(files["card"], json.dumps(card, indent=1, allow_nan=False).encode())
        replace_file(files["curves"], curves(epochs).encode())
        replace_file(files["charts"], chart_book(f"Training of {out.name}", figures).encode())
    return card, files


_BESIDE = {"card": "json", "curves": "csv", "charts": "html"}


def card_of(
    ground: Ground, plan: Plan, families: Sequence[Family], trained: Trained, report: Report | None
) -> dict[str, Any]:
    """What the detector was trained on, for how long, and what it is worth, as JSON values."""
    card = described(ground, plan, families) | {
        "epochs": len(trained.epochs),
        "seconds": sum(epoch.seconds for epoch in trained.epochs),
        "best": dataclasses.asdict(trained.best_epoch),
        "thresholds": dict(trained.best.extra),
    }
    return card | ({"judged": dataclasses.asdict(report)} if report else {})


def curves(epochs: Sequence[Epoch]) -> str:
    """The epochs as a CSV: a line each, a column for each number and each loss."""
    rows = [_flat(epoch) for epoch in epochs]
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def _flat(epoch: Epoch) -> dict[str, float]:
    numbers = {name: value for name, value in dataclasses.asdict(epoch).items() if name != "losses"}
    return numbers | {f"loss {name}": value for name, value in epoch.losses.items()}
