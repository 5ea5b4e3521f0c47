"""Somebody has a photo checked, by a detector that never trained."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys

import pytest
from photofiles import drawn_crowd, drawn_face, encoded
from PIL import Image

from .visiting import DESKTOP, PHONE, TOKEN, audit, expect, focused, overflow, service, witness

FACE = encoded(drawn_face())
DROP = """([data, name]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "image/png" }));
  document.querySelector("[data-testid=drop]").dispatchEvent(
    new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""

PLACE = "(bar) => Number(getComputedStyle(bar).getPropertyValue('--score'))"


@pytest.fixture
def page(duel, visit):
    page = visit(duel, "#/photo", TOKEN)
    expect(page.get_by_test_id("judge")).to_contain_text("round 2 of duel")
    return page


def choose(page, content, name="photo.png", kind="image/png"):
    page.get_by_test_id("photo-file").set_input_files({"name": name, "mimeType": kind, "buffer": content})


def test_a_face_is_boxed_and_judged(page):
    choose(page, FACE)
    result = page.get_by_test_id("photo-result")
    expect(result).to_be_visible(timeout=120_000)
    bar = page.get_by_test_id("face-0").get_by_role("img")
    expect(bar).to_have_accessible_name(re.compile("^[\\d.<>]+ [×%].* the alarm level, a score of "))
    verdict, high = page.get_by_test_id("face-0").locator("strong").text_content(), bar.evaluate(PLACE)
    assert (verdict == "fake") == (high >= 0.5)
    page.get_by_text("Use this from Python or curl").click()
    expect(page.get_by_test_id("recipes")).to_contain_text("/api/detect?match=duel&round=2")
    expect(page.get_by_test_id("photo-summary")).to_have_text(re.compile("^1 face found, [01] called fake.$"))
    expect(page.get_by_test_id("announcer")).to_contain_text("1 face found")
    expect(page.get_by_test_id("face-0").locator("strong")).to_have_text(re.compile("^(real|fake)$"))
    expect(result.get_by_role("img", name="The photo, 320 × 160 pixels")).to_be_visible()
    photo, box = (page.get_by_test_id(name).bounding_box() for name in ("photo", "box-0"))
    assert 0.6 < (box["x"] + box["width"] / 2 - photo["x"]) / photo["width"] < 0.9  # the face is in the right half
    assert photo["y"] <= box["y"] < box["y"] + box["height"] <= photo["y"] + photo["height"] + 1  # which it fills
    page.get_by_test_id("box-0").click()
    assert focused(page) == "face-0"

    heat = page.locator(".heat-map")
    expect(heat).to_be_hidden()
    page.get_by_test_id("heat-0").check()
    expect(heat).to_be_visible()
    painted = "node => node.getContext('2d').getImageData(0, 0, node.width, node.height).data.some((byte) => byte > 0)"
    assert heat.evaluate(painted)
    page.get_by_label("Strength of the heat maps").fill("30")
    expect(heat).to_have_css("opacity", "0.3")
    page.get_by_test_id("heat-0").uncheck()
    expect(heat).to_be_hidden()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_crowd_has_numbers_and_stays_in_sight(duel, visit, viewport):
    page = visit(duel, "#/photo", TOKEN, viewport=viewport)
    choose(page, encoded(drawn_crowd()))
    expect(page.get_by_test_id("photo-summary")).to_contain_text("24 faces found", timeout=240_000)
    for index in (0, 23):
        name = f"Face {index + 1}"
        expect(page.get_by_test_id(f"box-{index}")).to_have_accessible_name(re.compile(f"^{name}: "))
        expect(page.get_by_test_id(f"box-{index}")).to_have_text(re.compile(f"^{index + 1} (real|fake)$"))
        expect(page.get_by_test_id(f"face-{index}").get_by_role("heading")).to_have_text(name)
    page.get_by_test_id("heat-all").check()
    expect(page.locator(".heat-map:visible")).to_have_count(24)
    expect(page.get_by_test_id("heat-23")).to_be_checked()
    page.get_by_test_id("face-23").scroll_into_view_if_needed()
    expect(page.get_by_test_id("photo")).to_be_in_viewport(ratio=0.9)
    expect(page.get_by_test_id("box-23").locator("span")).to_be_visible()  # its number lies above the heat maps
    assert (overflow(page), audit(page)) == (0, [])


@pytest.mark.parametrize("language", ["curl", "Python"])
def test_what_it_says_to_use_can_be_pasted(page, duel, tmp_path, language):
    choose(page, FACE)
    page.get_by_text("Use this from Python or curl").click(timeout=120_000)
    lines = page.get_by_test_id("recipes").locator(f"h3:text-is('{language}') + pre").inner_text()
    (tmp_path / "photo.jpg").write_bytes(FACE)
    command = ["sh", "-c", f"exec {lines}"] if language == "curl" else [sys.executable, "-c", lines]
    paths = os.environ | {"ARENA_TOKEN": TOKEN, "no_proxy": "127.0.0.1"}
    ran = subprocess.run(command, cwd=tmp_path, env=paths, capture_output=True, text=True, check=True, timeout=240)
    verdict = page.get_by_test_id("face-0").locator("strong").text_content()
    told = json.loads(ran.stdout)["verdict"] if language == "curl" else ran.stdout.strip()
    assert told == verdict


def test_an_example_is_judged_at_a_click(page):
    examples = page.get_by_test_id("examples").get_by_role("button")
    expect(examples).to_have_count(4)
    page.get_by_role("button", name="Drawn face 1").click()
    expect(page.get_by_test_id("photo-summary")).to_contain_text("1 face found", timeout=120_000)
    expect(page.get_by_role("img", name="Fake 1 of round 2 of duel")).to_have_js_property("naturalWidth", 8)


@pytest.mark.parametrize(
    ("score", "threshold", "said"),
    [
        (0.5, 0.5, "1.0 ×"),
        (0.03, 0.0093, "3.3 ×"),
        (0.0001, 0.0093, "1 %"),
        (0.99999, 0.5, "> 100 ×"),
        (0, 0.5, "< 1 %"),
        (0.9, 2, "no alarm"),
        (0.4999, 0.5, "99 %"),
    ],
)
def test_a_score_is_told_beside_the_alarm_level(page, score, threshold, said):
    told = "([s, t]) => import('/page/format.js').then(({ times, alarmLevel }) => times(alarmLevel(s, t)))"
    assert page.evaluate(told, [score, threshold]) == said


def test_a_photo_without_a_face_has_no_verdict(page):
    page.evaluate(DROP, [base64.b64encode(encoded(Image.new("RGB", (90, 60), "grey"))).decode(), "grey.png"])
    summary = page.get_by_test_id("photo-summary")
    expect(summary).to_have_text("No verdict: no face was found.", timeout=120_000)
    result = page.get_by_test_id("photo-result")
    expect(result.locator(".judged-verdict, .face-box, .bar-of-score")).to_have_count(0)
    expect(result).not_to_contain_text("alarm level")


def test_a_face_that_was_cut_out_is_judged_as_a_whole(page):
    choose(page, encoded(drawn_face(48).crop((48, 0, 96, 48))))
    summary = re.compile("^The picture is a face, cut out, and called (real|fake).$")
    expect(page.get_by_test_id("photo-summary")).to_have_text(summary, timeout=120_000)
    expect(page.get_by_test_id("box-0")).to_have_accessible_name(re.compile("^What was judged: "))


def test_what_is_no_photo_is_refused_and_a_photo_is_taken_after_it(page):
    witness(page).allow(r"status of 4(15|22) .*/api/detect")
    problem = page.get_by_test_id("photo-problem")
    choose(page, b"hello, this is no image", "note.txt", "text/plain")
    expect(problem).to_contain_text("PNG, JPEG or WebP")
    choose(page, FACE[:-1000])
    expect(problem).to_contain_text("end is missing")
    choose(page, FACE)
    expect(page.get_by_test_id("photo-result")).to_be_visible(timeout=120_000)
    expect(problem).to_have_count(0)


def test_a_home_without_a_judge_says_so(home, visit):
    with service(home.root) as address:
        page = visit(address)
        witness(page).allow(r"status of 404 .*/api/detector$")
        page.goto(f"{address}/#/photo")
        expect(page.get_by_label("Who judges")).to_contain_text(
            "No detector has played a round yet, so none can judge; arena run plays a match."
        )
