"""The ROC curve as a picture, for papers and mails: what `charts.roc_chart` is where nothing runs a page."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from arena.results.charts import COLOUR_B, GREY, Marked, roc_points

_SIDE, _LEFT, _TOP, _REST = 900, 150, 110, 50
"""Pixels: the square of the curve, and what is beside it: left and below, above, and on the right."""
_INK: Final = "#202020"
_TEXT: Final = 30
_TICKS: Final = 5
_DOTS: Final = 60


def roc_png(paper: Marked, title: str) -> bytes:
    """The ROC curve of scores and the line of chance as a PNG of 1100 x 1160 pixels, dark on white."""
    image = Image.new("RGB", (_LEFT + _SIDE + _REST, _TOP + _SIDE + _LEFT), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(_TEXT)
    for i in range(_TICKS + 1):
        share = i / _TICKS
        (x, y), (right, top) = _place(share, share), _place(1, 1)
        draw.line([(x, _TOP + _SIDE), (x, top)], GREY if i == 0 else "#d8d8d8", 2)
        draw.line([(_LEFT, y), (right, y)], GREY if i == 0 else "#d8d8d8", 2)
        draw.text((x, _TOP + _SIDE + 12), f"{share:.0%}", _INK, font, "ma")
        draw.text((_LEFT - 14, y), f"{share:.0%}", _INK, font, "rm")
    for i in range(0, _DOTS, 2):
        draw.line([_place(i / _DOTS, i / _DOTS), _place((i + 1) / _DOTS, (i + 1) / _DOTS)], GREY, 3)
    draw.line([_place(x, y) for x, y in zip(*roc_points(paper), strict=True)], COLOUR_B, 6, "curve")
    middle = _LEFT + _SIDE / 2
    draw.text((middle, _TOP / 2), title, _INK, font, "mm")
    draw.text((middle, _TOP + _SIDE + _LEFT - 40), "reals called fake", _INK, font, "mm")
    upright = Image.new("L", (_SIDE, _TEXT * 2))
    ImageDraw.Draw(upright).text((_SIDE / 2, _TEXT), "fakes called fake", 255, font, "mm")
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    image.paste(_INK, (8, _TOP), turned)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _place(x: float, y: float) -> tuple[float, float]:
    """Where a point of the curve, each in [0, 1], is in the picture."""
    return _LEFT + x * _SIDE, _TOP + (1 - y) * _SIDE
