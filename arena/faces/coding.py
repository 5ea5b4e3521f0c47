"""How the files of a set of faces were coded, and the same coding for fakes.

Photographs went through JPEG, generated images never did; a detector would learn "never was a JPEG" and call a clean
PNG fake. So the referee codes every fake as the real faces are. JPEG alone is repeated, because only its files say how
they were made (quantisation tables, ITU-T T.81, annex B.2.4.1); other formats are named and left alone.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from PIL import Image, JpegImagePlugin

from arena.faces.decode import Pixels, square
from arena.seeds import rng
from arena.types import Images

Tables = tuple[tuple[int, ...], ...]
"""Quantisation tables, 64 numbers each, row by row; that of the luma first."""

SAMPLINGS: Final = ("4:4:4", "4:2:2", "4:2:0")
"""Chroma subsampling by Pillow's number. A rarer one is coded as 4:2:0, which keeps as little."""

LARGEST: Final = 4.0
"""Files up to so many times larger than the images of a match leave traces worth repeating.

At a quality of 91 coding changes images of 64 px by 2.3 grey levels (root mean square) when the files have 64 px, by
1.1 at 160 px and 0.75 at 256 px, of which rounding to 8 bits is 0.4; and every image of 256 px takes 3 ms.
"""

MOST_WAYS: Final = 32
"""Ways of coding that describe a set; of more, so many that are spread evenly over its files."""

_BLOCKS: Final = 16  # pixels of JPEG's largest repeating unit: two blocks of 8 where the chroma is halved

# The tables of ITU-T T.81, annex K.1, which libjpeg scales by quality.
_LUMA = """16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"""
_CHROMA = """17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 24 26 56 99 99 99 99 99 47 66 99 99 99 99 99 99
99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99"""


@dataclass(frozen=True, order=True)
class Way:
    """How a file was coded. `format`: Pillow's name for it. The rest is known of JPEG alone.

    `side`: of the centred square that is resized, in the file's pixels. `corner`: left and top of that square in the
    file, modulo 16, which is where JPEG's blocks lie. `sampling`: of the chroma, such as 4:2:0.
    """

    format: str
    side: int = 0
    tables: Tables = ()
    sampling: str = ""
    corner: tuple[int, int] = (0, 0)

    def within(self, left: int, top: int, side: int) -> Way:
        """The way of a square cut out of the file at (left, top)."""
        return Way(self.format, side, self.tables, self.sampling, _corner(left, top)) if self.tables else self

    def code(self, image: Pixels) -> Pixels:
        """An image, uint8 `[S, S, 3]`, as if it had been stored this way at the file's size and shrunk since.

        Only what coding changes is taken from the file's size: to enlarge an image and shrink it again softens it, by
        more (1.9 grey levels) than JPEG would change.
        """
        size = len(image)
        whole = square(image, self.side)
        left, top = self.corner
        padded = np.pad(whole, ((top, 0), (left, 0), (0, 0)), mode="edge") if left or top else whole
        buffer = io.BytesIO()
        sampling = SAMPLINGS.index(self.sampling) if self.sampling in SAMPLINGS else 2
        Image.fromarray(padded).save(buffer, "JPEG", qtables=self.tables, subsampling=sampling)
        with Image.open(buffer, formats=("JPEG",)) as file:
            coded = np.asarray(file)[top:, left:]
        if self.side == size:
            return coded
        change = np.clip(coded.astype(np.int16) - whole + 128, 0, 255).astype(np.uint8)
        return np.clip(image + square(change, size).astype(np.int16) - 128, 0, 255).astype(np.uint8)

    @property
    def quality(self) -> int:
        """The quality of libjpeg whose tables come nearest, 1 to 100."""
        known = np.array(self.tables[:2])
        return min(range(1, 101), key=lambda q: (float(np.abs(known - np.array(tables_of(q)[: len(known)])).sum()), q))

    def to_json(self) -> dict[str, Any]:
        """As JSON values; tables that are those of a quality go by its number."""
        if not self.tables:
            return {"format": self.format}
        quality = self.quality
        is_known = tables_of(quality) == self.tables
        tables = {"quality": quality} if is_known else {"tables": [list(table) for table in self.tables]}
        at = {"corner": list(self.corner)} if any(self.corner) else {}
        return {"format": self.format, **tables, "sampling": self.sampling, "side": self.side, **at}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Way:
        """What `to_json` wrote."""
        tables = tables_of(values["quality"]) if "quality" in values else _tables(values.get("tables", ()))
        left, top = values.get("corner", (0, 0))
        return cls(values["format"], values.get("side", 0), tables, values.get("sampling", ""), (left, top))


@dataclass(frozen=True)
class Coding:
    """How the files of a set were coded: each way with its share of them. `files`: how many were looked at."""

    ways: tuple[tuple[Way, float], ...]
    files: int

    @property
    def is_lossy(self) -> bool:
        """Whether there is something to repeat."""
        return any(way.tables for way, _ in self.ways)

    def apply(self, images: Images, seed: int, largest: float = LARGEST) -> Images:
        """Images, uint8 `[N, S, S, 3]`, coded as the set: each in a way drawn by `seed`, in proportion.

        `largest`: ways of files more than so many times larger leave an image as it is; so do formats that cannot be
        repeated. The same arguments give the same images.
        """
        shares = np.array([share for _, share in self.ways])
        drawn = rng(seed, "coding").choice(len(shares), len(images), p=shares / shares.sum())
        coded = np.array(images)
        for i, k in enumerate(drawn.tolist()):
            coded[i] = _coded(images[i], self.ways[k][0], largest)
        return coded

    def apply_at(self, image: Pixels, place: float) -> Pixels:
        """An image, uint8 `[S, S, 3]`, coded in the way at this place, from 0 up to 1, of all of them side by side."""
        ends = np.cumsum([share for _, share in self.ways])
        way, _ = self.ways[min(int(np.searchsorted(ends, place, "right")), len(self.ways) - 1)]
        return _coded(image, way, LARGEST)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"files": self.files, "ways": [way.to_json() | {"share": share} for way, share in self.ways]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Coding:
        """What `to_json` wrote."""
        ways = tuple((Way.from_json(way), float(way["share"])) for way in values["ways"])
        return cls(ways, values["files"])

    def __str__(self) -> str:
        """For people: `JPEG (quality 92, 4:4:4, 64 px) 90 %, PNG 10 %`."""
        formats: dict[str, list[tuple[Way, float]]] = {}
        for way, share in self.ways:
            formats.setdefault(way.format, []).append((way, share))
        words = []
        for name, ways in formats.items():
            total = f"{100 * sum(share for _, share in ways):.3g} %"
            details = f" ({_details([way for way, _ in ways])})" if ways[0][0].tables else ""
            words.append(f"{name}{details} {total}")
        return ", ".join(words)


def way_of(image: Image.Image) -> Way:
    """How an image file was coded, from its opened but not yet decoded image: reads no pixels."""
    name = "JPEG" if isinstance(image, JpegImagePlugin.JpegImageFile) else str(image.format)
    tables = getattr(image, "quantization", {}) if name == "JPEG" else {}
    if not tables:
        return Way(name)
    width, height = image.size
    side = min(width, height)
    number = JpegImagePlugin.get_sampling(image)
    sampling = SAMPLINGS[number] if number >= 0 else "grey" if image.mode == "L" else "other"
    return Way(name, side, _tables(tables.values()), sampling, _corner((width - side) // 2, (height - side) // 2))


def tally(counted: Mapping[Way, int]) -> Coding | None:
    """The coding of a set from how many of its files were coded in which way; None for none.

    Ways of which there are too many for a table are thinned evenly: as many of each kind, size and quality as there
    are in the set.
    """
    files = sum(counted.values())
    if not files:
        return None
    ranked = sorted(counted)
    counts = np.array([counted[way] for way in ranked])
    if len(ranked) > MOST_WAYS:
        middle = (np.arange(MOST_WAYS) + 0.5) * files / MOST_WAYS
        counts = np.bincount(np.searchsorted(np.cumsum(counts), middle), minlength=len(ranked))
    shares = (counts / counts.sum()).tolist()
    return Coding(tuple((way, share) for way, share in zip(ranked, shares, strict=True) if share), files)


def coder(origin: Mapping[str, Any], largest: float = LARGEST) -> Callable[[Images, int], Images] | None:
    """What codes (images, seed) as the referee codes fakes in a match, None where it does not.

    `origin`: of a brief or a snapshot. `largest`: as in `Coding.apply`; 1.0 where speed counts more than traces.
    """
    if not origin.get("coded"):
        return None
    coding = Coding.from_json(origin["coding"])
    return lambda images, seed: coding.apply(images, seed, largest)


def _coded(image: Pixels, way: Way, largest: float) -> Pixels:
    return way.code(image) if way.tables and way.side <= largest * len(image) else image


def _corner(left: int, top: int) -> tuple[int, int]:
    return left % _BLOCKS, top % _BLOCKS


@lru_cache(4096)  # the files of a set share their tables, and a million of them must not each keep a copy
def _shared(tables: Tables) -> Tables:
    return tables


def _tables(tables: Any) -> Tables:
    return _shared(tuple(tuple(int(step) for step in table) for table in tables))


@lru_cache(100)
def tables_of(quality: int) -> Tables:
    """libjpeg's tables of a quality, 1 to 100."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    base = np.array([_LUMA.split(), _CHROMA.split()], np.int64)
    return _tables(np.clip((base * scale + 50) // 100, 1, 255).tolist())


def _details(ways: list[Way]) -> str:
    qualities, sides = (
        [low] if low == high else [low, high]
        for low, high in (
            (min(numbers), max(numbers)) for numbers in ([way.quality for way in ways], [way.side for way in ways])
        )
    )
    samplings = sorted({way.sampling for way in ways})
    return f"quality {' to '.join(map(str, qualities))}, {' or '.join(samplings)}, {' to '.join(map(str, sides))} px"
