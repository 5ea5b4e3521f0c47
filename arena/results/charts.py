"""Charts as Plotly figures: plain dictionaries of data and layout, for the page, MLflow or a notebook.

Nothing here draws: whoever shows a figure brings Plotly. Backgrounds are transparent and text has no colour, so a page
sets both; every colour that is set is readable on white and on nearly black. Colour never speaks alone: markers,
dashes, hatching or words say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count, pairwise
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from arena.referee.exam import ExamRecord
from arena.referee.verdict import Verdict
from arena.store.record import RoundRecord, rounds_of
from arena.types import FAKE, REAL, Labels, Scores

T = TypeVar("T")
Figure = dict[str, Any]
"""A Plotly figure: `data`, a list of traces, and `layout`."""

COLOUR_A, COLOUR_B = "#d0479f", "#0b8fa5"
"""The teams, magenta and cyan: contrast 4.1 and 3.8 on white, 4.4 and 4.7 on #14161a (WCAG 2 asks for 3)."""
GREY, FAINT = "#7f7f7f", "rgba(127,127,127,0.25)"
"""What is neither team's: contrast 4.0 on white, 4.5 on #14161a; and the grid."""
MATCH_COLOURS = (COLOUR_B, "#d55e00", "#8a6fd1", "#3f8f3f", COLOUR_A, "#a07800", "#5b7fd6", "#c0603a")
"""Of several matches in one chart; contrast 3.8 or more on both."""
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star", "cross", "hexagon")
DASHES = ("solid", "dot", "dash", "dashdot", "longdash")
BINS = 40
SCORE_TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
MOST_TICKS = 10
"""At rounds; more labels have no room on a phone."""
MANY = 60
"""Rounds from which on a marker for each would hide the others."""
_ROC_HOVER = "%{y:.1%} of fakes caught,<br>%{x:.1%} of reals accused<extra></extra>"


class Marked(Protocol):
    """Scores beside the truth, such as an exam's."""

    @property
    def labels(self) -> Labels:
        """int8 `[N]`: 0 real, 1 fake."""

    @property
    def scores(self) -> Scores:
        """float64 `[N]`."""


def score_figure(exam: ExamRecord) -> Figure:
    """How the scores of real and of fake images spread, and from where on the detector raised the alarm.

    On the scale of log-odds, because a detector's scores crowd near 0 and 1; what lies beyond its ends is at its ends.
    """
    ticks = _log_odds(SCORE_TICKS)
    edges = np.linspace(ticks[0], ticks[-1], BINS + 1)
    scores = 1 / (1 + np.exp(-edges))
    spans = [f"{low:.3g}–{high:.3g}" for low, high in pairwise(scores)]
    bars = []
    for kind, name, colour, hatch in ((REAL, "real", COLOUR_B, ""), (FAKE, "fake", COLOUR_A, "/")):
        counts, _ = np.histogram(_log_odds(exam.scores[exam.labels == kind]), edges)
        marker = {"color": colour, "opacity": 0.6, "pattern": {"shape": hatch, "fillmode": "overlay"}}
        hover = f"%{{customdata}}: %{{y}} {name}<extra></extra>"
        bars.append({"type": "bar", "name": name, "x": _numbers((edges[:-1] + edges[1:]) / 2), "y": counts.tolist()})
        bars[-1] |= {
            "width": _number(edges[1] - edges[0]),
            "marker": marker,
            "customdata": spans,
            "hovertemplate": hover,
        }
    (shown,) = _numbers(_log_odds([exam.threshold]))
    layout = plain_layout("Scores of the exam", "score: probability of fake", "images")
    layout["xaxis"] |= {"range": [_number(edges[0] - 0.2), _number(edges[-1] + 0.2)], "tickangle": 0}
    layout["xaxis"] |= {"tickvals": _numbers(ticks), "ticktext": [f"{tick:g}" for tick in SCORE_TICKS]}
    layout |= {"barmode": "overlay", "bargap": 0, "shapes": [dashed_line("x", shown)]}
    text = f"fake from {exam.threshold:.2g}" if exam.threshold <= 1 else "no alarm"
    side = "left" if shown < 0 else "right"
    note = {"x": shown, "y": 1, "yref": "paper", "text": text, "showarrow": False, "yanchor": "bottom", "xanchor": side}
    return {"data": bars, "layout": layout | {"annotations": [note]}}


def roc_figure(exam: ExamRecord, verdict: Verdict) -> Figure:
    """The ROC curve of an exam, the point where the detector's threshold put it, and the line of chance."""
    here = [_number(verdict.false_alarm_rate)], [_number(verdict.tpr)]
    point = {"color": COLOUR_A, "size": 11, "symbol": "diamond"}
    chart = roc_chart(exam, f"AUROC {verdict.auroc:.3f} ({verdict.auroc_low:.3f}–{verdict.auroc_high:.3f})")
    chart["data"].append(scatter("markers", *here, name="in use", marker=point, hovertemplate=_ROC_HOVER))
    return chart


def roc_chart(paper: Marked, title: str) -> Figure:
    """The ROC curve of scores and the line of chance."""
    line, dotted = {"color": COLOUR_B, "width": 2}, {"color": GREY, "width": 1, "dash": "dot"}
    traces = [
        scatter("lines", [0, 1], [0, 1], name="chance", line=dotted, hoverinfo="skip"),
        scatter("lines", *roc_points(paper), name="detector", line=line, hovertemplate=_ROC_HOVER),
    ]
    layout = plain_layout(title, "reals called fake", "fakes called fake")
    for axis in ("xaxis", "yaxis"):
        layout[axis] |= {"range": [-0.02, 1.02], "tickformat": ".0%"}
    return {"data": traces, "layout": layout}


def roc_points(exam: Marked) -> tuple[list[float], list[float]]:
    """The corners of the ROC curve from (0, 0) to (1, 1): shares of reals and of fakes at or above each score."""
    by_score = np.argsort(-exam.scores, kind="stable")
    scores, is_fake = exam.scores[by_score], exam.labels[by_score] == FAKE
    last_of_equals = np.append(np.flatnonzero(np.diff(scores)), scores.size - 1)
    hits = np.append(0, np.cumsum(is_fake)[last_of_equals])
    alarms = np.append(0, np.cumsum(~is_fake)[last_of_equals])
    rise, run = np.diff(hits), np.diff(alarms)
    turns = rise[1:] * run[:-1] != rise[:-1] * run[1:]  # of a straight stretch the ends are enough
    kept = np.concatenate(([True], turns, [True]))
    return _numbers(alarms[kept] / alarms[-1]), _numbers(hits[kept] / hits[-1])


def confusion(exam: ExamRecord) -> tuple[tuple[int, int], tuple[int, int]]:
    """How many images were called (real, fake) at the detector's threshold: of the reals, of the fakes."""
    alarms = exam.scores >= exam.threshold
    real, fake = alarms[exam.labels == REAL], alarms[exam.labels == FAKE]
    return (int((~real).sum()), int(real.sum())), (int((~fake).sum()), int(fake.sum()))


def accuracy_figure(records: Iterable[RoundRecord], win_accuracy: float = 0.5) -> Figure:
    """Accuracy of each round with its 95 % interval: shape and colour name the winner, hollow is too close."""
    rounds = rounds_of(records)
    path = {"color": FAINT, "width": 1}
    traces = [scatter("lines", *_over(rounds, "accuracy"), line=path, hoverinfo="skip", showlegend=False)]
    for team, colour, symbol in (("A", COLOUR_A, "triangle-up"), ("B", COLOUR_B, "circle")):
        for close in (False, True):
            chosen = [r for r in rounds if r.judged.winner == team and r.judged.too_close == close]
            if chosen:
                size = 9 if len(rounds) < MANY else 5
                marker = {"color": colour, "size": size, "symbol": f"{symbol}-open" if close else symbol}
                traces.append(_accuracies("markers", chosen, f"{team}, too close" if close else f"{team} won", marker))
    forfeits = [r for r in rounds if r.judged.forfeit]
    if forfeits:
        frame, place = {"color": GREY, "size": 16, "symbol": "square-open"}, _over(forfeits, "accuracy")
        traces.append(scatter("markers", *place, name="by forfeit", marker=frame, hoverinfo="skip"))
    layout = over_rounds("Accuracy, 95 % interval", "accuracy", traces)
    return {"data": traces, "layout": layout | {"shapes": [dashed_line("y", win_accuracy)]}}


def auroc_figure(records: Iterable[RoundRecord]) -> Figure:
    """AUROC of each round with its 95 % interval as a band, and the line of chance."""
    figure = compared_auroc_figure({"AUROC": records})
    return figure | {"layout": figure["layout"] | {"showlegend": False}}


def compared_accuracy_figure(matches: Mapping[str, Iterable[RoundRecord]]) -> Figure:
    """Accuracy over the rounds of several matches with its 95 % intervals, and the line of half right."""
    traces = []
    for i, (name, records) in enumerate(matches.items()):
        marker = _match_marker(i)
        traces.append(_accuracies("lines+markers", rounds_of(records), name, marker, line={"width": 1.5}))
    layout = over_rounds("Accuracy, 95 % interval", "accuracy", traces)
    return {"data": traces, "layout": layout | {"shapes": [dashed_line("y", 0.5)]}}


def compared_auroc_figure(matches: Mapping[str, Iterable[RoundRecord]]) -> Figure:
    """AUROC over the rounds of several matches with its 95 % intervals as bands, and the line of chance."""
    traces = []
    for i, (name, records) in enumerate(matches.items()):
        rounds = rounds_of(records)
        traces += _banded(name, "AUROC", *_over(rounds, "auroc"), _ends(rounds, "auroc"), _match_marker(i))
    layout = over_rounds("AUROC, 95 % interval", "AUROC", traces)
    return {"data": traces, "layout": layout | {"shapes": [dashed_line("y", 0.5)]}}


def faces_figure(records: Iterable[RoundRecord]) -> Figure:
    """The share of fakes that look like a face, with its 95 % interval, in each round where it was measured."""
    found = [(record.round, record.quality.one_face) for record in records if record.quality]
    seen = [(number, one) for number, one in found if one is not None]
    ends = [[_number(one.low), _number(one.high)] for _, one in seen]
    marker = {"color": COLOUR_A, "size": 8, "symbol": "triangle-up"}
    values = [_number(one.value) for _, one in seen]
    traces = _banded("fakes", "look like a face", [n for n, _ in seen], values, ends, marker)
    layout = over_rounds("Fakes that look like a face, 95 % interval", "share of fakes", traces)
    layout["xaxis"]["range"][0] = -0.5  # the opening has fakes, too
    return {"data": traces, "layout": layout | {"showlegend": False}}


def _log_odds(scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Of probabilities, those beyond the ticks moved to the last one."""
    clipped = np.clip(np.asarray(scores, np.float64), SCORE_TICKS[0], SCORE_TICKS[-1])
    odds: npt.NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return odds


def _accuracies(mode: str, rounds: Sequence[RoundRecord], name: str, marker: Figure, **more: Any) -> Figure:
    """Accuracies as a trace with error bars of the marker's colour."""
    up = [_number(r.judged.accuracy_high - r.judged.accuracy) for r in rounds]
    down = [_number(r.judged.accuracy - r.judged.accuracy_low) for r in rounds]
    width = 3 if len(rounds) < MANY else 0
    bars = {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1.2, "width": width}
    trace = scatter(mode, *_over(rounds, "accuracy"), name=name, marker=marker, **more)
    more = {"customdata": _ends(rounds, "accuracy"), "hovertemplate": _hover(name, "accuracy")}
    return trace | more | {"error_y": bars | {"color": marker["color"]}}


def _banded(
    name: str, what: str, x: Sequence[int], y: Sequence[float], ends: Sequence[Sequence[float]], marker: Figure
) -> list[Figure]:
    """A line, and behind it as a band the interval of each of its points. `what`: the words beside the pointer."""
    band = scatter("lines", [*x, *x[::-1]], [high for _, high in ends] + [low for low, _ in ends][::-1], fill="toself")
    band |= {"fillcolor": pale(marker["color"]), "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    mode = "lines+markers" if len(x) < MANY else "lines"
    middle = scatter(mode, x, y, name=name, marker=marker, line={"width": 2}, customdata=ends)
    return [band | {"legendgroup": name}, middle | {"legendgroup": name, "hovertemplate": _hover(name, what)}]


def scatter(mode: str, x: Sequence[float], y: Sequence[float], **more: Any) -> Figure:
    """A trace of points, lines or both."""
    return {"type": "scatter", "mode": mode, "x": x, "y": y} | more


def _over(rounds: Sequence[RoundRecord], key: str) -> tuple[list[int], list[float]]:
    """The rounds' numbers and a number of each."""
    return [r.round for r in rounds], [_number(getattr(r.judged, key)) for r in rounds]


def _ends(rounds: Sequence[RoundRecord], key: str) -> list[list[float]]:
    """The ends of an interval, for the words beside the pointer."""
    return [[_number(getattr(r.judged, f"{key}_{end}")) for end in ("low", "high")] for r in rounds]


def _hover(name: str, what: str) -> str:
    return f"round %{{x}}: {what} %{{y:.3f}} (%{{customdata[0]:.3f}}–%{{customdata[1]:.3f}})<extra>{name}</extra>"


def plain_layout(title: str, x: str, y: str) -> Figure:
    """What all charts have in common: short words and narrow margins, so that a phone has room for the lines."""
    axis = {"gridcolor": FAINT, "zeroline": False, "automargin": True}
    return {
        "title": {"text": title, "font": {"size": 14}, "x": 0.02, "xanchor": "left"},
        "margin": {"l": 48, "r": 12, "t": 56, "b": 44},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "y": -0.28, "yanchor": "top", "x": 0},
        "hovermode": "closest",
        "xaxis": {"title": {"text": x, "standoff": 6}} | axis,
        "yaxis": {"title": {"text": y, "standoff": 6}} | axis,
    }


def over_rounds(title: str, y: str, traces: Sequence[Figure]) -> Figure:
    """A layout over rounds, from 0 to 1, with ticks at rounds alone: left to itself, Plotly puts some between two."""
    last = max((number for trace in traces for number in trace["x"]), default=1)
    layout = plain_layout(title, "round", y)
    layout["yaxis"]["range"] = [-0.02, 1.02]
    layout["xaxis"] |= {"range": [0.5, last + 0.5]} | whole_ticks(last)
    return layout


def whole_ticks(last: int) -> Figure:
    """Ticks at whole numbers alone, of an axis that goes up to `last`."""
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if last <= MOST_TICKS * step)
    return {"tick0": 0, "dtick": step, "tickformat": "d", "tickangle": 0}


def dashed_line(axis: str, value: float) -> Figure:
    """A dashed line over the whole chart, at a value of one axis."""
    other = "y" if axis == "x" else "x"
    ends = {f"{axis}0": value, f"{axis}1": value, f"{other}0": 0, f"{other}1": 1, f"{other}ref": "paper"}
    return {"type": "line", "line": {"color": GREY, "width": 1.5, "dash": "dash"}} | ends


def _match_marker(i: int) -> Figure:
    return {"color": MATCH_COLOURS[i % len(MATCH_COLOURS)], "size": 7, "symbol": SYMBOLS[i % len(SYMBOLS)]}


def pale(colour: str) -> str:
    """A colour, `#rrggbb`, that what lies below shines through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


def thinned(items: Sequence[T], most: int) -> list[T]:
    """At most so many of them, evenly chosen, the first and the last among them."""
    chosen = np.linspace(0, len(items) - 1, min(len(items), most)).round().astype(int)
    return [items[i] for i in chosen]


def _number(value: float) -> float:
    return round(float(value), 5)


def _numbers(values: Any) -> list[float]:
    return [_number(value) for value in values]
