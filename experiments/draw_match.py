"""Draw a match as one picture: who won each round, and the same latents over the rounds. Generated faces only.

python experiments/draw_match.py HOME MATCH OUT.png [--latents 10] [--rounds 0 2 4 7 10]
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from arena.images import png
from arena.play.desk import SHEET_COLUMNS
from arena.referee.figures import match_figure
from arena.referee.verdict import Verdict
from arena.results.animation import sample_sheet
from arena.store.home import Home

FIELDS = Verdict.__dataclass_fields__


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
    config = home.match(options.match).config
    records = [record for record in home.records(options.match) if record["round"]]
    verdicts = [Verdict(**{name: record[name] for name in FIELDS}) for record in records]
    with Image.open(io.BytesIO(match_figure(verdicts, config["exam"]["win_accuracy"]))) as figure:
        chart = figure.convert("RGB")
    size = config["image_size"]
    faces = np.concatenate([strip(home, options.match, n, options.latents, size) for n in options.rounds])
    width = faces.shape[1]
    chart = chart.resize((width, round(chart.height * width / chart.width)), Image.Resampling.LANCZOS)
    page = np.concatenate([np.asarray(chart), faces])[None]
    options.out.write_bytes(png(page, "generated", f"match {options.match}"))


if __name__ == "__main__":
    main()
