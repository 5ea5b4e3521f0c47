"""The journal of a cropping: a line for every input that is finished, so that a stop costs only what it was at."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from arena.files import sync

JOURNAL: Final = "crop.jsonl"


@dataclass
class Record:
    """What became of one input; a line of the journal. `several`: pictures with more than one face."""

    name: str
    version: str
    person: str | None
    label: int | None
    images: int = 0
    several: int = 0
    problem: str = ""
    crops: list[dict[str, Any]] = field(default_factory=list)


def note(file: IO[str], records: Iterable[Record]) -> None:
    """Add finished inputs to an open journal, and put them on the disk."""
    for record in records:
        file.write(json.dumps(asdict(record)) + "\n")
    sync(file)


def read_journal(out: Path) -> dict[str, Record]:
    """The finished inputs by name. A line that a stop cut off is as good as none."""
    done: dict[str, Record] = {}
    try:
        lines = (out / JOURNAL).read_text("ascii", errors="replace").split("\n")
    except FileNotFoundError:
        return done
    for line in lines:
        try:
            record = Record(**json.loads(line))
        except (ValueError, TypeError):
            continue
        done[record.name] = record
    return done
