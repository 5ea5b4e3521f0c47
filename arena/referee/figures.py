"""Pictures of a verdict and of a match, as PNG bytes.

matplotlib is imported by the functions that draw, so that a referee who draws nothing stays light, and pyplot never, so
that drawing works in any thread and leaves no global state behind. Colours are from the palette of Okabe and Ito
(Color Universal Design, 2008), and colour never speaks alone: markers, hatching or text say the same.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from arena import __version__
from arena.referee import metrics
from arena.referee.exam import ExamRecord, Indices
from arena.referee.verdict import ORIGINAL_RULE, Verdict
from arena.types import FAKE, REAL, Labels, Scores, Winner

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BLUE, _VERMILION, _GREY = "#0072B2", "#D55E00", "#595959"
_BINS = 40
# What a winner looks like: team, colour, marker.
_WINNERS: tuple[tuple[Winner, str, str], ...] = (("A", _VERMILION, "^"), ("B", _BLUE, "o"))


def figures(record: ExamRecord, verdict: Verdict) -> dict[str, bytes]:
    """The pictures of one exam by file name."""
    return {
        "confusion.png": confusion(verdict),
        "roc.png": roc(record.labels, record.scores, record.threshold),
        "scores.png": score_histogram(record.labels, record.scores, record.threshold),
    }


def confusion(verdict: Verdict) -> bytes:
    """How many real and fake images were called what: one row per truth, shaded by its share of the row."""
    half = verdict.n // 2
    shares = np.array([[verdict.tnr, 1 - verdict.tnr], [1 - verdict.tpr, verdict.tpr]])
    figure, axes = _page(4.6, 4.4)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        right = "right" if row == column else "wrong"
        text = f"{round(share * half)}\n{share:.1%}\n{right}"
        ink = "white" if share > 0.55 else "black"  # readable on both ends of the colour map
        axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=12)
    axes.set_xticks([0, 1], ["real", "fake"])
    axes.set_yticks([0, 1], ["real", "fake"], rotation=90, va="center")
    axes.tick_params(length=0)
    axes.axhline(0.5, color="white", linewidth=3)
    axes.axvline(0.5, color="white", linewidth=3)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(f"called ({_alarm(verdict.threshold)})")
    axes.set_ylabel("truth")
    axes.set_title(f"{verdict.accuracy:.1%} of {verdict.n} images called right", fontsize=11)
    return _png(figure)


def roc(labels: Labels, scores: Scores, threshold: float) -> bytes:
    """The ROC curve, the point where the detector's threshold puts it, and the line of chance."""
    from sklearn.metrics import roc_curve

    false_alarms, hits, _ = roc_curve(labels, scores)
    low, high = metrics.auroc_interval(labels, scores)
    here = (float(np.mean(scores[labels == REAL] >= threshold)), float(np.mean(scores[labels == FAKE] >= threshold)))
    figure, axes = _page(4.8, 4.8)
    axes.fill_between(false_alarms, hits, color=_BLUE, alpha=0.12, linewidth=0)
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle=":", label="chance")
    axes.plot(false_alarms, hits, color=_BLUE, linewidth=2, clip_on=False, label="detector")
    point = f"{_alarm(threshold)}:\n{here[1]:.1%} of fakes caught,\n{here[0]:.1%} of reals accused"
    axes.plot(*here, "D", color=_VERMILION, markersize=8, markeredgecolor="white", clip_on=False, zorder=3, label=point)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_aspect("equal")
    axes.set_xlabel("share of reals called fake (false alarms)")
    axes.set_ylabel("share of fakes called fake (hits)")
    axes.set_title(f"AUROC {metrics.auroc(labels, scores):.3f}, 95 % interval {low:.3f} to {high:.3f}", fontsize=11)
    # The curve leaves the lower right free, unless it runs below chance.
    axes.legend(loc="lower right" if metrics.auroc(labels, scores) >= 0.5 else "upper left", fontsize=9)
    return _png(figure)


def score_histogram(labels: Labels, scores: Scores, threshold: float) -> bytes:
    """How the scores of real and of fake images spread over [0, 1], and where the detector raises the alarm."""
    figure, axes = _page(6.4, 3.8)
    edges = np.linspace(0, 1, _BINS + 1)
    for label, name, colour, hatch in ((REAL, "real", _BLUE, ""), (FAKE, "fake", _VERMILION, "////")):
        chosen = scores[labels == label]
        axes.hist(chosen, edges.tolist(), histtype="stepfilled", facecolor=(colour, 0.3), edgecolor=colour, hatch=hatch,
                  linewidth=1.4, label=f"{name} ({chosen.size})")  # fmt: skip
    alarms = int(np.sum(scores >= threshold))
    # A threshold beyond the scale, of a detector that raises no alarm, is drawn at its edge.
    axes.axvline(float(np.clip(threshold, -0.01, 1.01)), color="black", linestyle="--", linewidth=1.5,
                 label=f"{_alarm(threshold)} ({alarms})")  # fmt: skip
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("score: the detector's probability of fake")
    axes.set_ylabel("images")
    axes.set_title(f"Scores of {scores.size} exam images", fontsize=11)
    figure.legend(loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    return _png(figure)


def match_figure(verdicts: Sequence[Verdict], win_accuracy: float = ORIGINAL_RULE.win_accuracy) -> bytes:
    """Over rounds 1 to N: accuracy against the win line, coloured by winner, and AUROC below, both with intervals."""
    if not verdicts:
        raise ValueError("the picture of a match needs the verdict of at least one round")
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    rounds = np.arange(1, len(verdicts) + 1, dtype=np.int64)
    figure = Figure(figsize=(min(6.4 + 0.12 * len(verdicts), 14), 5.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    _draw_accuracy(above, rounds, verdicts, win_accuracy)
    _draw_auroc(below, rounds, verdicts)
    below.set_xlim(0.5, len(verdicts) + 0.5)
    below.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    below.set_xlabel("round")
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="0.9", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.set_ylim(-0.02, 1.02)
    score = {team: sum(v.winner == team for v in verdicts) for team in "AB"}
    close = sum(v.call == "too close" for v in verdicts)
    above.set_title(f"Generator (A) {score['A']} : {score['B']} detector (B), {close} too close to call", fontsize=11)
    figure.legend(loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    return _png(figure)


def _draw_accuracy(axes: Axes, rounds: Indices, verdicts: Sequence[Verdict], win_accuracy: float) -> None:
    """One marker with its interval per round: shape and colour name the winner, hollow means too close to call."""
    axes.axhline(win_accuracy, color="black", linestyle="--", linewidth=1.2, label=f"B wins from {win_accuracy:.0%} on")
    for team, colour, marker in _WINNERS:
        for hollow in (False, True):
            chosen = [i for i, v in enumerate(verdicts) if v.winner == team and (v.call == "too close") == hollow]
            if not chosen:
                continue
            rows = np.array([(v.accuracy, v.accuracy_low, v.accuracy_high) for v in (verdicts[i] for i in chosen)])
            arms = np.abs(rows[:, 1:].T - rows[:, 0])
            axes.errorbar(rounds[chosen], rows[:, 0], arms, fmt=marker, color=colour, capsize=3, markersize=8,
                          markerfacecolor="white" if hollow else colour,
                          label=f"{team} won, too close to call" if hollow else f"{team} won")  # fmt: skip
    lost = [i for i, v in enumerate(verdicts) if v.forfeit is not None]
    if lost:
        axes.plot(rounds[lost], [verdicts[i].accuracy for i in lost], "s", color="black", markersize=15,
                  markerfacecolor="none", label="by forfeit")  # fmt: skip
    axes.set_ylabel("accuracy, 95 % interval")


def _draw_auroc(axes: Axes, rounds: Indices, verdicts: Sequence[Verdict]) -> None:
    """The AUROC of each round, its interval as a band, and the line of chance."""
    low, high = [v.auroc_low for v in verdicts], [v.auroc_high for v in verdicts]
    axes.axhline(0.5, color=_GREY, linestyle=":", linewidth=1.2, label="AUROC of chance")
    axes.fill_between(rounds, low, high, color="black", alpha=0.15, linewidth=0)
    axes.vlines(rounds, low, high, color="black", alpha=0.35, linewidth=1)
    axes.plot(rounds, [v.auroc for v in verdicts], color="black", marker=".", linewidth=1.5)
    axes.set_ylabel("AUROC, 95 % interval")


def _page(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure, inches, that belongs to nobody else."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _alarm(threshold: float) -> str:
    return f"alarm from {threshold:.3g} on" if threshold <= 1 else "threshold above 1: no alarm"


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": f"arena {__version__}"})
    return buffer.getvalue()
