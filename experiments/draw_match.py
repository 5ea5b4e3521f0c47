"""Draw a match as one picture: who won each round, and the same latents over the rounds. Generated faces only.

Needs Chromium and Playwright, which the tests need too: `make test` installs them.

python experiments/draw_match.py HOME MATCH OUT.png [--latents 10] [--rounds 0 2 4 7 10]
"""

from __future__ import annotations

import argparse
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import sync_playwright

from arena.images import png
from arena.play.desk import SHEET_COLUMNS
from arena.results.animation import sample_sheet
from arena.results.chartbook import chart_book
from arena.results.charts import Figure, accuracy_figure, auroc_figure
from arena.store.home import Home


def strip(home: Home, match: str, number: int, latents: int, size: int) -> Any:
    """The first samples of a round side by side, uint8 `[H, W, 3]`, with the round as caption."""
    with Image.open(sample_sheet(home, match, number)) as page:
        sheet = np.asarray(page.convert("RGB"))
    tiles = [(i // SHEET_COLUMNS * size, i % SHEET_COLUMNS * size) for i in range(latents)]
    row = np.concatenate([sheet[top : top + size, left : left + size] for top, left in tiles], axis=1)
    label = Image.new("RGB", (row.shape[1], 20), "white")
    text = f"Round {number}" if number else "Before round 1"
    ImageDraw.Draw(label).text((2, 2), text, "black", font=ImageFont.load_default(14))
    return np.concatenate([np.asarray(label), row])


def drawn(figures: Sequence[Figure], width: int) -> Any:
    """The figures one below the other as Chromium draws them, uint8 `[H, width, 3]`."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as driver:
        # No sandbox: in containers Chromium has none. It is shown a file of our own that may load nothing.
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme="light")
        page.set_content(chart_book("", figures))
        page.wait_for_selector("body[data-drawn]")
        shot = page.locator("#figures").screenshot()
        browser.close()
    with Image.open(io.BytesIO(shot)) as image:
        chart = image.convert("RGB")
    return np.asarray(chart.resize((width, round(chart.height * width / chart.width)), Image.Resampling.LANCZOS))


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("match")
    parser.add_argument("out", type=Path)
    parser.add_argument("--latents", type=int, default=10)
    parser.add_argument("--rounds", type=int, nargs="+", default=[0, 2, 4, 7, 10])
    options = parser.parse_args()
    home = Home.open(options.home)
    config, records = home.match(options.match).config, home.records(options.match)
    size = config["image_size"]
    faces = np.concatenate([strip(home, options.match, n, options.latents, size) for n in options.rounds])
    figures = [accuracy_figure(records, config["exam"]["win_accuracy"]), auroc_figure(records)]
    page = np.concatenate([drawn(figures, faces.shape[1]), faces])[None]
    options.out.write_bytes(png(page, "generated", f"match {options.match}"))


if __name__ == "__main__":
    main()
