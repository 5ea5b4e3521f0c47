"""Charts of what spans several powers of ten: losses, p-values, speed. Who shows them may make their axis a log one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from arena.results.charts import (
    COLOUR_A,
    COLOUR_B,
    DASHES,
    FAINT,
    MANY,
    Figure,
    dashed_line,
    over_rounds,
    plain_layout,
    scatter,
    thinned,
)
from arena.results.standings import TEAMS
from arena.store.record import RoundRecord, rounds_of

MOST_POINTS = 500
"""Of a curve of losses; more cannot be told apart on a screen."""
LEAST_CHANCE = 1e-300
"""What a p-value is at least: a logarithmic axis has no 0."""
_TEAM_COLOURS = {"A": COLOUR_A, "B": COLOUR_B}


def losses_figure(records: Iterable[RoundRecord]) -> Figure:
    """Both teams' losses over the images each has seen. `records`: with their curves, the opening among them."""
    trainings = [record.training for record in records]
    traces = []
    for team, role in TEAMS.items():
        points = [point for training in trainings for point in training[role].curve]
        for i, name in enumerate(dict.fromkeys(name for point in points for name in point.losses)):
            curve = thinned([(p.images, _brief(p.losses[name])) for p in points if name in p.losses], MOST_POINTS)
            line = {"color": _TEAM_COLOURS[team], "width": 1.5, "dash": DASHES[i % len(DASHES)]}
            hover = f"{team} {name} %{{y:.3g}}<extra></extra>"
            images, losses = [images for images, _ in curve], [loss for _, loss in curve]
            traces.append(scatter("lines", images, losses, name=f"{team} {name}", line=line, hovertemplate=hover))
    return {"data": traces, "layout": plain_layout("Losses", "images seen by the team", "loss")}


def chance_figure(records: Iterable[RoundRecord], significance: float = 0.05) -> Figure:
    """The p-value of each round: how often chance alone brings an accuracy as far from half. Dashed: clear below."""
    rounds = rounds_of(records)
    numbers, chances = [r.round for r in rounds], [_brief(max(r.judged.p_value, LEAST_CHANCE)) for r in rounds]
    size = 7 if len(rounds) < MANY else 4
    marker = {"size": size, "color": [_TEAM_COLOURS[r.judged.winner] for r in rounds]}
    marker["symbol"] = ["triangle-up" if r.judged.winner == "A" else "circle" for r in rounds]
    hover = "round %{x}: p %{y:.2g}, %{customdata} ahead<extra></extra>"
    trace = scatter("lines+markers", numbers, chances, name="p", marker=marker, hovertemplate=hover)
    trace |= {"line": {"color": FAINT, "width": 1}, "customdata": [r.judged.winner for r in rounds]}
    layout = over_rounds("Is it chance? p-values", "p-value", [trace])
    return {"data": [trace], "layout": layout | {"shapes": [dashed_line("y", significance)], "showlegend": False}}


def speed_figure(records: Iterable[RoundRecord]) -> Figure:
    """Training images a second of both teams in each round, the opening among them where it took any time."""
    found = list(records)
    traces = []
    for team, role in TEAMS.items():
        reports = [record.training[role] for record in found]
        images = [after - before for before, after in pairwise([0, *(it.images for it in reports)])]
        timed = [(r.round, n / it.seconds) for r, n, it in zip(found, images, reports, strict=True) if it.seconds]
        colour, symbol = _TEAM_COLOURS[team], "triangle-up" if team == "A" else "circle"
        trace = scatter("lines+markers", [number for number, _ in timed], [_brief(speed) for _, speed in timed])
        trace |= {"name": f"Team {team}", "hovertemplate": f"round %{{x}}: {team} %{{y:,.0f}} images/s<extra></extra>"}
        marker = {"size": 6 if len(found) < MANY else 3, "symbol": symbol, "color": colour}
        traces.append(trace | {"line": {"color": colour, "width": 1.5}, "marker": marker})
    layout = over_rounds("Speed of training", "images/s", traces)
    layout["xaxis"]["range"][0] = -0.5
    layout["yaxis"]["rangemode"] = "tozero"
    del layout["yaxis"]["range"]
    return {"data": traces, "layout": layout}


def _brief(value: float) -> float:
    """To five digits, however small."""
    return float(f"{value:.5g}")
