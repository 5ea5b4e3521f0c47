"""Charts."""

from __future__ import annotations

from typing import Any

from arena.service.models.base import Model


class Figure(Model):
    """A chart as Plotly takes it. Text and background have no colours: who shows it sets them."""

    data: list[dict[str, Any]]
    """Traces."""
    layout: dict[str, Any]
