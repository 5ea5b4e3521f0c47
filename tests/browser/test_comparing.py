"""Somebody looks through the matches: filter, compare, go on in MLflow."""

from __future__ import annotations

import re

import pytest
from servedhome import new_home, new_match, play, play_all

from .visiting import expect, focused, service


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    home = new_home(tmp_path_factory.mktemp("compared") / "home")
    play_all(home)
    new_match(home, "rematch", rounds=3)
    play_all(home, "rematch")
    new_match(home, "unplayed")
    home.close()
    with service(home.root) as address:
        yield address


def rows(page):
    return page.get_by_test_id("matches").locator("tbody tr:visible")


def test_matches_are_filtered_by_what_one_types_and_by_status(address, visit):
    page = visit(address, "#/matches")
    expect(rows(page)).to_have_count(3)
    search = page.get_by_role("searchbox")
    search.fill("REM")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("rematch")
    expect(page.get_by_text("1 of 3 matches")).to_be_visible()
    search.fill("dcgan")
    expect(rows(page)).to_have_count(3)
    page.get_by_label("Status").select_option("stopped")
    expect(rows(page)).to_have_count(2)
    expect(page.get_by_text("2 of 3 matches")).to_be_visible()


def test_two_matches_are_compared(address, visit):
    page = visit(address, "#/matches")
    compare, mlflow = page.get_by_test_id("compare"), page.get_by_test_id("mlflow")
    expect(compare).to_have_text("Tick matches to compare")
    for name in ("duel", "rematch"):
        page.get_by_label(f"Compare {name}").check()
    expect(mlflow).to_have_text("Compare in MLflow")
    expect(mlflow).to_have_attribute("href", re.compile(r"/#/(duel\+rematch|rematch\+duel)$"))
    expect(compare).to_have_text("Compare 2")
    compare.click()
    expect(page).to_have_url(re.compile(r"#/compare\?match=duel&match=rematch$"))
    accuracy, auroc = page.get_by_role("img", name="Accuracy"), page.get_by_role("img", name="AUROC")
    expect(accuracy.locator(".main-svg .scatterlayer .trace")).to_have_count(2)
    expect(auroc.locator(".main-svg .scatterlayer .trace")).to_have_count(4)  # a line and a band each
    expect(accuracy.locator(".legendtext")).to_have_text(["duel", "rematch"])
    expect(page.get_by_test_id("differences").get_by_role("row", name="rounds")).to_contain_text("23")
    expect(mlflow).to_have_text("Compare in MLflow")
    page.get_by_text("Matches", exact=True).last.click()
    page.get_by_label("rematch").uncheck()
    expect(page).to_have_url(re.compile(r"#/compare\?match=duel$"))
    expect(accuracy.locator(".main-svg .scatterlayer .trace")).to_have_count(1)
    expect(mlflow).to_have_text("MLflow run")
    expect(mlflow).to_have_attribute("href", re.compile("/#/duel$"))


def test_a_match_links_to_its_run_in_mlflow(address, visit):
    page = visit(address, "#/match/duel")
    expect(page.get_by_test_id("mlflow")).to_have_text("MLflow run")
    expect(page.get_by_test_id("mlflow")).to_have_attribute("href", re.compile("/#/duel$"))


def test_rounds_that_arrive_leave_the_selection_and_the_focus_alone(home, visit):
    with service(home.root) as address:
        page = visit(address, "#/matches")
        box = page.get_by_label("Compare duel")
        box.focus()
        page.keyboard.press("Space")
        play(home, 0)
        play(home, 1)
        expect(page.get_by_test_id("match-duel")).to_contain_text("1 of 2")
        expect(box).to_be_checked()
        expect(page.get_by_test_id("compare")).to_have_text("Compare 1")
        assert focused(page) == "input Compare duel"
