"""What goes with an exported detector: all that somebody needs to use it as the arena does, and to judge it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from arena import __version__
from arena.photo.likeness import MOST_BEYOND, MOST_ENLARGED, MOST_MISFIT
from arena.snapshot import player, read_snapshot
from arena.store.home import Home
from arena.store.names import SNAPSHOT
from arena.store.record import RoundRecord
from arena.types import ArenaError, Detector, Snapshot

INPUT, OUTPUT = "pixels", "score"
"""What the two ends of a graph are called."""


@dataclass(frozen=True, eq=False)
class Subject:
    """The detector to be exported. `digest`: SHA-256 of its snapshot's file.

    `record`, `facts`: of its round and its match; None and empty where only the snapshot is known.
    """

    snapshot: Snapshot
    detector: Detector
    digest: str
    record: RoundRecord | None
    facts: Mapping[str, Any]


def subject_of_file(path: Any, record: RoundRecord | None = None, facts: Mapping[str, Any] | None = None) -> Subject:
    """The detector of a snapshot's file. Raises ArenaError when it is none."""
    snapshot = read_snapshot(path)
    if snapshot.role != "detector":
        raise ArenaError(f"{path} holds the weights of a generator; only a detector can be exported")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Subject(snapshot, player(snapshot), digest, record, facts or {})


def subject_of_round(home: Home, match: str, number: int) -> Subject:
    """The detector of a round of a match. Raises ArenaError."""
    (record,) = home.records(match, after=number - 1, most=1)
    path = home.round_folder(match, number) / SNAPSHOT.format(role="detector")
    return subject_of_file(path, record, home.match(match).facts)


def card_of(subject: Subject) -> dict[str, Any]:
    """The card of a detector's graph, JSON values only, before anything was measured on the graph."""
    snapshot, record = subject.snapshot, subject.record
    size, origin = snapshot.image_size, snapshot.origin
    report = {} if record is None else asdict(record.without_curves.training["detector"])
    return {
        "arena": __version__,
        "contender": snapshot.contender,
        "options": dict(snapshot.options),
        "match": record and record.match,
        "round": snapshot.round,
        "input": {
            "name": INPUT,
            "dtype": "uint8",
            "shape": ["N", size, size, 3],
            "meaning": "RGB pixels from 0 to 255, a face in each image, framed and coded as below",
        },
        "output": {"name": OUTPUT, "dtype": "float32", "shape": ["N"], "meaning": "probability that the face is fake"},
        **{name: float(value) for name, value in snapshot.extra.items()},
        "thresholds": "a face is called fake from the threshold on; photo_threshold is that for strangers' photos",
        "no_face": subject.detector.no_face,
        "framing": framing_of(origin),
        "coding": origin.get("coding"),
        "verdict": None if record is None or record.verdict is None else asdict(record.verdict),
        "training": {name: value for name, value in report.items() if name != "curve"} or None,
        "trained_on": _trained_on(subject),
        "snapshot_sha256": subject.digest,
        "licence": _licence(subject),
    }


def framing_of(origin: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where a face has to lie, JSON values, and what says when it cannot be brought there; None where nobody knows."""
    framing = origin.get("framing")
    limits = {"most_enlarged": MOST_ENLARGED, "most_beyond": MOST_BEYOND, "most_misfit": MOST_MISFIT}
    return None if framing is None else {**framing, **limits}


def _trained_on(subject: Subject) -> dict[str, Any]:
    faces = subject.facts.get("faces", {})
    told = {name: faces[name] for name in ("digest", "images", "identities") if name in faces}
    return {"synthetic": bool(subject.snapshot.origin.get("synthetic")), **told, "pretrained": _fetched(subject)}


def _fetched(subject: Subject) -> dict[str, str]:
    """SHA-256 of weights that others have trained: as the match has it, or of those that a lone snapshot needs."""
    if "fetched" in subject.facts:
        return dict(subject.facts["fetched"].get("detector", {}))
    try:
        return dict(subject.detector.fetch(subject.detector.options))
    except ArenaError:
        return {"weights that its training began with": "not on this machine"}


def _licence(subject: Subject) -> str:
    if subject.snapshot.origin.get("synthetic"):
        faces = "Trained on drawn faces that show nobody; it says nothing about photos."
    else:
        faces = "Trained on photographs of people: what their licence and the law say of them holds for these weights."
    pretrained = " Its pretrained weights have a licence of their own." if _trained_on(subject)["pretrained"] else ""
    return faces + pretrained
