"""Somebody starts a match with the form, and stops and resumes it: a real one, which is tiny."""

from __future__ import annotations

import contextlib
import re

import psutil
import pytest
from servedhome import new_home, play_all

from .visiting import TOKEN, expect, focused, service, witness

TINY = {
    "name": "tiny",
    "rounds": "10000",
    "faces": "procedural:180",
    "image_size": "16",
    "parts": "1, 1, 1",
    "gallery": "12",
    "false_alarm_rate": "0.2",
    "reservoir": "18",
    "exam.size": "40",
    "precision": "fp32",
    "generator.options.width": "4",
    "generator.options.latent": "8",
    "generator.options.batch": "8",
    "generator.options.steps": "20",
    "generator.options.warmup_steps": "2",
    "generator.options.anticipate": "1",
    "detector.options.width": "4",
    "detector.options.batch": "8",
    "detector.options.steps": "20",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    home = new_home(tmp_path_factory.mktemp("started") / "home")
    play_all(home)
    home.close()
    before = set(psutil.Process().children(recursive=True))
    with service(home.root) as address:
        yield address
    for process in set(psutil.Process().children(recursive=True)) - before:  # matches outlive the service
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def fill(page, settings):
    page.get_by_text("All settings").click()
    for name, text in settings.items():
        field = page.locator(f'[name="{name}"]')
        if field.evaluate("node => node.localName") == "select":
            field.select_option(text)
        else:
            field.fill(text)


def test_a_wrong_setting_is_said_at_its_field(address, visit):
    page = visit(address, "#/start", TOKEN)
    start, name = page.get_by_test_id("start"), page.get_by_label("Name", exact=True)
    name.fill("a/b")
    start.click()
    expect(page.get_by_test_id("problem-name")).to_contain_text("up to 64 letters, digits")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    assert witness(page).sent == []  # the page knows it by itself
    name.fill("mine")
    expect(page.get_by_test_id("problem-name")).to_be_empty()

    # What only the service knows, of a field that was folded away.
    page.get_by_text("All settings").click()
    page.locator('[name="exam.size"]').fill("5")
    page.get_by_text("All settings").click()
    expect(page.get_by_text("All settings")).to_have_text("All settings (1 changed)")
    witness(page).allow(r"status of 422 .*/api/matches$")
    start.click()
    expect(page.get_by_test_id("problem-exam.size")).to_have_text("Input should be a multiple of 2, not 5.")
    expect(page.locator('[name="exam.size"]')).to_be_focused()
    assert witness(page).sent == ["POST /api/matches"]
    expect(page.get_by_test_id("start-form")).to_contain_text("default 1000")


def test_signing_in_leads_to_the_form(address, visit):
    page = visit(address, "#/start")
    page.get_by_test_id("sign-in-panel").get_by_test_id("token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("start-form")).to_be_visible(timeout=120_000)
    assert page.evaluate("document.activeElement.matches('main *')")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()


def test_a_name_that_is_taken_is_said(address, visit):
    page = visit(address, "#/start", TOKEN)
    witness(page).allow(r"status of 409 .*/api/matches$")
    page.get_by_label("Name", exact=True).fill("duel")
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("form-problem")).to_contain_text("duel")
    assert focused(page).startswith("p ")


def test_a_match_is_started_stopped_and_resumed(address, visit):
    page = visit(address, "#/start", TOKEN)
    fill(page, TINY)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("announcer")).to_contain_text("Starting tiny.", timeout=120_000)
    expect(page).to_have_url(re.compile("#/match/tiny$"), timeout=120_000)
    expect(page.get_by_test_id("status")).to_have_text("playing")
    expect(page.get_by_test_id("cell-1")).to_be_visible(timeout=120_000)
    for again in (False, True):
        page.get_by_test_id("stop").press("Enter")
        expect(page.get_by_test_id("status")).to_have_text("stopped", timeout=120_000)
        expect(page.get_by_test_id("resume")).to_be_focused()  # in the place of the button that was pressed
        if again:
            break
        played = page.get_by_role("tab").count()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("status")).to_have_text("playing", timeout=120_000)
        expect(page.get_by_test_id(f"cell-{played}")).to_be_visible(timeout=120_000)
    assert witness(page).sent == [f"POST /api/matches{end}" for end in ("", "/tiny/stop", "/tiny/resume", "/tiny/stop")]


def test_a_start_that_failed_says_why_and_is_forgotten(address, visit):
    page = visit(address, "#/start", TOKEN)
    fill(page, TINY | {"name": "few", "faces": "procedural:6"})
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("form-problem")).to_contain_text("few did not start: ", timeout=120_000)
    expect(page.get_by_test_id("form-problem")).to_contain_text("faces")
    expect(page.get_by_test_id("start-few")).to_have_count(0)
    expect(page.locator('[name="faces"]')).to_have_value("procedural:6")
