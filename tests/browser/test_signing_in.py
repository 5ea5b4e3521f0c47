"""Somebody without the token looks around; signs in, in every way there is; signs out."""

from __future__ import annotations

import re

import pytest

from .visiting import TOKEN, expect, focused, witness

WRONG = "This is not the token of this arena; every home has its own."


@pytest.mark.parametrize(
    ("view", "purpose"),
    [
        ("#/start", "Starting a match needs the arena's token"),
        ("#/photo", "Checking a photo needs the arena's token"),
    ],
)
def test_signed_out_a_view_says_how_to_sign_in_and_sends_nothing(duel, visit, view, purpose):
    page = visit(duel, view)
    panel = page.get_by_test_id("sign-in-panel")
    expect(panel.get_by_role("heading")).to_have_text(purpose)
    expect(panel).to_contain_text("Open the link that arena serve printed, or paste the token")
    for what in ("start-form", "start", "drop", "photo-file"):
        expect(page.get_by_test_id(what)).to_have_count(0)
    assert witness(page).sent == []


def test_signed_out_matches_can_be_watched_but_neither_stopped_nor_resumed(duel, visit):
    page = visit(duel, "#/matches")
    expect(page.get_by_test_id("match-duel")).to_contain_text("finished")
    expect(page.get_by_test_id("match-duel").get_by_role("button")).to_have_count(0)
    page.get_by_role("link", name="duel").click()
    expect(page.get_by_role("tab")).to_have_count(3)
    expect(page.get_by_test_id("actions").get_by_role("button")).to_have_count(0)
    assert witness(page).sent == []


def test_the_link_signs_in_and_leaves_the_address_at_once(duel, visit):
    page = visit(duel, f"#token={TOKEN}")
    expect(page.get_by_test_id("sign-out")).to_be_visible()
    expect(page).to_have_url(f"{duel}/#/")
    expect(page.get_by_role("heading", name="duel")).to_be_visible()
    page.reload()
    expect(page.get_by_test_id("sign-out")).to_be_visible()
    page.goto(f"{duel}/#/photo")
    expect(page.get_by_test_id("drop")).to_be_visible()
    assert not [url for url in witness(page).requests if TOKEN in url]
    page.goto(f"{duel}/#token=wrong")  # changes nothing for who is signed in
    expect(page).to_have_url(f"{duel}/#/")
    expect(page.get_by_test_id("sign-out")).to_be_visible()
    page.reload()
    expect(page.get_by_test_id("sign-out")).to_be_visible()


def test_a_wrong_link_says_so(duel, visit):
    page = visit(duel, "#token=0123456789abcdef-wrong")
    expect(page.get_by_test_id("signed-out")).to_contain_text(WRONG)
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_test_id("signed-out")).to_have_count(0)
    expect(page.get_by_test_id("sign-in")).to_be_visible()


@pytest.mark.parametrize("pasted", [TOKEN, f"  {TOKEN}\n", f"http://127.0.0.1:8000/#token={TOKEN}"])
def test_the_token_or_the_link_is_pasted(duel, visit, pasted):
    page = visit(duel)
    page.get_by_test_id("sign-in").click()
    dialog = page.get_by_test_id("sign-in-dialog")
    field = dialog.get_by_test_id("token")
    expect(field).to_be_focused()
    page.keyboard.insert_text(pasted)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_test_id("sign-out")).to_be_visible()
    expect(page.get_by_test_id("announcer")).to_contain_text("Signed in.")


@pytest.mark.parametrize(
    ("given", "problem"), [("0123456789abcdef-wrong", WRONG), ("two words", re.compile("without spaces"))]
)
def test_a_wrong_token_is_said_at_its_field(duel, visit, given, problem):
    page = visit(duel, "#/photo")
    panel = page.get_by_test_id("sign-in-panel")
    panel.get_by_test_id("token").fill(given)
    panel.get_by_test_id("token-submit").click()
    expect(panel.get_by_role("alert")).to_have_text(problem)
    expect(panel.get_by_test_id("token")).to_be_focused()
    expect(panel.get_by_test_id("token")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    panel.get_by_test_id("token").fill(TOKEN)
    panel.get_by_test_id("token-submit").click()
    expect(page.get_by_test_id("drop")).to_be_visible()


def test_signing_out_takes_everything_away_that_needs_the_token(duel, visit):
    page = visit(duel, "#/photo", TOKEN)
    expect(page.get_by_test_id("drop")).to_be_visible()
    page.get_by_test_id("sign-out").press("Enter")
    assert focused(page) == "sign-in"
    expect(page.get_by_test_id("drop")).to_have_count(0)
    expect(page.get_by_test_id("sign-in-panel")).to_be_visible()
    page.reload()
    expect(page.get_by_test_id("sign-in-panel")).to_be_visible()
    assert witness(page).sent == []
