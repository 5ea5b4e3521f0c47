"""Fakes that were made of faces: somebody points at one and sees of what, or reads why none is shown."""

from __future__ import annotations

import json

import pytest
import safetensors.numpy
from servedhome import picture, play_all

from arena.store.names import SAMPLE_SOURCES

from .visiting import expect, service, witness


@pytest.fixture
def swaps(home):
    """A service over a match whose last round says what its samples were made of."""
    play_all(home)
    images = {"target": picture(10, 4), "donor": picture(50, 4), "mask": picture(200, 4)}
    words = {"words": json.dumps([f"MOUTH blur {i}" for i in range(4)])}
    safetensors.numpy.save_file(images, home.round_folder("duel", 2) / SAMPLE_SOURCES, words)
    with service(home.root) as address:
        yield address


def test_pointing_at_a_face_shows_what_it_was_made_of(home, swaps, visit):
    (home.root / "settings.yaml").write_text("show_real_faces: true\n")
    page = visit(swaps)
    witness(page).allow("exam/real/")  # the faces of this match are nowhere
    made = page.get_by_test_id("gallery").get_by_test_id("sources")
    expect(page.get_by_test_id("slider-round")).to_have_text("2 of 2")
    expect(made).to_be_hidden()
    page.get_by_role("button", name="Face 1:").hover()
    expect(made.locator("figcaption")).to_have_text(["fake", "target", "donor", "mask"])
    expect(made).to_contain_text("Face 1: MOUTH blur 1.")
    for name in ("fake", "target", "donor", "mask"):
        expect(made.get_by_role("img", name=f"The {name}")).to_have_js_property("naturalWidth", 8)
    page.get_by_role("button", name="Face 3:").focus()
    expect(made).to_contain_text("Face 3: MOUTH blur 3.")
    page.get_by_test_id("slider").fill("1")  # the generator of that round did not tell
    page.get_by_role("button", name="Face 0:").hover()
    expect(made.locator("figure")).to_have_count(0)


def test_a_click_shows_it_too_and_photographs_stay_at_home(swaps, visit):
    page = visit(swaps)
    expect(page.get_by_test_id("slider-round")).to_have_text("2 of 2")
    page.get_by_role("button", name="Face 2:").click()
    made = page.get_by_test_id("face").get_by_test_id("sources")
    expect(made.locator("figcaption")).to_have_text(["fake", "mask"])
    expect(made).to_contain_text("Face 2: MOUTH blur 2. Its real faces are photographs, which this home does not show.")


def test_fakes_made_of_photographs_stay_at_home_until_the_owner_allows_it(home, visit):
    with home.transaction() as ledger:
        ledger.execute("UPDATE match SET facts = json_set(facts, '$.fakes_are', 'composite')")
    play_all(home)
    with service(home.root) as address:
        page = visit(address)
        why = page.get_by_test_id("no-sheets")
        expect(why).to_contain_text(
            "The fakes of duel were made of photographs of people, which this home does not show"
        )
        expect(page.get_by_test_id("slider")).to_be_hidden()
        exam = page.get_by_test_id("exam")
        expect(exam).to_contain_text("made of photographs of people, or may be, which this home does not show")
        expect(exam.get_by_role("img")).to_have_count(0)
        (home.root / "settings.yaml").write_text("show_real_faces: true\n")
        witness(page).allow("exam/real/")  # the faces of this match are nowhere
        page.reload()
        expect(page.get_by_test_id("slider-round")).to_have_text("2 of 2")
        expect(why).to_be_hidden()
        page.goto("about:blank")  # nobody waits for pictures of a service that has ended
