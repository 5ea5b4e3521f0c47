"""The report of a match, taken from the page and opened from disk, where there is no service."""

from __future__ import annotations

import pytest

from .visiting import PHONE, Witness, expect, overflow


@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_a_report_needs_nobody(duel, visit, chromium, tmp_path, viewport):
    page = visit(duel, "#/match/duel")
    with page.expect_download() as taken:
        page.get_by_test_id("report").click()
    file = tmp_path / taken.value.suggested_filename
    taken.value.save_as(file)
    assert file.name == "duel.html"
    context = chromium.new_context(viewport=viewport)
    watch = Witness(context, "file:")
    report = context.new_page()
    report.goto(file.as_uri())
    expect(report.locator("body[data-drawn]")).to_be_visible()
    expect(report.get_by_text("Nobody wins: no round was won by more than luck.")).to_be_visible()
    expect(report.get_by_role("img", name="Accuracy, 95 % interval").locator(".xtick text")).to_have_text(["1", "2"])
    expect(report.get_by_alt_text("The fakes of round 2")).to_have_js_property("naturalWidth", 16)
    report.get_by_label("Round", exact=True).press("Home")
    expect(report.get_by_alt_text("The fakes of round 0")).to_be_visible()
    report.get_by_role("link", name="1", exact=True).click()
    expect(report.get_by_role("row", name="B, too close")).to_be_in_viewport()
    assert overflow(report) == 0
    context.close()
    assert watch.problems == []
    assert [url for url in watch.requests if not url.startswith(("file:", "data:"))] == []
