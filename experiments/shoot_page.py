"""Photograph the page of a match: README's picture. For matches on embedded faces, so that nobody is in it.

python experiments/shoot_page.py HOME MATCH OUT.png [--width 1440] [--height 1060]
"""

from __future__ import annotations

import argparse
import io
import shutil
import threading
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from arena.images import png
from arena.service.server import Access, opened
from arena.store.home import Home
from arena.types import ArenaError

DRAWN = "[...document.images].every((i) => i.complete || i.getBoundingClientRect().top > innerHeight)"
"""Whether all pictures are there that can be seen; the others are loaded when somebody comes near."""


def shot(address: str, match: str, width: int, height: int) -> bytes:
    """The page as a browser of this size shows it once its charts are drawn."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        # Charts are drawn when they come in sight: all of them do in a window this high.
        page = browser.new_page(viewport={"width": width, "height": 6000}, color_scheme="light", bypass_csp=True)
        page.goto(f"{address}/#/match/{match}")
        page.locator(".main-svg").first.wait_for()
        page.locator(".main-svg").nth(2).wait_for()
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(DRAWN)
        picture = page.screenshot()
        browser.close()
    return picture


def main() -> None:
    """Read the command line and take the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("match")
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--height", type=int, default=1060)
    given = parser.parse_args()
    if not Home.open(given.home).match(given.match).facts["faces"]["synthetic"]:
        raise ArenaError(f"{given.match} was played on photographs, which the page may show")
    with opened(given.home, Access(port=0)) as service:
        server = threading.Thread(target=service.run)
        server.start()
        try:
            picture = shot(service.address, given.match, given.width, given.height)
        finally:
            service.stop()
            server.join()
    with Image.open(io.BytesIO(picture)) as image:
        shown = image.convert("RGB").resize((given.width * 2 // 3, given.height * 2 // 3), Image.Resampling.LANCZOS)
    pixels = np.asarray(shown)[None]
    given.out.write_bytes(png(pixels, "generated", f"page of the match {given.match}"))


if __name__ == "__main__":
    main()
