"""Somebody takes a picture with the camera, or may not, or has none. The camera is Chromium's own film."""

from __future__ import annotations

import re

import pytest

from .visiting import PHONE, TOKEN, audit, expect, focused, overflow, witness

WATCH = """() => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => (window.stream = await ask(wanted));
}"""
STATES = "() => window.stream.getTracks().map((track) => track.readyState)"


@pytest.fixture
def page(duel, visit):
    """The photo check of somebody who allows the camera."""
    page = visit(duel, "#/photo", TOKEN, permissions=["camera"])
    page.evaluate(WATCH)
    page.get_by_test_id("use-camera").click()
    expect(page.get_by_test_id("camera-view")).to_be_visible()
    return page


def test_a_still_is_judged_as_a_photo_and_the_camera_is_off(page):
    assert focused(page) == "camera-take"
    assert page.evaluate(STATES) == ["live"]
    assert (overflow(page), audit(page)) == (0, [])
    page.get_by_test_id("camera-take").click()
    expect(page.get_by_test_id("photo-summary")).to_have_text(re.compile("found"), timeout=120_000)
    assert page.evaluate(STATES) == ["ended"]
    expect(page.get_by_test_id("camera-view")).to_have_count(0)
    expect(page.get_by_role("img", name=re.compile(r"^The photo, \d+ × \d+ pixels$"))).to_be_visible()
    assert any(line.startswith("POST /api/detect?") for line in witness(page).sent)


@pytest.mark.parametrize("leave", ["close", "view", "sign out"])
def test_who_goes_away_leaves_no_camera_on(page, leave):
    if leave == "close":
        page.get_by_role("button", name="Close the camera").click()
        assert focused(page) == "use-camera"
    elif leave == "view":
        page.get_by_role("link", name="Matches").click()
    else:
        page.get_by_test_id("sign-out").click()
    expect(page.get_by_test_id("camera-view")).to_have_count(0)
    assert page.evaluate(STATES) == ["ended"]
    assert not any("/api/detect" in line for line in witness(page).sent)


def test_who_refuses_the_camera_is_told_what_to_do(duel, visit):
    page = visit(duel, "#/photo", TOKEN)
    page.get_by_test_id("use-camera").click()
    problem = page.get_by_test_id("camera-problem")
    expect(problem).to_have_text(
        "This page may not use the camera: allow it in the browser's address bar, or choose a photo."
    )
    expect(page.get_by_test_id("use-camera")).to_be_enabled()
    assert (overflow(page), audit(page)) == (0, [])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("NotFoundError", "No camera was found here; choose a photo instead."),
        ("NotReadableError", "Another program is using the camera: close that, or choose a photo."),
        ("AbortError", "The camera could not be started; choose a photo instead."),
    ],
)
def test_a_camera_that_cannot_be_had_is_one_sentence(duel, visit, name, sentence):
    page = visit(duel, "#/photo", TOKEN)
    page.evaluate(
        "(name) => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', name)); }", name
    )
    page.get_by_test_id("use-camera").click()
    expect(page.get_by_test_id("camera-problem")).to_have_text(sentence)


def test_a_phone_uses_its_own_app(duel, visit):
    page = visit(duel, "#/photo", TOKEN, viewport=PHONE, is_mobile=True, has_touch=True)
    expect(page.get_by_text("Take a picture")).to_be_visible()
    expect(page.get_by_test_id("use-camera")).to_be_hidden()
