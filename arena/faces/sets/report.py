"""A description of faces as one HTML file that needs nothing else: numbers, bars, lists, a contact sheet."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from html import escape

from arena.faces.sets.describe import Description, Spread
from arena.faces.sets.sheets import contact_sheet
from arena.types import Images

_LISTED = 50
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse } td, th { padding: .15rem .8rem .15rem 0; text-align: left; vertical-align: top }
.bar { background: #4477aa; height: .9rem; display: inline-block; vertical-align: middle; margin-right: .5rem }
.note { background: #fff3cd; padding: .5rem .8rem } img { max-width: 100%; image-rendering: pixelated }
li { overflow-wrap: anywhere } @media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd }
.note { background: #4a3f10 } }
"""
SYNTHETIC = "These faces are synthetic: a detector trained on them says nothing about photos."


def html_report(description: Description, sample: Images) -> str:
    """The page. `sample`: images for the contact sheet, uint8 `[M, S, S, 3]`. File names are escaped."""
    d = description
    each = list(d.faces_each.values())
    numbers = summary(d)
    page = base64.b64encode(contact_sheet(sample, "synthetic" if d.synthetic else "real")).decode()
    return "".join(
        [
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Faces</title><style>{_STYLE}</style>',
            f"<h1>{escape(d.source)}</h1>",
            f'<p class="note">{SYNTHETIC}</p>' if d.synthetic else "",
            "<table>" + "".join(f"<tr><th>{name}<td>{value}" for name, value in numbers.items()) + "</table>",
            "<h2>Class balance</h2>" + _bars(d.labels),
            "<h2>Images per identity</h2>" + _bars(_histogram(each)),
            f"<h2>Faces that MTCNN finds in {d.searched} images</h2>" + _bars(d.found),
            f"<h2>Near-duplicates: {len(d.near_duplicates)} pairs</h2>"
            + _list(f"{one} = {two}" for one, two in d.near_duplicates),
            *(f"<h2>Skipped, {escape(why)}: {len(names)}</h2>{_list(names)}" for why, names in d.skipped.items()),
            f'<h2>A look at them</h2><img alt="contact sheet" src="data:image/png;base64,{page}"></html>\n',
        ]
    )


def summary(description: Description) -> dict[str, str]:
    """The numbers of a description in words."""
    d = description
    return {
        "images": f"{d.images:,} ({', '.join(f'{n:,} {label}' for label, n in d.labels.items())})",
        "identities": f"{d.identities:,}, and {d.nameless:,} images without",
        "images per identity": _spread(Spread.of(list(d.faces_each.values()))),
        "width": _spread(d.widths, " px"),
        "height": _spread(d.heights, " px"),
        "brightness": _spread(d.brightness, " of 255"),
        "sharpness": _spread(d.sharpness),
        "faces found by MTCNN": f"{', '.join(f'{n} {word}' for word, n in d.found.items())} in {d.searched} images",
        "coded as": str(d.coding or "nothing: no files"),
        "framing": str(d.framing or "no face found"),
    }


def _spread(spread: Spread, unit: str = "") -> str:
    return f"{spread.low:g} to {spread.high:g}{unit}, median {spread.middle:g}"


def _histogram(values: list[int]) -> dict[str, int]:
    """Identities by their number of images: 1, 2-3, 4-7, ..."""
    bins: dict[str, int] = {}
    low = 1
    while values and low <= max(values):
        name = str(low) if low == 1 else f"{low}-{2 * low - 1}"
        bins[name] = sum(low <= value < 2 * low for value in values)
        low *= 2
    return bins


def _bars(counts: Mapping[str, int]) -> str:
    total = max(1, sum(counts.values()))
    rows = (
        f'<tr><th>{escape(name)}<td><span class="bar" style="width:{300 * n / total:.0f}px"></span>{n:,}'
        for name, n in counts.items()
    )
    return f"<table>{''.join(rows)}</table>"


def _list(names: Iterable[str]) -> str:
    every = list(names)
    shown = "".join(f"<li>{escape(name.encode('utf-8', 'replace').decode())}" for name in every[:_LISTED])
    return f"<ul>{shown}</ul>" + (f"<p>and {len(every) - _LISTED} more</p>" if len(every) > _LISTED else "")
