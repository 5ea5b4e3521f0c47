"""What is in a set of faces: counts, sizes, light, sharpness, near-duplicates, broken files, faces found."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from arena.faces.coding import Coding
from arena.faces.crop.finder import Finder
from arena.faces.framing import ENLARGED, SURE, Framing, measure
from arena.faces.sets.leaks import near_duplicates
from arena.faces.sets.pack import OnImages, pack
from arena.faces.sets.packed import FaceSet
from arena.faces.sets.sheets import spread
from arena.faces.source import Face, Skipped, Source
from arena.types import FAKE, REAL, Images

SIZE = 64
"""Brightness, sharpness and near-duplicates are measured at this size, so that sets can be compared."""


@dataclass(frozen=True)
class Spread:
    """Smallest, median and largest of something."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: Any) -> Spread:
        """The spread of numbers; zeros when there are none."""
        low, middle, high = np.quantile(values, [0, 0.5, 1]) if len(values) else (0.0, 0.0, 0.0)
        return cls(round(float(low), 3), round(float(middle), 3), round(float(high), 3))


@dataclass(frozen=True)
class Description:
    """A set of faces in numbers.

    `identities`: how many have a name; `nameless`: images without. `faces_each`: faces by identity with a name.
    `labels`: images by 'real', 'fake', 'unlabelled'. `widths`, `heights`: pixels as stored. `brightness`: mean grey
    in [0, 255]. `sharpness`: variance of the Laplacian. `near_duplicates`: pairs of names. `skipped`: names by reason.
    `found`: of `searched` images, how many show none, one or several faces to MTCNN. `coding`: how the files were
    coded, None without files. `framing`: where the faces lie in the squares that teams train on, None without faces.
    """

    source: str
    synthetic: bool
    images: int
    identities: int
    nameless: int
    faces_each: dict[str, int]
    labels: dict[str, int]
    widths: Spread
    heights: Spread
    brightness: Spread
    sharpness: Spread
    near_duplicates: list[tuple[str, str]]
    skipped: dict[str, list[str]]
    searched: int
    found: dict[str, int]
    coding: Coding | None = None
    framing: Framing | None = None


def describe(
    source: Source, search: int = 200, on_progress: OnImages = lambda done, total: None
) -> tuple[Description, Images]:
    """Look at every image of a source once, and search `search` of them for faces.

    Returns the description and images for a contact sheet, uint8 `[M, 64, 64, 3]`. Raises ArenaError when not one
    image can be used.
    """
    measured = _Measured(source)
    with tempfile.TemporaryDirectory() as folder:
        faces = pack(measured, Path(folder) / "faces.arena", SIZE, on_progress, fakes=True)
        kept = set(faces.names)
        sizes = [size for name, size in measured.sizes.items() if name in kept]
        named = Counter(faces.people[i] for i in faces.identities.tolist() if i < len(faces.people))
        brightness, sharpness = _light(faces.images)
        finder = Finder(min_size=50)
        found = Counter(_faces_found(source, faces, search, finder))
        description = Description(
            source=faces.source,
            synthetic=faces.synthetic,
            images=len(faces.names),
            identities=len(named),
            nameless=len(faces.names) - named.total(),
            faces_each=dict(named.most_common()),
            labels=dict(Counter(measured.labels[name] for name in faces.names)),
            widths=Spread.of([width for width, _ in sizes]),
            heights=Spread.of([height for _, height in sizes]),
            brightness=Spread.of(brightness),
            sharpness=Spread.of(sharpness),
            near_duplicates=[(faces.names[i], faces.names[j]) for i, j in near_duplicates(faces.images).tolist()],
            skipped=faces.skipped,
            searched=found.total(),
            found={number: found[number] for number in ("none", "one", "several")},
            coding=faces.coding,
            framing=faces.framing or (measure(faces.images, finder, search) if search else None),
        )
        return description, np.array(faces.images[spread(len(faces.names))])


@dataclass
class _Measured(Source):
    """A source that notes size and label of each image in passing."""

    inner: Source
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def description(self) -> str:
        return self.inner.description

    @property
    def synthetic(self) -> bool:
        return self.inner.synthetic

    @property
    def count(self) -> int | None:
        return self.inner.count

    @property
    def coding(self) -> Coding | None:
        return self.inner.coding

    @property
    def framing(self) -> Framing | None:
        return self.inner.framing

    def fingerprint(self) -> str:
        return self.inner.fingerprint()

    def faces(self, size: int | None = None) -> Iterator[Face | Skipped]:
        for face in self.inner.faces():
            if isinstance(face, Face):
                height, width = face.image.shape[:2]
                self.sizes[face.name] = width, height
                self.labels[face.name] = {REAL: "real", FAKE: "fake", None: "unlabelled"}[face.label]
            yield face


def _light(images: Images) -> tuple[list[float], list[float]]:
    """Mean and variance of the Laplacian of each image's grey values."""
    brightness: list[float] = []
    sharpness: list[float] = []
    for start in range(0, len(images), 1024):
        grey = np.asarray(images[start : start + 1024]) @ np.array([0.299, 0.587, 0.114], np.float32)
        inner = grey[:, 1:-1, 1:-1]
        laplacian = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4 * inner
        brightness += grey.mean((1, 2)).tolist()
        sharpness += laplacian.var((1, 2)).tolist()
    return brightness, sharpness


def _faces_found(source: Source, faces: FaceSet, search: int, finder: Finder) -> Iterator[str]:
    if search < 1:
        return
    names = faces.names
    wanted = {names[i] for i in np.linspace(0, len(names) - 1, min(search, len(names))).round().astype(int)}
    for face in source.faces():
        if isinstance(face, Face) and face.name in wanted:
            wanted.remove(face.name)
            image = Image.fromarray(face.image)
            factor = max(1.0, ENLARGED / min(image.size))
            larger = image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC)
            (found,) = finder.find([np.asarray(larger)])
            yield ("none", "one", "several")[min(2, sum(one.score >= SURE for one in found))]
        if not wanted:
            return
