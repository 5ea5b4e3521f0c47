"""Somebody looks closer at charts: a logarithmic axis, smoothed losses, what is taken home of that, and many rounds."""

from __future__ import annotations

from pathlib import Path

import pytest
from servedhome import new_home, play

from .visiting import DESKTOP, PHONE, audit, expect, overflow, service

ROUNDS = 84
"""So many that the strip has no room for a cell each."""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A service over a long match."""
    home = new_home(tmp_path_factory.mktemp("long") / "home", "long", ROUNDS)
    for number in range(ROUNDS + 1):
        play(home, number, "long", real_score=0.2 if number % 3 else 0.7, last=number == ROUNDS)
    home.close()
    with service(home.root) as address:
        yield address


def panel(page, name):
    """The card of a chart, its chart drawn."""
    card = page.locator("section", has=page.get_by_role("img", name=name))
    card.scroll_into_view_if_needed()
    expect(card.locator(".main-svg .trace").first).to_be_attached()
    return card


def saved(page, card, kind):
    """A file of a chart, as bytes."""
    with page.expect_download() as file:
        card.get_by_role("button", name=kind).click()
    return Path(file.value.path()).read_bytes()


def axis(card):
    """What the vertical axis of a chart is."""
    return card.locator(".js-plotly-plot").evaluate("(plot) => plot.layout.yaxis.type ?? 'linear'")


def test_losses_are_smoothed_and_taken_home_as_they_are(duel, visit):
    page = visit(duel, "#/match/duel")
    card = panel(page, "Losses of both teams")
    traces = card.locator(".main-svg .scatterlayer .trace")
    expect(traces).to_have_count(2)
    card.get_by_text("Save").click()
    before = saved(page, card, "CSV")
    card.get_by_test_id("smoothing").press("ArrowRight")
    expect(card.get_by_role("slider")).to_have_attribute("aria-valuetext", "0.5")
    expect(traces).to_have_count(4)
    assert card.locator(".js-plotly-plot").evaluate("(plot) => plot.data.map(({ opacity }) => opacity ?? 1)") == [
        *(0.25, 1.0),
        *(0.25, 1.0),
    ]
    assert saved(page, card, "CSV") == before
    assert b"smoothed by 0.5" in saved(page, card, "SVG")
    assert (overflow(page), audit(page)) == (0, [])


def test_a_curve_is_smoothed_without_a_pull_from_its_start(duel, visit):
    page = visit(duel, "#/matches")
    smoothed = "([values, weight]) => import('/page/parts/chart-scale.js').then((m) => m.smoothed(values, weight))"
    assert page.evaluate(smoothed, [[4, 4, 4], 0.9]) == pytest.approx([4, 4, 4])
    assert page.evaluate(smoothed, [[1, 3], 0.5]) == pytest.approx([1, (0.25 * 1 + 0.5 * 3) / 0.75])
    assert page.evaluate(smoothed, [[1, 3], 0]) == [1, 3]


def test_an_axis_is_logarithmic_where_that_was_chosen_until_the_page_is_closed(duel, visit):
    page = visit(duel, "#/match/duel")
    assert axis(panel(page, "How well chance explains")) == "log"
    card = panel(page, "Losses of both teams")
    assert axis(card) == "linear"
    card.get_by_test_id("log-axis").check()
    expect(card.locator(".ytitle")).to_have_text("loss, log")
    assert axis(card) == "log"
    card.get_by_text("Save").click()
    assert b"loss, log" in saved(page, card, "SVG")
    page.get_by_role("link", name="Matches").click()
    page.get_by_role("link", name="duel").first.click()
    card = panel(page, "Losses of both teams")
    expect(card.get_by_test_id("log-axis")).to_be_checked()
    assert axis(card) == "log"
    page.reload()
    assert axis(panel(page, "Losses of both teams")) == "linear"


def test_what_a_log_axis_cannot_show_is_said(duel, visit):
    page = visit(duel, "#/match/duel")
    told = """() => import('/page/parts/chart-scale.js').then(({ chartScale }) =>
      chartScale('made up', { log: true }, () => {}).told({ data: [{ y: [0, 1] }, { y: [-1, 2] }] }))"""
    assert page.evaluate(told) == "2 values of 0 or less cannot be seen on a log axis."


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_many_rounds_fit_and_are_told_apart(address, visit, viewport):
    is_phone = viewport is PHONE
    page = visit(address, "#/match/long", viewport=viewport, is_mobile=is_phone, has_touch=is_phone)
    expect(page.get_by_role("tab")).to_have_count(ROUNDS + 1)
    cells = [page.get_by_test_id(f"cell-{number}").bounding_box() for number in (ROUNDS - 1, ROUNDS)]
    assert cells[0]["x"] + cells[0]["width"] <= cells[1]["x"] + 0.5
    assert cells[1]["width"] >= 4
    assert cells[1]["x"] + cells[1]["width"] <= viewport["width"]
    ticks = panel(page, "AUROC of each round").locator(".xtick text")
    assert all(int(text) % 10 == 0 for text in ticks.all_text_contents())
    page.get_by_test_id("rounds").get_by_role("heading").click()
    expect(page.get_by_test_id("rounds").get_by_role("row")).to_have_count(ROUNDS + 2)
    assert (overflow(page), audit(page)) == (0, [])
