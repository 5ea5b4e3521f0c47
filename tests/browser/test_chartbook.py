"""The charts of a match as MLflow shows them: in a frame that may run scripts and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from arena.referee.exam import ExamRecord, draw_paper
from arena.referee.verdict import verdict
from arena.results.chartbook import chart_book
from arena.results.charts import accuracy_figure, auroc_figure
from arena.store.record import RoundRecord

from .visiting import PHONE, Witness, expect, overflow

VIEWER = "http://viewer.test"
FRAME = """page => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.width = document.body.clientWidth;
  frame.src = URL.createObjectURL(new Blob([page], { type: "text/html" }));
  document.body.replaceChildren(frame);
}"""


@pytest.fixture(scope="module")
def book():
    """The charts of three rounds, in which the detector got all right, all wrong, all right."""
    exams = {}
    for number in (1, 2, 3):
        paper = draw_paper(np.arange(20), 20, number)
        scores = paper.labels.astype(np.float64) if number != 2 else 1.0 - paper.labels
        exam = ExamRecord(paper.labels, scores, 0.5, paper.order, paper.real_indices, number)
        exams[number] = exam, verdict(exam.labels, exam.answer)
    records = [RoundRecord("duel", number, "dcgan", "cnn", judged, {}) for number, (_, judged) in exams.items()]
    return chart_book("duel: A 1 : 2 B", [accuracy_figure(records), auroc_figure(records)], exams)


@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_charts_are_drawn_inside_a_sandbox_and_ask_for_nothing(chromium, book, viewport):
    context = chromium.new_context(viewport=viewport)
    watch = Witness(context, VIEWER)
    page = context.new_page()
    page.route(
        f"{VIEWER}/",
        lambda route: route.fulfill(body="<!doctype html><title>a viewer</title>", content_type="text/html"),
    )
    page.goto(VIEWER)
    page.evaluate(FRAME, book)
    frame = page.frame_locator("iframe")
    expect(frame.locator("body[data-drawn]")).to_be_visible()
    for name, ticks in (("Accuracy, 95 % interval", ["1", "2", "3"]), ("AUROC, 95 % interval", ["1", "2", "3"])):
        expect(frame.get_by_role("img", name=name).locator(".xtick text")).to_have_text(ticks)
    expect(frame.get_by_role("heading")).to_have_text("duel: A 1 : 2 B")
    cells = frame.locator("#called td")
    expect(cells).to_have_text(["10 (100.0 %)", "0 (0.0 %)", "0 (0.0 %)", "10 (100.0 %)"])
    frame.get_by_label("Exam of round").select_option("2")
    expect(cells).to_have_text(["0 (0.0 %)", "10 (100.0 %)", "10 (100.0 %)", "0 (0.0 %)"])
    expect(frame.get_by_role("img", name="AUROC 0.000")).to_be_visible()
    drawn = [chart.bounding_box()["width"] for chart in frame.locator(".main-svg:first-child").all()]
    places = [place.bounding_box()["width"] for place in frame.locator(".charts > div").all()]
    assert drawn == pytest.approx(places, abs=1)
    assert overflow(page) == 0
    context.close()
    assert watch.problems == []
    assert [url for url in watch.requests if not url.startswith("blob:")] == [f"{VIEWER}/"]
