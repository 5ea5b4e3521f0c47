"""Sample sheets: what the generator's faces look like, and how they changed over the rounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from arena.images import Artificial, animation, check_images, sheet
from arena.types import Images

_INK = (255, 255, 255)


def sample_sheet(images: Images, columns: int) -> Images:
    """Faces, uint8 `[N, H, W, 3]`, side by side on one page `[1, H', W', 3]`, without gaps or caption."""
    if not len(check_images(images, "the faces of a sheet")) or columns < 1:
        raise ValueError(f"a sheet needs at least one face and one column, not {len(images)} and {columns}")
    return sheet(images, min(columns, len(images)))


def captioned(page: Images, text: str) -> Images:
    """The page `[1, H, W, 3]` with a black strip below it that carries one line of text."""
    width = page.shape[2]
    size = min(max(width // 24, 10), 28)
    strip = Image.new("RGB", (width, size + 8))
    font = ImageFont.load_default(size)
    ImageDraw.Draw(strip).text((width / 2, size / 2 + 4), text, fill=_INK, font=font, anchor="mm")
    return np.concatenate((page, np.asarray(strip)[None]), axis=1)


def film(
    pages: Mapping[int, Images], origin: Artificial, kind: Literal["gif", "webp"], seconds_per_frame: float = 0.6
) -> bytes:
    """The sheets by round, each `[1, H, W, 3]`, as an endless animation in which every frame names its round."""
    if not pages:
        raise ValueError("an animation needs the sheet of at least one round")
    frames = [captioned(pages[round], f"round {round}") for round in sorted(pages)]
    return animation(frames, origin, kind, seconds_per_frame)
