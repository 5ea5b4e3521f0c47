"""Somebody takes the blind test: twenty images, called real or fake with the keys alone."""

from __future__ import annotations

import pytest
from matches import played, start, tiny

from .visiting import TOKEN, expect, focused, service, witness

WHITE_CORNER = """() => {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  context.drawImage(document.querySelector(".blind-large"), 0, 0);
  return [...context.getImageData(0, 0, 1, 1).data].every((byte) => byte === 255);
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A match on drawn faces, whose fakes have a white corner, which the detector sees."""
    match = start(tmp_path_factory.mktemp("told") / "home", tiny("stamper", "stamp-reader", rounds=1))
    played(match)
    match.home.close()
    with service(match.home.root) as address:
        yield address


def test_twenty_images_are_called_real_or_fake_with_the_keys_alone(address, visit):
    page = visit(address, "#/blind", TOKEN)
    expect(page.get_by_test_id("blind-tally")).to_contain_text("Visitorsno votes yet")
    page.get_by_test_id("begin").press("Enter")
    title, progress = page.get_by_test_id("blind-title"), page.get_by_test_id("blind-progress")
    for number in range(1, 21):
        expect(title).to_have_text(f"Image {number} of 20")
        expect(page.get_by_test_id("hand-in")).to_be_disabled()
        is_fake = page.evaluate(WHITE_CORNER)
        says_fake = is_fake != (number == 3)  # one mistake
        keys = ("ArrowRight", "f") if says_fake else ("ArrowLeft", "r")
        page.keyboard.press(keys[number % 2])
        expect(page.get_by_test_id(f"question-{number - 1}")).to_have_text("fake" if says_fake else "real")
    expect(progress).to_contain_text("All judged")
    assert focused(page) == "hand-in"
    page.keyboard.press("Enter")

    result = page.get_by_test_id("blind-result")
    heading = "You were right about 19 of 20: 1 image fewer than the detector."
    expect(result.get_by_role("heading")).to_have_text(heading)
    expect(result.get_by_role("row", name="You")).to_contain_text("19 of 2095 %0.76–0.99")  # Wilson: 0.764 to 0.991
    expect(result.get_by_role("row", name="The detector")).to_contain_text("20 of 20100 %0.84–1.00")
    expect(result.get_by_role("listitem")).to_have_count(20)
    expect(page.get_by_test_id("answer-2")).to_contain_text(", wrong")
    expect(page.get_by_test_id("answer-3")).not_to_contain_text(", wrong")
    assert focused(page) == f"h2 {heading}"
    expect(page.get_by_test_id("blind-tally").get_by_role("row", name="Visitors")).to_contain_text("19 of 20")
    page.goto(f"{address}/#/matches")
    expect(page.get_by_test_id("standings")).to_contain_text("Visitors, in the blind test: 19 of 20")


def test_a_vote_is_changed_before_it_is_handed_in(address, visit):
    page = visit(address, "#/blind", TOKEN)
    page.get_by_test_id("begin").click()
    page.get_by_test_id("vote-real").click()
    expect(page.get_by_test_id("blind-title")).to_have_text("Image 2 of 20")
    page.get_by_test_id("question-0").click()
    expect(page.get_by_test_id("blind-title")).to_have_text("Image 1 of 20")
    expect(page.get_by_test_id("vote-real")).to_have_attribute("aria-pressed", "true")
    page.get_by_test_id("vote-fake").click()
    expect(page.get_by_test_id("question-0")).to_have_accessible_name("Image 1: fake")
    expect(page.get_by_test_id("blind-progress")).to_have_text("1 of 20 judged")


def test_signed_out_nobody_takes_part(address, visit):
    page = visit(address, "#/blind")
    expect(page.get_by_test_id("sign-in-panel")).to_contain_text("Taking part needs the arena's token")
    expect(page.get_by_test_id("begin")).to_have_count(0)
    assert witness(page).sent == []


def test_where_real_faces_may_not_be_shown_there_is_no_test(duel, visit):
    page = visit(duel, "#/blind", TOKEN)
    expect(page.get_by_test_id("blind-refused")).to_contain_text("show_real_faces: true")
    expect(page.get_by_test_id("begin")).to_have_count(0)
    assert witness(page).sent == []


def test_an_exam_shows_the_drawn_faces_that_alarmed(address, visit):
    page = visit(address, "#/match/tiny/round/1")
    exam = page.get_by_test_id("exam")
    expect(exam).to_contain_text("Real faces that alarmed most")
    expect(exam).to_contain_text("0 false alarms")
    expect(exam.get_by_role("img", name="real ").first).to_have_js_property("naturalWidth", 16)
