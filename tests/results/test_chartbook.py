from __future__ import annotations

import base64
import gzip
import json
import re

import numpy as np
import pytest

from arena.referee.exam import ExamRecord, draw_paper
from arena.referee.verdict import verdict
from arena.results import chartbook, charts
from arena.types import ArenaError

FIGURE = charts.accuracy_figure([])


def sat(seed=1, threshold=0.5):
    """An exam of 20 images that was answered by a coin with many sides, and its verdict."""
    paper = draw_paper(np.arange(20), 20, seed)
    scores = np.random.default_rng(seed).random(20)
    exam = ExamRecord(paper.labels, scores, threshold, paper.order, paper.real_indices, seed)
    return exam, verdict(exam.labels, exam.answer)


def element(page, name):
    """What is in the script element of this name."""
    (found,) = re.findall(rf'<script type="[\w/]+" id="{name}">(.*?)</script>', page, re.S)
    return found


def test_it_holds_the_figures_and_the_exams_in_order():
    exams = {10: sat(10), 2: sat(2)}
    content = json.loads(element(chartbook.chart_book("duel", [FIGURE], exams), "content"))
    assert content["figures"] == [FIGURE]
    assert [exam["round"] for exam in content["exams"]] == [2, 10]
    assert content["exams"][0]["figures"] == [charts.score_figure(exams[2][0]), charts.roc_figure(*exams[2])]
    assert content["exams"][0]["called"] == [list(row) for row in charts.confusion(exams[2][0])]


def test_it_holds_plotly_and_takes_nothing_from_elsewhere():
    page = chartbook.chart_book("duel", [FIGURE])
    packed = element(page, "plotly")
    assert gzip.decompress(base64.b64decode(packed)) == chartbook.plotly_script().read_bytes()
    assert "default-src 'none'" in page
    assert not re.findall(r"(?:src|href|url|import)\s*[=(]|https?:", page.replace(packed, ""))
    assert len(page) < 2_100_000


def test_nothing_in_it_can_end_its_element():
    figure = {"data": [{"name": "</script><b>"}], "layout": {"title": {"text": "$title"}}}
    page = chartbook.chart_book("<b>R&D</b>", [figure])
    assert json.loads(element(page, "content"))["figures"] == [figure]
    assert "<title>&lt;b&gt;R&amp;D&lt;/b&gt;</title>" in page


def test_the_same_match_is_the_same_file():
    assert chartbook.chart_book("duel", [FIGURE], {1: sat()}) == chartbook.chart_book("duel", [FIGURE], {1: sat()})


def test_without_plotly_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(chartbook, "find_spec", lambda name: None)
    with pytest.raises(ArenaError, match="install the package plotly"):
        chartbook.plotly_script()
