"""Fakes from a set of faces: parts of one person's face in another's, with labels and a record of who is in which."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arena.faces.framing import Finds
from arena.faces.parts.donors import Places, donors_for
from arena.faces.parts.paste import EDGES, Swap, swap
from arena.faces.parts.shapes import PARTS
from arena.faces.sets.about import points_of
from arena.faces.sets.cache import prepare
from arena.faces.sets.pack import OnImages, whole_folder
from arena.faces.sets.packed import FaceSet
from arena.faces.sources.tables import TABLE, write_rows
from arena.images import png
from arena.seeds import rng
from arena.types import FAKE, ArenaError, Points

RECORD = "forged.csv"
"""Who is in which fake, beside their labels."""
FAKES = "fakes"
MOST = 999_999
"""Fakes at once: their names count with six digits."""


@dataclass(frozen=True)
class ForgePlan:
    """What is forged. `ways`: how, one of them drawn for each fake. `candidates`: as in `donors_for`."""

    ways: tuple[Swap, ...]
    n: int
    size: int = 64
    seed: int = 0
    candidates: int = 8

    def __post_init__(self) -> None:
        if not 1 <= self.n <= MOST:
            raise ArenaError(f"the number of fakes must be from 1 to {MOST}, not {self.n}")


@dataclass(frozen=True)
class Forged:
    """What was made: so many fakes of `usable` of the `faces`, which show so many `people`.

    `skipped`: names of files that hold no face to use, by reason.
    """

    fakes: int
    faces: int
    usable: int
    people: int
    skipped: Mapping[str, list[str]]


def ways_of(parts: Sequence[str], edges: Sequence[str], colour: bool, poisson: bool) -> tuple[Swap, ...]:
    """Every part with every edge, by their names in any case. Raises ArenaError for one that there is not."""
    found = []
    for part in map(str.upper, parts):
        for edge in map(str.lower, edges):
            if part not in PARTS:
                raise ArenaError(f"there is no part {part!r} of a face; known: {', '.join(PARTS)}")
            if edge not in EDGES:
                raise ArenaError(f"there is no edge {edge!r}; known: {', '.join(EDGES)}")
            found.append(Swap(part, edge, colour, poisson))
    return tuple(found)


def forge(
    source: str,
    out: Path,
    plan: ForgePlan,
    cache: Path,
    finder: Callable[[], Finds],
    on_progress: OnImages = lambda done, total: None,
) -> Forged:
    """Write `plan.n` fakes of the faces of `source` into the folder `out`.

    As PNGs marked as composites, with `labels.csv` (seqid, img_url, label) and `forged.csv`, which names donor and
    target. `cache`: where decoded faces and their landmarks are kept. Raises ArenaError for faces that cannot be
    swapped and for a folder that is not empty or cannot be written.
    """
    with whole_folder(out) as folder:
        faces = prepare(source, cache, plan.size)
        points = points_of(faces, cache, finder)
        usable = np.flatnonzero(np.isfinite(points).all((1, 2)))
        _check(faces, usable)
        draw = rng(plan.seed, "forge")
        targets, donors = _pairs(faces, points, usable, plan, draw)
        ways = draw.integers(0, len(plan.ways), plan.n)
        (folder / FAKES).mkdir()
        labels, record = [], []
        for i, (way, donor, target) in enumerate(zip(ways.tolist(), donors.tolist(), targets.tolist(), strict=True), 1):
            how = plan.ways[way]
            done = swap(how, faces.images[donor], points[donor], faces.images[target], points[target])
            name = f"{FAKES}/{i:06d}.png"
            (folder / name).write_bytes(png(done.image[None], "composite", f"{how.part} {how.edge}"))
            labels.append({"seqid": i, "img_url": name, "label": FAKE})
            record.append(
                {"img_url": name, **_told(how), **_who(faces, "donor", donor), **_who(faces, "target", target)}
            )
            on_progress(i, plan.n)
        write_rows(folder / TABLE, tuple(labels[0]), labels)
        write_rows(folder / RECORD, tuple(record[0]), record)
    return Forged(plan.n, len(faces.images), len(usable), len(np.unique(faces.identities[usable])), faces.skipped)


def _check(faces: FaceSet, usable: Places) -> None:
    """Raise ArenaError for faces that cannot be swapped."""
    total = len(faces.images)
    if not len(usable):
        raise ArenaError(
            f"a swap needs eyes, nose and mouth, but MTCNN finds no face in any of the {total} images of "
            f"{faces.source}: cut the faces out with arena faces crop, at 32 pixels or more"
        )
    if len(np.unique(faces.identities[usable])) < 2:
        found = f"the {len(usable)} faces" if len(usable) > 1 else "the one face"
        raise ArenaError(
            f"a swap needs two people, but {found} found in {faces.source} show one: put each person's photos in a "
            f"folder of their own"
        )


def _pairs(
    faces: FaceSet, points: Points, usable: Places, plan: ForgePlan, draw: np.random.Generator
) -> tuple[Places, Places]:
    """Targets and donors as places in the set; nobody is a target twice before everybody was once."""
    rounds = -(-plan.n // len(usable))
    targets = np.concatenate([draw.permutation(len(usable)) for _ in range(rounds)])[: plan.n]
    donors = donors_for(targets, faces.identities[usable], points[usable], draw, plan.candidates)
    return usable[targets], usable[donors]


def _told(how: Swap) -> dict[str, object]:
    return {"part": how.part, "edge": how.edge, "colour": int(how.colour), "poisson": int(how.poisson)}


def _who(faces: FaceSet, role: str, place: int) -> dict[str, object]:
    return {role: faces.names[place], f"{role}_identity": faces.person(place) or ""}
