"""Photos and videos to face crops: what a person asks for, a journal that survives a stop, a report, labels.

OUT/[REAL|FAKE/][PERSON/]NAME-FACE.png    the crops
OUT/labels.csv                            path, identity, label and where each crop comes from
OUT/recipe.json  OUT/report.json          how they were cut; what was found, and what was not
OUT/contact-sheet.png                     a look at them
OUT/crop.jsonl                            one line per finished input: where to go on after a stop
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final, Protocol

from arena import seeds
from arena.faces.crop.finder import Found, cut
from arena.faces.crop.inputs import Input, find_inputs
from arena.faces.crop.journal import JOURNAL, Record, note, read_journal
from arena.faces.crop.memory import OutOfMemory
from arena.faces.decode import OUT_OF_MEMORY, Pixels, Unusable
from arena.faces.sets.sheets import contact_sheet_of
from arena.faces.sources.files import CONTACT_SHEET, inside, label_of
from arena.faces.sources.tables import RECIPE_FILE, TABLE, read_recipe, write_rows, write_whole
from arena.images import png
from arena.types import ArenaError

VERSION: Final = 1
"""Version of the cutting. Change it when the same options give other pixels."""
_CHUNK = 64
_CHUNK_BYTES = 2**26
_LONGEST = 200
_COLUMNS = ("path", "identity", "label", "source", "frame", "score", "left", "top", "right", "bottom")


@dataclass(frozen=True)
class CropPlan:
    """How faces are cut.

    `size`: side of a crop in pixels. `margin`: part of the face added on every side. `min_score`, `min_size`: faces
    below (MTCNN's score; shorter side of the box in pixels of the photo) are left out. `align`: turn them upright.
    `all_faces`: every face of a photo instead of the largest. `every`, `max_frames`: which frames of a video.
    """

    size: int = 64
    margin: float = 0.3
    min_score: float = 0.97
    min_size: float = 50.0
    align: bool = False
    all_faces: bool = False
    every: int = 10
    max_frames: int | None = None
    version: int = VERSION

    def __post_init__(self) -> None:
        limits = {
            "size": (16, 1024),
            "margin": (0, 4),
            "min_score": (0, 1),
            "min_size": (12, 10_000),
            "every": (1, 10**9),
        }
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise ArenaError(
                    f"{name.replace('_', '-')} must be between {low} and {high}, not {getattr(self, name)}"
                )
        if self.max_frames is not None and self.max_frames < 1:
            raise ArenaError(f"max-frames must be at least 1, not {self.max_frames}")


class Finds(Protocol):
    """What finds faces: `crop.Finder`, or a stand-in."""

    def find(self, images: Sequence[Pixels]) -> list[list[Found]]:
        """The faces in each image, the largest first."""
        ...


@dataclass(frozen=True)
class Progress:
    """Where the cropping stands. `images`, `faces`: photos and frames searched in this run, and crops made."""

    done: int
    total: int | None
    images: int
    faces: int


@dataclass(frozen=True)
class Report:
    """What came out.

    `found`: inputs with a face; `several`: those of them with more than one in a picture. `none`: names of inputs
    without. `unreadable`: names by reason. `set_aside`: crops that balancing left out of the labels.
    """

    inputs: int
    images: int
    crops: int
    found: int
    several: int
    none: list[str]
    unreadable: dict[str, list[str]]
    set_aside: int
    recipe: dict[str, Any]


def crop_faces(
    places: Sequence[str],
    out: Path,
    recipe: CropPlan,
    finder: Finds,
    balance: int | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Report:
    """Cut the faces out of all photos and videos in `places` into `out`; go on where an earlier run stopped.

    `balance`: a seed; of every person as many fake as real crops, drawn with it, are kept in the labels. Raises
    ArenaError when a place does not exist, `out` holds crops of another recipe, or it cannot be written.
    """
    try:
        inputs = find_inputs(places, out)
        claim(out, recipe)
        # What there was no memory for may have room this time.
        done = {name: record for name, record in read_journal(out).items() if record.problem != OUT_OF_MEMORY}
        with (out / JOURNAL).open("a", encoding="ascii") as file:
            job = _Job(out, recipe, finder, file)
            for one in inputs:
                if one.name in done and done[one.name].version == one.version:
                    job.done += 1
                else:
                    job.take(one)
                on_progress(Progress(job.done, inputs.count, job.images, job.crops))
            job.flush()
            on_progress(Progress(job.done, inputs.count, job.images, job.crops))
        return conclude(out, recipe, list(read_journal(out).values()), balance)
    except MemoryError as error:
        raise ArenaError("there is not enough memory to go on; the same command goes on from there") from error
    except OSError as error:
        raise ArenaError(
            f"the crops cannot be written to {out}: {error}; the same command goes on from there"
        ) from error


@dataclass
class _Job:
    """Collects pictures until there are enough to search together, then cuts, saves and writes the journal."""

    out: Path
    recipe: CropPlan
    finder: Finds
    file: IO[str]
    done: int = 0
    images: int = 0
    crops: int = 0
    _waiting: list[tuple[Record, int | None, Pixels]] = field(default_factory=list)
    _finished: list[Record] = field(default_factory=list)

    def take(self, one: Input) -> None:
        """Read all pictures of an input."""
        record = Record(one.name, one.version, one.person, one.label)
        try:
            for number, image in one.frames(self.recipe.every, self.recipe.max_frames):
                self._waiting.append((record, number, image))
                if len(self._waiting) >= _CHUNK or sum(image.size for _, _, image in self._waiting) >= _CHUNK_BYTES:
                    self.flush()
        except Unusable as unusable:
            record.problem = unusable.reason
        self._finished.append(record)

    def flush(self) -> None:
        """Search and cut what waits; note in the journal what is finished."""
        found: list[list[Found] | None]
        try:
            found = [*self.finder.find([image for _, _, image in self._waiting])]
        except OutOfMemory:  # for all of them together, maybe not for each alone
            found = [self._find_alone(image) for _, _, image in self._waiting]
        for (record, number, image), faces in zip(self._waiting, found, strict=True):
            if faces is None:
                record.problem = OUT_OF_MEMORY
                continue
            record.images += 1
            self.images += 1
            good = [f for f in faces if f.score >= self.recipe.min_score and f.size >= self.recipe.min_size]
            record.several += len(good) > 1
            for k, face in enumerate(good if self.recipe.all_faces else good[:1]):
                record.crops.append(self._save(record, number, image, face, k))
                self.crops += 1
        self._waiting.clear()
        note(self.file, self._finished)
        self.done += len(self._finished)
        self._finished.clear()

    def _find_alone(self, image: Pixels) -> list[Found] | None:
        try:
            return self.finder.find([image])[0]
        except OutOfMemory:
            return None

    def _save(self, record: Record, number: int | None, image: Pixels, face: Found, k: int) -> dict[str, Any]:
        crop = cut(image, face, self.recipe.size, self.recipe.margin, self.recipe.align)
        path = crop_path(record, number, k)
        (self.out / path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.out / path, png(crop[None], "real"))
        box = dict(zip(("left", "top", "right", "bottom"), (round(side, 1) for side in face.box), strict=True))
        return {"path": path, "frame": number, "score": round(face.score, 4), **box}


def crop_path(record: Record, number: int | None, k: int) -> str:
    """Where a crop goes: label, folder or person, then the input's file name, the frame's number, the face's."""
    # A labels CSV may name files anywhere; their crops stay below `out`.
    name = inside(record.name)
    folder = name.parent
    if number is not None and record.person not in (None, folder.name):
        folder = folder / str(record.person).replace("/", "_").replace("..", "__")
    if record.label is not None and label_of(record.name) is None:
        folder = PurePosixPath(("REAL", "FAKE")[record.label]) / folder
    stem = name.name
    if len(stem.encode("utf-8", "surrogateescape")) > _LONGEST:  # file systems take 255 bytes
        stem = stem[: _LONGEST // 8] + hashlib.sha256(stem.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return str(folder / (stem + ("" if number is None else f"-f{number:06d}") + f"-{k}.png"))


def claim(out: Path, recipe: CropPlan) -> None:
    """Make `out` and write down the recipe. Raises ArenaError when it holds crops of another one, or other files."""
    out.mkdir(parents=True, exist_ok=True)
    if not (out / RECIPE_FILE).exists():
        if any(out.iterdir()):
            raise ArenaError(f"the folder {out} is not empty and holds no crops of ours; give another one with -o")
        write_whole(out / RECIPE_FILE, json.dumps(asdict(recipe), indent=1).encode())
    known = read_recipe(out)
    if known != asdict(recipe):
        changed = [name for name, value in asdict(recipe).items() if known.get(name) != value]
        raise ArenaError(f"the crops in {out} were cut with another {', '.join(changed)}; give another folder with -o")


def conclude(out: Path, recipe: CropPlan, records: list[Record], balance: int | None) -> Report:
    """Write labels, report and contact sheet of everything that was cropped so far."""
    rows = [row for record in records for row in _rows(record)]
    kept = rows if balance is None else balanced(rows, balance)
    write_rows(out / TABLE, _COLUMNS, kept)
    unreadable: dict[str, list[str]] = {}
    for record in records:
        if record.problem:
            unreadable.setdefault(record.problem, []).append(record.name)
    report = Report(
        inputs=len(records),
        images=sum(record.images for record in records),
        crops=len(rows),
        found=sum(bool(record.crops) for record in records),
        several=sum(bool(record.several) for record in records),
        none=[record.name for record in records if record.images and not record.crops],
        unreadable=unreadable,
        set_aside=len(rows) - len(kept),
        recipe=asdict(recipe),
    )
    write_whole(out / "report.json", json.dumps(asdict(report), indent=1).encode())
    if kept:
        write_whole(out / CONTACT_SHEET, contact_sheet_of([out / row["path"] for row in kept]))
    return report


def _rows(record: Record) -> Iterator[dict[str, Any]]:
    for crop in record.crops:
        label = "" if record.label is None else ("real", "fake")[record.label]
        yield {"identity": record.person or "", "label": label, "source": record.name, **crop}


def balanced(rows: Sequence[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """As many fake as real rows of every person, drawn with a seed. Raises ArenaError when there are no labels."""
    if not any(row["label"] for row in rows):
        raise ArenaError(
            "nothing says which faces are real and which fake, so they cannot be balanced; add metadata.json"
        )
    groups: dict[str, dict[str, list[int]]] = {}
    for i, row in enumerate(rows):
        groups.setdefault(row["identity"], {"real": [], "fake": [], "": []})[row["label"]].append(i)
    kept: list[int] = []
    for person, group in groups.items():
        n = min(len(group["real"]), len(group["fake"]))
        rng = seeds.rng(seed, "faces", "balance", person)
        kept += [i for label in ("real", "fake") for i in rng.choice(group[label], n, replace=False).tolist()]
    return [rows[i] for i in sorted(kept)]
