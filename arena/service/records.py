"""What is on disk about the processes that a service started, readable by any other service over the same home.

    HOME/starts/NAME.json     when it was started, and its process; locked by that process for as long as it lives
    HOME/starts/NAME.yaml     the settings that a new match was started with
    HOME/starts/NAME.log      what it said

A lock cannot outlive its process, so a number that another process has been given since deceives nobody.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from arena.locks import seize

FOLDER = "starts"
TAIL = 16_384
"""Bytes of a log in which the last words are looked for."""
STOPPED = "interrupted;"
"""How a line of a log begins that tells of a stop on request."""
SILENT_END = "its process ended without a word, as one that is killed or runs out of memory does"
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x09\x0b-\x1f\x7f]")
_FOLDERS = re.compile(r"(?<![\w./])~?/(?!/)(?:[^\s/'\":;,]+/)*(?=[^\s/'\":;,])")


@dataclass(frozen=True)
class Record:
    """A process that was started to play a match. `pid`: None in the moment before it is known."""

    name: str
    at: float
    pid: int | None
    is_alive: bool


def record_path(root: Path, name: str, kind: str = "json") -> Path:
    """Where the record of a match's process is, or its log, or its settings."""
    return root / FOLDER / f"{name}.{kind}"


def read_records(root: Path) -> list[Record]:
    """All records of a home, by name."""
    try:
        with os.scandir(root / FOLDER) as entries:
            names = sorted(entry.name.removesuffix(".json") for entry in entries if entry.name.endswith(".json"))
    except FileNotFoundError:
        return []
    found = (read_record(root, name) for name in names)
    return [record for record in found if record is not None]


def read_record(root: Path, name: str) -> Record | None:
    """The record of a match's process; None when there is none."""
    try:
        with record_path(root, name).open(encoding="utf-8") as file:
            is_alive = not seize(file.fileno(), patience=0, shared=True)
            return _parsed(name, file.read(), os.fstat(file.fileno()).st_mtime, is_alive)
    except FileNotFoundError:
        return None


def _parsed(name: str, text: str, changed: float, is_alive: bool) -> Record:
    try:
        found = json.loads(text)
        return Record(name, float(found["at"]), found["pid"], is_alive)
    except (ValueError, KeyError, TypeError):  # read while it is written, or what a full disk has left
        return Record(name, changed, None, is_alive)


def last_words(root: Path, name: str) -> str | None:
    """Why the process of a record ended, in one sentence without folders; None when somebody stopped it."""
    try:
        with record_path(root, name, "log").open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return SILENT_END
    lines = [line for line in map(str.strip, _CONTROL.sub("", text).split("\n")) if line]
    for line in reversed(lines):
        if line.startswith("error: "):
            return without_folders(line.removeprefix("error: "))
        if line.startswith((STOPPED, "Aborted")):
            return None
    if any(line.startswith("Traceback ") for line in lines):
        return f"its process failed unexpectedly: {without_folders(lines[-1])}"
    return SILENT_END


def without_folders(text: str) -> str:
    """A sentence in which paths have lost their folders: those are nobody's business on the other end of a network."""
    return _FOLDERS.sub("", text)
