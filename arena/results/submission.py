"""Scores in the files that competitions ask for: a filled sample submission, or a line for each file.

A sample submission has a header, the file or its id in the first column and a value in the second (as in DACON's
deepfake competition); everything but the value stays as it is. A result file has a line `id,probability` for each file,
sorted, with four decimals and without a header (as in the AI R&D Challenge 2018).
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from arena.types import ArenaError


def result_lines(scores: Mapping[str, float]) -> str:
    """A result file of the probability of fake, in [0, 1], by what each file is called."""
    return _text([[name, f"{score:.4f}"] for name, score in sorted(scores.items())])


@dataclass(frozen=True)
class Submission:
    """A sample submission. `rows`: its cells, the header first. `files`: which file each row after it means."""

    rows: tuple[tuple[str, ...], ...]
    files: tuple[str, ...]

    @classmethod
    def read(cls, path: Path, files: Mapping[str, str]) -> Submission:
        """Read a sample. `files`: what may be meant: what each is called, by its name in full.

        An id is the end of a file's way there, or else its name, with its suffix or without. Raises ArenaError, with
        the line, for a missing column and an id that means no file, several, or one that another row means.
        """
        lines = _read(path)
        known, meant = _Names.of(files), dict[str, int]()
        for number, cells in lines:
            if len(cells) < 2:
                raise ArenaError(f"{path} line {number}: a column is missing; it needs an id and a value")
        for number, cells in lines[1:]:
            found = known.like(cells[0])
            if len(found) != 1:
                what = f"{len(found)} files are" if found else "there is no file"
                raise ArenaError(f"{path} line {number}: {what} named {cells[0]!r} in what is to be judged")
            if found[0] in meant:
                first = meant[found[0]]
                raise ArenaError(f"{path} line {number}: {cells[0]!r} is the same file as on line {first}")
            meant[found[0]] = number
        return cls(tuple(tuple(cells) for _, cells in lines), tuple(meant))

    def filled(self, scores: Mapping[str, float], otherwise: float) -> str:
        """The submission with each file's score, or `otherwise` where it has none; six decimals."""
        values = [f"{scores.get(name, otherwise):.6f}" for name in self.files]
        rows = [[cells[0], value, *cells[2:]] for cells, value in zip(self.rows[1:], values, strict=True)]
        return _text([list(self.rows[0]), *rows])


@dataclass(frozen=True)
class _Names:
    """Files by their own name and by that without a suffix, each with the parts of its way there, last part first."""

    by_name: Mapping[str, list[tuple[str, tuple[str, ...]]]]
    by_stem: Mapping[str, list[tuple[str, tuple[str, ...]]]]

    @classmethod
    def of(cls, files: Mapping[str, str]) -> _Names:
        by_name, by_stem = (defaultdict[str, list[tuple[str, tuple[str, ...]]]](list) for _ in range(2))
        for full, name in files.items():
            way = PurePosixPath(name)
            by_name[way.name].append((full, way.parts[::-1]))
            by_stem[way.stem].append((full, (way.stem, *way.parts[-2::-1])))
        return cls(by_name, by_stem)

    def like(self, written: str) -> list[str]:
        """The files that an id may mean: those with most of its folders in their way there."""
        parts = PurePosixPath(written.strip().replace("\\", "/")).parts[::-1]
        found = (self.by_name.get(parts[0]) or self.by_stem.get(parts[0], [])) if parts else []
        shared = [_shared(parts, way) for _, way in found]
        return [full for (full, _), n in zip(found, shared, strict=True) if n == max(shared)]


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many parts two ways have in common from their beginning."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _read(path: Path) -> list[tuple[int, list[str]]]:
    """The lines of a CSV with their numbers, empty ones left out."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except OSError as error:
        raise ArenaError(f"{path} cannot be read: {error.strerror or error}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise ArenaError(f"{path} is no table: {error}") from error
    if len(lines) < 2:
        raise ArenaError(f"{path} holds no rows to fill; a sample submission has a header and a row for each file")
    return lines


def _text(rows: list[list[str]]) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()
