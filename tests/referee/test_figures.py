from __future__ import annotations

import io
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from arena.referee import figures
from arena.referee.exam import ExamRecord, draw_paper
from arena.referee.verdict import verdict
from arena.types import Answer


def play(threshold: float = 0.5, seed: int = 0, quality: float = 0.2):
    """A drawn paper, answered by noise that knows the labels a little."""
    paper = draw_paper(np.arange(60), 100, seed)
    scores = np.clip(np.random.default_rng(seed).normal(0.5 + quality * (paper.labels - 0.5), 0.2), 0, 1)
    record = ExamRecord(paper.labels, scores, threshold, paper.order, paper.real_indices, seed)
    return record, verdict(record.labels, record.answer)


@pytest.fixture
def drawn(monkeypatch):
    """Every figure that was saved, so that a test can read what is written on it."""
    seen: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda figure, *a, **k: (seen.append(figure), save(figure, *a, **k))[1])
    return seen


@pytest.mark.parametrize("threshold", [-1.0, 0.0, 0.5, 1.0001, 7.0])
def test_figures_are_pngs_for_any_threshold(threshold):
    pictures = figures.figures(*play(threshold))
    assert sorted(pictures) == ["confusion.png", "roc.png", "scores.png"]
    for png in pictures.values():
        with Image.open(io.BytesIO(png)) as image:
            image.load()
            assert image.format == "PNG"
            assert min(image.size) > 300
            assert image.info["Software"].startswith("arena ")
    assert "matplotlib.pyplot" not in sys.modules


def test_figures_are_the_same_bytes_again():
    assert figures.figures(*play()) == figures.figures(*play())


def test_confusion_counts(drawn):
    labels = np.repeat([0, 1], 10).astype(np.int8)
    scores = np.array([0.9] * 2 + [0.1] * 8 + [0.9] * 7 + [0.1] * 3)
    figures.confusion(verdict(labels, Answer(scores, 0.5)))
    cells = [text.get_text().split("\n") for text in drawn[0].axes[0].texts]
    assert cells == [["8", "80.0%", "right"], ["2", "20.0%", "wrong"], ["3", "30.0%", "wrong"], ["7", "70.0%", "right"]]


def test_roc_marks_the_threshold_on_the_curve(drawn):
    labels = np.repeat([0, 1], 10).astype(np.int8)
    scores = np.array([0.9] * 2 + [0.1] * 8 + [0.9] * 7 + [0.1] * 3)
    figures.roc(labels, scores, 0.5)
    _, curve, point = drawn[0].axes[0].lines
    assert np.column_stack(curve.get_data()).tolist() == [[0, 0], [0.2, 0.7], [1, 1]]
    assert np.column_stack(point.get_data()).tolist() == [[0.2, 0.7]]


@pytest.mark.parametrize(("threshold", "shown"), [(0.3, 0.3), (5.0, 1.01), (-5.0, -0.01)])
def test_histogram_counts_every_score_and_keeps_the_threshold_in_sight(drawn, threshold, shown):
    record, _ = play()
    scores = np.where(record.labels == 1, 1.0, 0.0)  # both ends belong to the scale
    figures.score_histogram(record.labels, scores, threshold)
    axes = drawn[0].axes[0]
    assert axes.lines[0].get_xdata()[0] == shown
    assert axes.get_xlim()[0] < shown < axes.get_xlim()[1]
    assert [max(patch.get_xy()[:, 1]) for patch in axes.patches] == [50, 50]


def test_match_shows_winners_calls_and_forfeits(drawn):
    _, base = play()
    rounds = [
        replace(base, winner="A", call="A"),
        replace(base, winner="A", call="too close"),
        replace(base, winner="B", call="B"),
        replace(base, winner="B", call="too close"),
        replace(base, winner="B", call="B", forfeit="generator"),
    ]
    figures.match_figure(rounds, win_accuracy=0.6)
    above, below = drawn[0].axes
    assert above.get_title() == "Generator (A) 2 : 3 detector (B), 2 too close to call"
    labels = above.get_legend_handles_labels()[1]
    assert {"A won", "A won, too close to call", "B won", "B won, too close to call", "by forfeit"} < set(labels)
    assert above.lines[0].get_ydata()[0] == 0.6
    bars = {bar.get_label(): bar for bar in above.containers}
    assert bars["B won"].lines[0].get_xdata().tolist() == [3, 5]
    assert bars["B won, too close to call"].lines[0].get_markerfacecolor() == "white"
    assert below.lines[-1].get_ydata().tolist() == [base.auroc] * 5


@pytest.mark.parametrize("rounds", [1, 80])
def test_match_of_any_length(rounds):
    verdicts = [play(seed=seed)[1] for seed in range(rounds)]
    with Image.open(io.BytesIO(figures.match_figure(verdicts))) as image:
        assert 600 < image.width <= 1400


def test_match_without_rounds_is_refused():
    with pytest.raises(ValueError, match="at least one round"):
        figures.match_figure([])
