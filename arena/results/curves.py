"""Charts of a training that no match is played for: over its epochs, and over the images that it has seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from arena.results.charts import (
    COLOUR_A,
    COLOUR_B,
    DASHES,
    GREY,
    Figure,
    dashed_line,
    pale,
    plain_layout,
    scatter,
    whole_ticks,
)


class Measured(Protocol):
    """An epoch and what was measured after it. `auroc` has a 95 % interval; `alarms`, `caught` are shares."""

    @property
    def epoch(self) -> int:
        """From 1 on."""

    @property
    def images(self) -> int:
        """Seen since the start."""

    @property
    def losses(self) -> Mapping[str, float]:
        """Means over the epoch."""

    @property
    def auroc(self) -> float:
        """In validation, in [0, 1]."""

    @property
    def low(self) -> float:
        """Of its interval."""

    @property
    def high(self) -> float:
        """Of its interval."""

    @property
    def alarms(self) -> float:
        """Share of real faces called fake."""

    @property
    def caught(self) -> float:
        """Share of fakes called fake."""


def auroc_over_epochs(epochs: Sequence[Measured]) -> Figure:
    """AUROC of validation with its 95 % interval as a band, what was called fake, and the line of chance."""
    numbers = [one.epoch for one in epochs]
    ends = [round(one.high, 5) for one in epochs] + [round(one.low, 5) for one in reversed(epochs)]
    band = scatter("lines", numbers + numbers[::-1], ends, fill="toself", fillcolor=pale(COLOUR_B))
    band |= {"line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    traces = [band]
    for name, values, colour, dash in (
        ("AUROC", [one.auroc for one in epochs], COLOUR_B, "solid"),
        ("fakes caught", [one.caught for one in epochs], COLOUR_A, "dot"),
        ("false alarms", [one.alarms for one in epochs], GREY, "dash"),
    ):
        shown = [round(value, 5) for value in values]
        hover = f"epoch %{{x}}: %{{y:.3f}}<extra>{name}</extra>"
        line = {"color": colour, "width": 2, "dash": dash}
        traces.append(scatter("lines+markers", numbers, shown, name=name, line=line, hovertemplate=hover))
    layout = plain_layout("Validation, 95 % interval of the AUROC", "epoch", "share")
    layout["yaxis"]["range"] = [-0.02, 1.02]
    layout["xaxis"] |= whole_ticks(max(numbers, default=1))
    return {"data": traces, "layout": layout | {"shapes": [dashed_line("y", 0.5)]}}


def losses_over_images(epochs: Sequence[Measured]) -> Figure:
    """The mean losses of each epoch over the images seen."""
    traces = []
    for i, name in enumerate(dict.fromkeys(name for one in epochs for name in one.losses)):
        points = [(one.images, round(one.losses[name], 5)) for one in epochs if name in one.losses]
        line = {"color": COLOUR_B, "width": 1.5, "dash": DASHES[i % len(DASHES)]}
        images, losses = [x for x, _ in points], [y for _, y in points]
        hover = f"{name} %{{y:.3g}}<extra></extra>"
        traces.append(scatter("lines+markers", images, losses, name=name, line=line, hovertemplate=hover))
    return {"data": traces, "layout": plain_layout("Losses", "images seen", "loss")}
