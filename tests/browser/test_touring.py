"""The minute of docs/tour.md, step by step: each is possible and shows what the document says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from arena.results.glossary import explain

from .visiting import DESKTOP, PHONE, TOKEN, expect

TOUR = (Path(__file__).parents[2] / "docs" / "tour.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_minute(duel, visit, viewport):
    page = visit(duel, "#/match/duel", TOKEN, viewport=viewport)
    expect(page.get_by_test_id("story").locator(".headline")).to_have_text(re.compile("wins|leads|won"))
    expect(page.get_by_test_id("score").get_by_role("button", name="clear")).to_have_count(2)
    about = page.locator(".heading .facts")
    expect(about).to_contain_text(re.compile("Real faces.*Fakesdrawn by Team A's network"))
    expect(page.locator(".cell.close")).to_have_count(2)
    page.get_by_test_id("cell-2").click()
    panel, tip = page.get_by_test_id("round"), page.get_by_test_id("tip")
    expect(panel.get_by_test_id("sentence")).not_to_be_empty()
    panel.get_by_role("button", name="p", exact=True).focus()
    expect(tip).to_contain_text(explain("p").plain)
    page.get_by_test_id("beside").select_option("opening")
    expect(page.get_by_test_id("gallery").locator("figure:visible")).to_have_count(2)
    page.get_by_role("button", name="Face 0:").first.click()
    expect(page.get_by_test_id("face")).to_contain_text(re.compile("fooled"))
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("face")).to_be_hidden()


def test_the_tour_names_what_is_on_the_page(duel, visit):
    page = visit(duel, "#/match/duel", TOKEN)
    expect(page.get_by_test_id("score")).to_be_visible()
    seen = page.locator("body").inner_text()
    expect(page.get_by_role("link", name="Check a photo")).to_be_visible()
    page.goto(f"{duel}/#/photo")
    expect(page.get_by_test_id("examples").get_by_role("button")).to_have_count(4)
    seen = f"{seen} {page.locator('body').inner_text()}".lower()
    shown = {"alarm level", "Heat map"}  # beside a verdict alone
    for words in {" ".join(words.split()) for words in re.findall(r"\*\*([^*]+)\*\*", TOUR)} - shown:
        assert words.lower() in seen, words
