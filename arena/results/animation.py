"""What a match leaves to look at: its sample sheets as one animation. Derived, so it may be made again at any time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from arena.images import Artificial
from arena.referee.sheets import film
from arena.store.home import Home
from arena.store.names import SAMPLES


def sample_sheet(home: Home, match: str, number: int) -> Path:
    """The sheet of fakes of a round: the same latents every round."""
    return home.round_folder(match, number) / SAMPLES


def animation(sheets: Mapping[int, Path], origin: Artificial, kind: Literal["gif", "webp"] = "gif") -> bytes:
    """The sample sheets of some rounds as an animation; at least one."""
    pages = {}
    for number, path in sheets.items():
        with Image.open(path) as page:
            pages[number] = np.asarray(page.convert("RGB"))[None]
    return film(pages, origin, kind)


def write_animation(home: Home, match: str) -> Path | None:
    """Write the match's sample sheets as an animated GIF beside its rounds; None before the first round."""
    numbers = [record.round for record in home.records(match)]
    if not numbers:
        return None
    target = home.match_folder(match) / "animation.gif"
    partial = target.with_suffix(".partial")
    sheets = {number: sample_sheet(home, match, number) for number in numbers}
    partial.write_bytes(animation(sheets, home.match(match).fakes_are))
    os.replace(partial, target)  # noqa: PTH105
    return target
