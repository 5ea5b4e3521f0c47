"""Contact sheets: many faces on one page, to look at before trusting them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from arena.images import Origin, png, sheet
from arena.types import Images

TILES = 120
COLUMNS = 12


def spread(n: int) -> list[int]:
    """At most 120 positions, evenly over `n` things."""
    return np.linspace(0, n - 1, min(TILES, n)).round().astype(int).tolist() if n else []


def contact_sheet(images: Images, origin: Origin = "real") -> bytes:
    """Images of one size, uint8 `[N, S, S, 3]`, as one PNG of twelve columns."""
    return png(sheet(images, min(COLUMNS, len(images)), gap=1), origin)


def contact_sheet_of(paths: Sequence[Path]) -> bytes:
    """Image files of one size as one PNG, at most 120 of them, evenly over `paths`."""
    tiles = []
    for i in spread(len(paths)):
        with Image.open(paths[i]) as image:
            tiles.append(np.asarray(image.convert("RGB")))
    return contact_sheet(np.stack(tiles))
