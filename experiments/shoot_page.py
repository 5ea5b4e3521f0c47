"""Photograph the page of a match: README's picture and those of the tour. For embedded faces, so that nobody is in it.

python experiments/shoot_page.py HOME MATCH docs
"""

from __future__ import annotations

import argparse
import io
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin
from playwright.sync_api import Page, sync_playwright

from arena.images import png
from arena.service.security import home_token
from arena.service.server import Access, opened
from arena.store.home import Home
from arena.types import ArenaError

DRAWN = "[...document.images].every((i) => i.complete || i.getBoundingClientRect().top > innerHeight)"
"""Whether all pictures are there that can be seen; the others are loaded when somebody comes near."""
WIDE = {"width": 1440, "height": 1060}
TOUR = {"width": 1080, "height": 900}
NARROW = {"width": 720, "height": 900}
"""For many faces, which no format stores in a few bytes."""
PATIENCE = 300_000
"""Milliseconds for whatever is waited for: a detector that judges a photo is loaded first."""
COLOURS = 64
"""Of a picture of the tour: a quarter of the bytes, and hardly anybody sees it."""


def overview(page: Page) -> bytes:
    """The page of a match as a wide screen shows it."""
    # Charts are drawn when they come in sight: all of them do in a window this high.
    page.set_viewport_size({**WIDE, "height": 6000})
    page.locator(".main-svg").nth(2).wait_for()
    page.set_viewport_size(WIDE)
    page.wait_for_function(DRAWN)
    return page.screenshot()


def who_won(page: Page) -> bytes:
    """The headline, the score and the strip of rounds."""
    page.set_viewport_size(TOUR)
    strip = page.get_by_test_id("strip").locator("xpath=ancestor::section").bounding_box()
    assert strip is not None
    return page.screenshot(clip={"x": 0, "y": 0, "width": TOUR["width"], "height": strip["y"] + strip["height"] + 12})


def how_sure(page: Page) -> bytes:
    """A round in words and numbers, and what one of the numbers means."""
    panel = page.get_by_test_id("round")
    panel.scroll_into_view_if_needed()
    panel.get_by_role("button", name="p", exact=True).focus()
    page.get_by_test_id("tip").wait_for()
    box = panel.bounding_box()
    assert box is not None
    return page.screenshot(clip={**box, "height": 440})


def faces(page: Page) -> bytes:
    """The faces of the opening beside those of the last round."""
    page.keyboard.press("Escape")  # what a number means
    page.set_viewport_size(NARROW)
    page.get_by_test_id("beside").select_option("opening")
    gallery = page.get_by_test_id("gallery")
    gallery.locator("figure img").nth(1).wait_for()
    page.wait_for_function(DRAWN)
    return gallery.screenshot()


def photo(page: Page) -> bytes:
    """A drawn face that the detector has judged."""
    page.set_viewport_size(TOUR)
    page.get_by_role("link", name="Check a photo").click()
    page.get_by_role("button", name="Drawn face 1").click()
    page.get_by_test_id("photo-result").wait_for()
    page.get_by_test_id("heat-0").check()
    return page.get_by_test_id("photo-result").screenshot()


PICTURES: dict[str, Callable[[Page], bytes]] = {
    "page": overview,
    "tour-who-won": who_won,
    "tour-how-sure": how_sure,
    "tour-faces": faces,
    "tour-photo": photo,
}
"""In the order in which somebody would come to see them, each where the one before has left the page."""


def taken(address: str, token: str, match: str) -> dict[str, bytes]:
    """All pictures as PNGs by name."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(color_scheme="light", bypass_csp=True)
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/#token={token}")
        page.get_by_test_id("sign-out").wait_for()
        page.goto(f"{address}/#/match/{match}")
        page.get_by_test_id("exam").locator("img").first.wait_for()
        found = {name: take(page) for name, take in PICTURES.items()}
        browser.close()
    return found


def marked(picture: bytes, name: str, match: str) -> bytes:
    """A picture that says what it is; that of the whole page at two thirds, the others with few colours."""
    with Image.open(io.BytesIO(picture)) as image:
        shown = image.convert("RGB")
    if name == "page":
        shown = shown.resize((WIDE["width"] * 2 // 3, WIDE["height"] * 2 // 3), Image.Resampling.LANCZOS)
    told = png(np.asarray(shown)[None], "generated", f"page of the match {match}")
    return told if name == "page" else with_few_colours(told)


def with_few_colours(picture: bytes) -> bytes:
    """The same PNG with a palette; what it says of itself stays in it."""
    info, small = PngImagePlugin.PngInfo(), io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.load()
        for key, words in image.text.items():
            info.add_itxt(key, words)
        image.quantize(COLOURS, dither=Image.Dither.NONE).save(small, "PNG", pnginfo=info, optimize=True)
    return small.getvalue()


def main() -> None:
    """Read the command line and take the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("match")
    parser.add_argument("out", type=Path, help="a folder, such as docs")
    given = parser.parse_args()
    if not Home.open(given.home).match(given.match).facts["faces"]["synthetic"]:
        raise ArenaError(f"{given.match} was played on photographs, which the page may show")
    with opened(given.home, Access(port=0)) as service:
        server = threading.Thread(target=service.run)
        server.start()
        try:
            pictures = taken(service.address, home_token(given.home), given.match)
        finally:
            service.stop()
            server.join()
    for name, picture in pictures.items():
        (given.out / f"{name}.png").write_bytes(marked(picture, name, given.match))


if __name__ == "__main__":
    main()
