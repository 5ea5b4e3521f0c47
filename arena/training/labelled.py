"""Real faces and fakes of one table: people are divided with all that shows them, and both kinds are as many."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from arena.faces.crop.cropping import CropPlan, Finds, balanced, crop_faces
from arena.faces.crop.video import is_video
from arena.faces.sets.about import joined_identities
from arena.faces.sets.cache import OnImages, check_size
from arena.faces.sets.pack import pack
from arena.faces.sets.packed import FaceSet
from arena.faces.sources.tables import TABLE, Row, Table
from arena.play.config import MatchConfig
from arena.play.parts import landmark_finder
from arena.seeds import derive
from arena.store.disk import readable_errors
from arena.store.home import Home
from arena.training.families import Stock
from arena.training.ground import TRAINING, VALIDATION, Ground, Machine, Wanted, deal_out, ground_of
from arena.types import FAKE, REAL, ArenaError, Labels

_KINDS = {REAL: "real", FAKE: "fake", None: ""}


def crops_of_videos(
    videos: Path, folder: Path, plan: CropPlan, on_images: OnImages, finder: Callable[[], Finds] = landmark_finder
) -> Path:
    """The faces of the videos that a `metadata.json` labels, cut out into `folder`; the table of them.

    Raises ArenaError when no face is in them.
    """
    report = crop_faces([str(videos)], folder, plan, finder(), None, lambda now: on_images(now.done, now.total))
    if not report.crops:
        raise ArenaError(f"in none of the {report.inputs} files of {videos} a face was found")
    return folder / TABLE


def labelled_ground(
    home: Home,
    settings: MatchConfig,
    table: Path,
    folder: Path,
    wanted: Wanted,
    machine: Machine,
    on_decode: OnImages = lambda done, total: None,
) -> tuple[Ground, Stock]:
    """The real faces of a labels CSV in parts, and its fakes: those of the people to train on, and of the others.

    Of each person as many fake as real images are taken, by seed. The faces are packed into `folder`. Raises ArenaError
    for a table that does not name images and labels, and for too few of either kind.
    """
    check_size(settings.image_size)
    rows = even(read_labelled(table), derive(settings.seed, "balance"))
    with readable_errors(f"the folder {folder}"):
        faces = pack(Table(table, rows), folder / "faces.arena", settings.image_size, on_decode, fakes=True)
    labels = _labels(faces, rows)
    people = joined_identities(faces, home.faces)
    parts = deal_out(people, settings, wanted)
    reals = {name: part[labels[part] == REAL] for name, part in parts.items()}
    fakes = {name: part[labels[part] == FAKE] for name, part in parts.items()}
    for name in (TRAINING, VALIDATION):
        if len(fakes[name]) < 2:
            raise ArenaError(
                f"too few fakes: of {int((labels == FAKE).sum())} in {table} {len(fakes[name])} are left for {name}; "
                f"the images show {len(np.unique(people))} people, none of whom is in two parts: bring more"
            )
    ground = ground_of(home, settings, faces, people, reals, wanted, machine)
    ground = replace(ground, facts={**ground.facts, "fakes": int((labels == FAKE).sum())})
    return ground, Stock(table.name, faces.digest, faces.images, fakes[TRAINING], fakes[VALIDATION])


def read_labelled(path: Path) -> list[Row]:
    """The rows of a table that say what they are. Raises ArenaError, which names the line, for a missing column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            columns = [name.strip().lower() for name in next(csv.reader(file), [])]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ArenaError(f"the labels {path} cannot be read: {error}") from error
    if "label" not in columns:
        raise ArenaError(
            f"line 1 of {path} names no column 'label' but {', '.join(columns) or 'nothing'}; it must be like "
            f"seqid,img_url,label"
        )
    source = Table.open(str(path))
    if source is None:
        raise ArenaError(f"the labels {path} are no CSV; their name must end in .csv")
    rows = [row for row in source.rows if isinstance(row, Row) and row.label is not None]
    if any(is_video(row.path) for row in rows):
        raise ArenaError(f"{path} labels videos; give their folder, with its metadata.json, with --dfdc instead")
    for label, kind in ((REAL, "real"), (FAKE, "fake")):
        if not any(row.label == label for row in rows):
            raise ArenaError(f"{path} labels no image {kind}; both kinds are needed, label 0 for real and 1 for fake")
    return rows


def even(rows: Sequence[Row], seed: int) -> tuple[Row, ...]:
    """As many fake as real rows of each person, drawn by seed; of all together where no person has both."""
    told: list[dict[str, Any]] = [
        {"identity": row.identity or "", "label": _KINDS[row.label], "row": row} for row in rows
    ]
    kinds: dict[str, set[str]] = {}
    for one in told:
        kinds.setdefault(one["identity"], set()).add(one["label"])
    if not any(len(found) > 1 for found in kinds.values()):
        told = [one | {"identity": ""} for one in told]
    return tuple(one["row"] for one in balanced(told, seed))


def _labels(faces: FaceSet, rows: Sequence[Row]) -> Labels:
    """REAL or FAKE of each face, int8 `[N]`. Raises ArenaError for an image that is said to be both."""
    known: dict[str, Any] = {}
    for row in rows:
        if known.setdefault(row.path, row.label) != row.label:
            raise ArenaError(f"{row.path} is labelled both real and fake")
    return np.array([known[name] for name in faces.names], np.int8)
