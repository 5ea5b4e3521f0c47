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

_WIDTHS = {
    "attributes.`Dataset`": 190,
    "attributes.`Models`": 150,
    "metrics.`exam/accuracy`": 130,
    "metrics.`score/clear_wins_a`": 130,
    "metrics.`score/clear_wins_b`": 130,
    "params.`detector`": 110,
    "params.`generator`": 110,
    "tags.`score`": 180,
    "tags.`winner`": 80,
}
"""The columns in pixels. Numbers are metrics, by which the UI sorts as numbers; it shows a metric's last value."""


def shared_view() -> str:
    """The view as the UI reads it, JSON."""
    return json.dumps({"selectedColumns": list(_WIDTHS), "columnWidths": _WIDTHS})
