"""How the list of matches opens in MLflow's UI: with a column for what one wants to know of a match.

The UI remembers in each browser which columns are shown, and begins with none of a run's tags, settings and metrics.
What somebody shares there becomes a tag of the experiment, and a link names it; this is such a view, shared by the
arena.
"""

from __future__ import annotations

import json

KEY = "arena"
"""What a link calls the view."""
TAG = f"mlflow.sharedViewState.{KEY}"
"""The tag of an experiment that holds it."""

_ALWAYS = {"attributes.`Run Name`": 110, "runDateAndNestInfo": 145}
"""Columns that the UI shows in any case, by its own names, with their width in pixels: the match, and when it began."""
_CHOSEN = {
    "tags.`score`": 130,
    "tags.`winner`": 75,
    "metrics.`exam/accuracy`": 120,
    "attributes.`Dataset`": 150,
    "params.`generator`": 100,
    "params.`detector`": 100,
    "metrics.`score/clear_wins_a`": 140,
    "metrics.`score/clear_wins_b`": 140,
    "attributes.`Models`": 160,
}
"""The others from left to right. Numbers are metrics, which the UI sorts as numbers; it shows a metric's last value."""


def shared_view() -> str:
    """The view as the UI reads it, JSON."""
    widths = _ALWAYS | _CHOSEN
    return json.dumps({"selectedColumns": list(_CHOSEN), "columnOrder": list(widths), "columnWidths": widths})
