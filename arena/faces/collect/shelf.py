"""What to collect, and where it is put: one manifest line per photo with author, licence and source.

    OUT/photos/[KEYWORD/]ID.jpg     the photos as they were published
    OUT/manifest.jsonl              who made each, under which licence, where it is from, its SHA-256

Whoever shares a photo under CC BY or CC BY-SA must name its author and licence: the manifest has both. A licence speaks
for the photographer, not for the person in the photo.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from arena.faces.collect.licences import KNOWN, OPEN, Photo, Search, find_search
from arena.faces.decode import Unusable, decode
from arena.faces.sources.tables import write_whole
from arena.types import ArenaError

MANIFEST: Final = "manifest.jsonl"
PHOTOS: Final = "photos"
_SIGNATURES = {b"\xff\xd8": ".jpg", b"\x89P": ".png", b"RI": ".webp", b"GI": ".gif", b"BM": ".bmp"}


@dataclass(frozen=True)
class Plan:
    """What to collect. `most`: photos of each keyword. `people`: keywords are names, so a folder is an identity.

    `contact`: an address that is sent along, so that the search's keepers can reach the caller. `api`: another server
    that speaks like the search. `delay`: seconds between two requests to one server.
    """

    keywords: tuple[str, ...]
    search: Search
    licences: tuple[str, ...] = OPEN
    most: int = 100
    people: bool = False
    contact: str = ""
    api: str = ""
    delay: float = 1.0
    patience: float = 120.0


def make_plan(keywords: Sequence[str], search: str, licences: Sequence[str] = OPEN, **options: Any) -> Plan:
    """A plan that has been checked. Raises ArenaError for what cannot be collected."""
    plan = Plan(
        tuple(dict.fromkeys(word.strip() for word in keywords)), find_search(search), tuple(licences), **options
    )
    for licence in licences:
        if licence not in KNOWN:
            raise ArenaError(f"there is no licence {licence!r}; known: {', '.join(KNOWN)}")
    if not plan.keywords or not all(plan.keywords):
        raise ArenaError("give at least one keyword to search for")
    if plan.most < 1 or plan.delay < 0:
        raise ArenaError(f"the number of photos must be positive and the delay not negative: {plan.most}, {plan.delay}")
    if search == "commons" and not plan.contact:
        raise ArenaError("Wikimedia asks callers for an address: give your e-mail or home page with --contact")
    return plan


@dataclass
class Shelf:
    """Where photos are put, the manifest, and a tally of what was not taken. Opened again, it knows what it has."""

    out: Path
    plan: Plan
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    tally: Counter[str] = field(default_factory=Counter)
    on_photo: Callable[[int], None] = lambda done: None
    failure: OSError | None = None

    def __post_init__(self) -> None:
        (self.out / PHOTOS).mkdir(parents=True, exist_ok=True)
        try:
            lines = (self.out / MANIFEST).read_text("utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            try:
                entry = json.loads(line)
                self.known[entry["id"]] = entry
            except (ValueError, KeyError, TypeError):
                continue  # a stop cut the line off; its photo will be fetched again
        if lines and not (self.out / MANIFEST).read_bytes().endswith(b"\n"):
            with (self.out / MANIFEST).open("a") as file:
                file.write("\n")

    def missing(self, keyword: str) -> int:
        """How many photos of a keyword are still wanted."""
        return self.plan.most - [entry["keyword"] for entry in self.known.values()].count(keyword)

    def put(self, photo: Photo, data: bytes) -> None:
        """Keep a photo if it is one, is not here yet and is still wanted; else add to the tally."""
        if self.missing(photo.keyword) <= 0:
            return
        digest = hashlib.sha256(data).hexdigest()
        if any(entry["sha256"] == digest for entry in self.known.values()):
            self.tally["duplicate"] += 1
            return
        try:
            decode(io.BytesIO(data))
        except Unusable as unusable:
            self.tally[unusable.reason] += 1
            return
        folder = f"{_file_name(photo.keyword)}/" if self.plan.people else ""
        name = f"{folder}{_file_name(photo.id)}{_SIGNATURES.get(data[:2], '.img')}"
        (self.out / PHOTOS / name).parent.mkdir(exist_ok=True)
        write_whole(self.out / PHOTOS / name, data)
        when = datetime.now(UTC).isoformat(timespec="seconds")
        entry = {"file": f"{PHOTOS}/{name}", "sha256": digest, **asdict(photo), "collected": when}
        with (self.out / MANIFEST).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        self.known[photo.id] = entry
        self.tally["collected"] += 1
        self.on_photo(self.tally["collected"])


def _file_name(words: str) -> str:
    """A keyword or id as a file name: letters, digits and dashes of any script; never empty."""
    name = re.sub(r"[^\w-]+", "-", words).strip("-")[:60]
    return name or hashlib.sha256(words.encode()).hexdigest()[:12]
