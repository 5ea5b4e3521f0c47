"""A table of faces: a CSV that says for each image file who it shows and whether it is real.

    path,identity,label
    ann/1.jpg,ann,real
    fakes/7.png,,fake

Only `path` is needed. Paths are relative to the CSV. A folder with a `labels.csv` in it is read by that table.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from arena.faces.source import Face, Skipped, Source
from arena.faces.sources.files import content_key, read_file
from arena.types import FAKE, REAL, ArenaError

TABLE: Final = "labels.csv"
RECIPE_FILE: Final = "recipe.json"

_PATH = ("path", "file", "filename", "image", "img_url")
_IDENTITY = ("identity", "person", "subject")
_LABEL = ("label",)
_LABELS = {"0": REAL, "real": REAL, "1": FAKE, "fake": FAKE, "": None}


@dataclass(frozen=True)
class Row:
    """One line of a table. `label`: REAL, FAKE, or None when the table does not say."""

    path: str
    identity: str | None
    label: int | None


@dataclass(frozen=True)
class Table(Source):
    """A labels CSV and the images it names."""

    path: Path
    rows: tuple[Row | Skipped, ...]

    @property
    def description(self) -> str:
        """What people read about it."""
        return f"the labels {self.path}"

    @property
    def count(self) -> int:
        """Number of lines."""
        return len(self.rows)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """What `recipe.json` beside the table says."""
        return read_recipe(self.path.parent)

    @classmethod
    def open(cls, spec: str) -> Self | None:
        """A file called `*.csv`, or a folder with a `labels.csv`. Raises ArenaError for a table without paths."""
        path = Path(spec)
        if path.is_dir() and (path / TABLE).is_file():
            path = path / TABLE
        if not (path.is_file() and path.suffix.lower() == ".csv"):
            return None
        rows = tuple(read_rows(path))
        if not rows:
            raise ArenaError(f"the labels {path} name no images; write one line per image below the header")
        return cls(path, rows)

    def fingerprint(self) -> str:
        """The rows, and sizes and modification times of the files."""
        return content_key("table", map(self._entry, self.rows))

    def faces(self, size: int | None = None) -> Iterator[Face | Skipped]:
        """Every image in the order of the table."""
        for row in self.rows:
            if isinstance(row, Skipped):
                yield row
            else:
                yield read_file(row.path, self.path.parent / row.path, size, row.identity, row.label)

    def _entry(self, row: Row | Skipped) -> tuple[str, int, int]:
        if isinstance(row, Skipped):
            return row.name, 0, 0
        words = json.dumps([row.path, row.identity, row.label])
        try:
            about = (self.path.parent / row.path).stat()
        except (OSError, ValueError):
            return words, 0, 0
        return words, about.st_size, about.st_mtime_ns


def read_rows(path: Path) -> Iterator[Row | Skipped]:
    """The lines of a labels CSV; one that cannot be used is Skipped. Raises ArenaError when it is no such table."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            table = csv.DictReader(file, restval="")
            columns = {name.strip().lower(): name for name in table.fieldnames or () if name}
            where, who, what = (
                next((columns[w] for w in words if w in columns), "") for words in (_PATH, _IDENTITY, _LABEL)
            )
            if not where:
                raise ArenaError(f"the labels {path} have no column 'path'; the first line must name the columns")
            for line in table:
                name, label = line[where].strip("\n\r"), line.get(what, "").strip().lower()
                if not name:
                    yield Skipped(f"line {table.line_num}", "no path")
                elif "\0" in name:
                    yield Skipped(name, "unreadable")
                elif label not in _LABELS:
                    yield Skipped(name, "unknown label")
                else:
                    yield Row(name, line.get(who, "").strip() or None, _LABELS[label])
    except (OSError, csv.Error) as error:
        raise ArenaError(f"the labels {path} cannot be read: {error}") from error


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write a labels CSV, all or nothing."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, columns)
    table.writeheader()
    table.writerows(rows)
    write_whole(path, text.getvalue().encode("utf-8", "surrogateescape"))


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears under its name only when it is whole."""
    partial_path = path.with_name(f".{path.name}.partial")
    try:
        partial_path.write_bytes(data)
        partial_path.replace(path)
    finally:
        partial_path.unlink(missing_ok=True)


def save_text(path: Path, text: str) -> None:
    """Write a text a person asked for, all or nothing. Raises ArenaError when it cannot be written."""
    save_bytes(path, text.encode("utf-8", "replace"))


def save_bytes(path: Path, data: bytes) -> None:
    """Write a file a person asked for, all or nothing. Raises ArenaError when it cannot be written."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise ArenaError(f"{path} cannot be written: {error.strerror}") from error


def read_recipe(folder: Path) -> Mapping[str, Any]:
    """The cropping recipe that lies in a folder, empty when there is none that can be read."""
    try:
        recipe = json.loads((folder / RECIPE_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return recipe if isinstance(recipe, dict) else {}
