"""Somebody has a keyboard alone: everything is reached, and where one is is always seen."""

from __future__ import annotations

import re

import pytest

from .visiting import TOKEN, VIEWS, expect, focused

WHERE = """() => {
  const node = document.activeElement;
  if (node === document.body) return null;
  node.dataset.reached = "";
  const shown = node.matches(".unseen") ? node.closest("label") : node;
  const { top, bottom, left, right } = shown.getBoundingClientRect();
  const { outlineStyle, outlineWidth } = getComputedStyle(shown);
  return {
    name: node.outerHTML.slice(0, 100),
    marked: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    seen: right - left > 1 && bottom - top > 1 && bottom > 0 && top < innerHeight && right > 0 && left < innerWidth,
  };
}"""
NOT_REACHED = """() =>
  [...document.querySelectorAll("a[href], button:enabled, input:enabled, select:enabled, summary")]
    .filter((node) => node.tabIndex >= 0 && node.checkVisibility() && !("reached" in node.dataset))
    .map((node) => node.outerHTML)"""
NAVIGATION = ["Match", "Matches", "Compare", "Start", "Check a photo", "Can you tell?"]


def test_the_first_key_skips_to_the_content(duel, visit):
    page = visit(duel)
    expect(page.get_by_role("tab")).to_have_count(3)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert focused(page).startswith("main")
    expect(page).to_have_url(f"{duel}/")  # it is no place to come back to
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_navigation_leads_to_every_view_and_its_heading(duel, visit):
    page = visit(duel)
    expect(page.get_by_role("tab")).to_have_count(3)
    for _ in range(2):
        page.keyboard.press("Tab")
    assert focused(page) == "a arena: the match"
    for index, name in enumerate(NAVIGATION):
        link = page.get_by_label("Main").get_by_role("link", name=name, exact=True)
        page.keyboard.press("Tab")
        expect(link).to_be_focused()
        if index == 0:
            continue
        page.keyboard.press("Enter")
        expect(link).to_have_attribute("aria-current", "page")
        expect(page.locator("h1")).to_be_focused()
        expect(page).to_have_title(re.compile("^.+ · arena$"))
        link.focus()


@pytest.mark.parametrize("view", ["#/", "#/matches", "#/photo", "#/blind"])
def test_every_stop_of_the_tab_key_is_seen(duel, visit, view):
    page = visit(duel, view, TOKEN)
    page.reload()  # so that the first key begins at the beginning
    expect(page.locator(VIEWS[view]).first).to_be_visible()
    if view == "#/":  # its charts are drawn when they are near
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        expect(page.get_by_test_id("log-axis").first).to_be_visible()
    stops = []
    for _ in range(150):
        page.keyboard.press("Tab")
        where = page.evaluate(WHERE)
        if where is None:  # around the end, through the browser
            break
        stops.append(where)
    assert where is None
    assert page.evaluate(NOT_REACHED) == []
    assert [stop["name"] for stop in stops if not stop["marked"]] == []
    assert [stop["name"] for stop in stops if not stop["seen"]] == []


def test_the_strip_is_one_stop_and_the_arrows_go_through_it(duel, visit):
    page = visit(duel)
    expect(page.get_by_test_id("round")).to_contain_text("Round 2")
    page.get_by_test_id("cell-2").focus()
    for key, number, title in (
        ("ArrowLeft", 1, "Round 1"),
        ("Home", 0, "The opening"),
        ("ArrowLeft", 0, "The opening"),
        ("ArrowRight", 1, "Round 1"),
        ("End", 2, "Round 2"),
    ):
        page.keyboard.press(key)
        assert focused(page) == f"cell-{number}"
        expect(page.get_by_test_id(f"cell-{number}")).to_have_attribute("aria-selected", "true")
        expect(page.get_by_test_id("round")).to_contain_text(title)
        expect(page.get_by_test_id("slider")).to_have_value(str(number))
    page.keyboard.press("Tab")
    assert not focused(page).startswith("cell-")


def test_the_faces_are_one_stop_and_the_arrows_go_through_them(duel, visit):
    page = visit(duel)
    first = page.get_by_role("button", name="Face 0:")
    first.focus()
    for key, index in (("ArrowRight", 1), ("ArrowDown", 3), ("ArrowLeft", 2), ("Home", 0), ("End", 3)):
        page.keyboard.press(key)
        assert focused(page).startswith(f"button Face {index}:")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Face 3 of duel")
    expect(dialog).to_be_visible()
    for _ in range(4):  # inside of the dialog, or in the browser's own frame around it
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches('dialog *, body')")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert focused(page).startswith("button Face 3:")


def test_the_dialog_of_signing_in_opens_and_closes_and_the_focus_comes_back(duel, visit):
    page = visit(duel)
    button = page.get_by_test_id("sign-in")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Sign in").get_by_test_id("token")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("sign-out")).to_be_focused()


def test_the_theme_is_switched_and_stays(duel, visit):
    page = visit(duel, color_scheme="dark")
    ground = page.locator("body")
    expect(ground).to_have_css("background-color", "rgb(16, 17, 20)")
    page.get_by_role("button", name="Switch to the light theme").press("Enter")
    expect(ground).to_have_css("background-color", "rgb(247, 247, 245)")
    expect(page.get_by_role("button", name="Switch to the dark theme")).to_be_focused()
    page.reload()
    expect(ground).to_have_css("background-color", "rgb(247, 247, 245)")
