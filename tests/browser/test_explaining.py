"""What a word means is told by a pointer, by the focus and by a finger; and what a generator can draw is shown."""

from __future__ import annotations

import pytest
from matches import played, start, tiny

from arena.results.glossary import explain

from .visiting import PHONE, audit, expect, overflow, service, witness


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A match of a generator with latents, and one of a generator without."""
    root = tmp_path_factory.mktemp("explained") / "home"
    for name, generator in (("drawn", None), ("noisy", "noise")):
        match = start(root, tiny(generator, rounds=1), name)
        played(match)
        match.home.close()
    with service(root) as address:
        yield address


def word(page, name):
    return page.get_by_test_id("round").get_by_role("button", name=name, exact=True)


def test_a_pointer_and_the_focus_show_what_a_word_means(duel, visit):
    page = visit(duel, "#/match/duel")
    tip = page.get_by_test_id("tip")
    word(page, "AUROC").hover()
    expect(tip).to_contain_text(explain("AUROC").plain)
    expect(tip).to_contain_text(explain("AUROC").exact)
    page.get_by_role("heading", name="duel").hover()
    expect(tip).to_be_hidden()
    word(page, "EER").focus()
    expect(tip).to_contain_text(explain("EER").plain)
    expect(word(page, "EER")).to_have_accessible_description(f"{explain('EER').plain} {explain('EER').exact}")
    assert audit(page) == []
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.keyboard.press("Tab")
    expect(tip).to_contain_text(explain("threshold").plain)


def test_a_finger_shows_what_a_word_means_and_it_fits_a_phone(duel, visit):
    page = visit(duel, "#/match/duel", viewport=PHONE, is_mobile=True, has_touch=True)
    tip = page.get_by_test_id("tip")
    word(page, "p").tap()
    expect(tip).to_contain_text(explain("p").plain)
    box = tip.bounding_box()
    assert (box["x"] >= 0, box["x"] + box["width"] <= PHONE["width"], overflow(page)) == (True, True, 0)
    page.get_by_test_id("sentence").tap()
    expect(tip).to_be_hidden()


def test_a_walk_through_latents_is_filmed_for_the_chosen_round(address, visit):
    page = visit(address, "#/match/drawn")
    button, film = page.get_by_test_id("walk"), page.get_by_test_id("walk-film")
    expect(film).to_be_hidden()
    button.click()
    expect(film.get_by_role("img", name="Faces of round 1")).to_have_js_property("naturalWidth", 64, timeout=120_000)
    expect(film).to_contain_text("AI-generated")
    page.get_by_test_id("cell-0").click()
    expect(film.get_by_role("img", name="Faces of round 0")).to_be_visible()
    button.click()
    expect(film).to_be_hidden()


def test_a_generator_without_latents_says_so(address, visit):
    page = visit(address, "#/match/noisy")
    witness(page).allow(r"status of 404 .*/walk.webp")
    page.get_by_test_id("walk").click()
    expect(page.get_by_test_id("walk-film")).to_contain_text("Noise draws no faces from latents", timeout=120_000)
