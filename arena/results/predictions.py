"""Files of predictions and of labels, and how good the predictions are.

A prediction file has lines `id,probability`, a label file `id,label` with 1 for fake; either may begin with a line that
names its columns, and then they may stand in any order among others. One file may hold both, if it names them. Labels
may also be a `metadata.json`, in which the Deepfake Detection Challenge says REAL or FAKE of each video.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from arena.referee import metrics
from arena.seeds import rng
from arena.types import FAKE, REAL, ArenaError, Labels, Scores

_IDS: Final = ("id", "seqid", "img_url", "path", "file", "filename", "image")
_SCORES: Final = ("probability", "score", "prediction")
_LABELS: Final = ("label",)
_WORDS: Final = {"0": REAL, "real": REAL, "1": FAKE, "fake": FAKE}
_RATES: Final = (0.05, 0.01)
_RESAMPLES: Final = 400
"""Of a bootstrap: the ends of an interval then vary by a tenth of its width or so."""
_HALF = 0.5


@dataclass(frozen=True, eq=False)
class Scored:
    """Predictions beside the truth. `labels`: int8 `[N]`. `scores`: float64 `[N]` in [0, 1], probability of fake."""

    labels: Labels
    scores: Scores


@dataclass(frozen=True)
class Figure:
    """A number about predictions with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float


def read_scored(predictions: Path, labels: Path | None = None) -> Scored:
    """Predictions and their truth, of two files or of one that holds both, in the order of the predictions.

    Raises ArenaError, with the line, for a value that is no probability or no label, an id that comes twice or in
    one of the files alone, and a missing column.
    """
    if labels is None:
        table = _Table.read(predictions, (_SCORES, _LABELS))
        keys = table.keys(0)
        table.once(keys)
        return _both([(table.probability(i), table.label(i)) for i in range(len(keys))], predictions)
    is_metadata = labels.suffix.lower() == ".json"
    predicted = _Table.read(predictions, (_SCORES,))
    labelled = _Table.of_metadata(labels) if is_metadata else _Table.read(labels, (_LABELS,))
    ids = predicted.keys(0)
    predicted.once(ids)
    # A table of labels may name its images twice, by a number and by a file: the predictions say which they mean.
    choices = [labelled.keys(column) for column in range(len(labelled.ids))]
    known = max(choices, key=lambda names: len(set(names) & set(ids)))
    labelled.once(known)
    places = {name: i for i, name in enumerate(known)}
    for i, name in enumerate(ids):
        if name not in places:
            raise predicted.wrong(i, f"{name!r} has no label in {labels}")
    asked = set(ids)
    if unseen := [i for name, i in places.items() if name not in asked]:
        raise labelled.wrong(unseen[0], f"{known[unseen[0]]!r} has no prediction in {predictions}")
    return _both([(predicted.probability(i), labelled.label(places[name])) for i, name in enumerate(ids)], predictions)


def figures(scored: Scored, threshold: float = _HALF) -> list[Figure]:
    """How good predictions are: AUROC, AP, EER, share of fakes caught at two rates of false alarms, accuracy.

    Intervals: of the AUROC DeLong's, of the accuracy (fake from `threshold` on) Wilson's, else percentiles of a
    bootstrap that draws reals and fakes apart (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13).
    """
    labels, scores = scored.labels, scored.scores
    right = float(((scores >= threshold) == (labels == FAKE)).mean())
    found = [Figure("AUROC", metrics.auroc(labels, scores), *metrics.auroc_interval(labels, scores))]
    found.append(_bootstrapped("AP", metrics.average_precision, scored))
    found.append(_bootstrapped("EER", metrics.eer, scored))
    for rate in _RATES:
        at = f"caught at {rate:.0%} false alarms"
        found.append(_bootstrapped(at, lambda y, s, rate=rate: metrics.caught_at(y, s, rate), scored))  # type: ignore[misc]
    return [*found, Figure(f"accuracy from {threshold:g}", right, *metrics.wilson(right, len(labels)))]


def _bootstrapped(name: str, metric: Callable[[Labels, Scores], float], scored: Scored) -> Figure:
    kinds = [np.flatnonzero(scored.labels == kind) for kind in (REAL, FAKE)]
    draw, values = rng(0, "bootstrap", name), []
    for _ in range(_RESAMPLES):
        index = np.concatenate([draw.choice(kind, len(kind)) for kind in kinds])
        values.append(metric(scored.labels[index], scored.scores[index]))
    low, high = np.quantile(values, (0.025, 0.975))
    return Figure(name, metric(scored.labels, scored.scores), float(low), float(high))


@dataclass(frozen=True)
class _Table:
    """Lines of a CSV. `lines`: the number of each in the file. `ids`: where the columns are that name an image."""

    path: Path
    rows: list[list[str]]
    lines: list[int]
    ids: list[int]
    columns: Mapping[str, int]

    @classmethod
    def read(cls, path: Path, wanted: tuple[tuple[str, ...], ...]) -> _Table:
        """A file with an id and, for each of `wanted`, a column of one of these names."""
        rows, lines = [], []
        try:
            with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
                reader = csv.reader(file)
                for row in reader:
                    if any(cell.strip() for cell in row):
                        rows.append([cell.strip() for cell in row])
                        lines.append(reader.line_num)
        except OSError as error:
            raise ArenaError(f"{path} cannot be read: {error.strerror or error}") from error
        except csv.Error as error:
            raise ArenaError(f"{path} is no table: {error}") from error
        if not rows:
            raise ArenaError(f"{path} is empty; it needs a line for each image")
        names = [cell.lower() for cell in rows[0]]
        found = {words[0]: next((names.index(w) for w in words if w in names), -1) for words in wanted}
        ids = [names.index(word) for word in _IDS if word in names]
        if not ids and max(found.values()) < 0 and len(wanted) == 1:  # no names: the id and the value, in this order
            return cls(path, rows, lines, [0], {wanted[0][0]: 1})._checked()
        missing = [words[0] for words in wanted if found[words[0]] < 0] + ([] if ids else ["id"])
        if missing:
            raise ArenaError(f"{path} line {lines[0]}: there is no column {missing[0]!r}; name the columns there")
        if len(rows) == 1:
            raise ArenaError(f"{path} names its columns and holds nothing else; it needs a line for each image")
        return cls(path, rows[1:], lines[1:], ids, found)._checked()

    @classmethod
    def of_metadata(cls, path: Path) -> _Table:
        """The labels in `{file: {"label": "REAL" or "FAKE", ...}}`; a line is an entry here."""
        try:
            entries = json.loads(path.read_text("utf-8"))
            rows = [[name, str(about["label"])] for name, about in entries.items()]
        except OSError as error:
            raise ArenaError(f"{path} cannot be read: {error.strerror or error}") from error
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise ArenaError(f"{path} is no metadata.json; it needs an object with a label for each video") from error
        if not rows:
            raise ArenaError(f"{path} names no videos; it needs an object with a label for each")
        return cls(path, rows, list(range(1, len(rows) + 1)), [0], {"label": 1})

    def _checked(self) -> _Table:
        widest = max(*self.ids, *self.columns.values())
        for i, row in enumerate(self.rows):
            if len(row) <= widest:
                raise self.wrong(i, f"it has {len(row)} of at least {widest + 1} columns")
        return self

    def keys(self, column: int) -> list[str]:
        """What one of the columns that name an image calls each of them."""
        return [row[self.ids[column]] for row in self.rows]

    def once(self, names: list[str]) -> None:
        """Raise ArenaError when an id comes twice."""
        seen: dict[str, int] = {}
        for i, name in enumerate(names):
            if name in seen:
                raise self.wrong(i, f"{name!r} was there before, on line {self.lines[seen[name]]}")
            seen[name] = i

    def probability(self, i: int) -> float:
        """The prediction of a line."""
        written = self.rows[i][self.columns["probability"]]
        try:
            value = float(written)
        except ValueError:
            raise self.wrong(i, f"{written!r} is no number; a probability from 0 to 1 is needed") from None
        if not 0 <= value <= 1:
            raise self.wrong(i, f"{written} is no probability from 0 to 1")
        return value

    def label(self, i: int) -> int:
        """The truth of a line."""
        written = self.rows[i][self.columns["label"]]
        if written.lower() not in _WORDS:
            raise self.wrong(i, f"{written!r} is no label; 0 or real, 1 or fake is needed")
        return _WORDS[written.lower()]

    def wrong(self, i: int, what: str) -> ArenaError:
        """What is wrong with a line."""
        place = "entry" if self.path.suffix.lower() == ".json" else "line"
        return ArenaError(f"{self.path} {place} {self.lines[i]}: {what}")


def _both(rows: list[tuple[float, int]], path: Path) -> Scored:
    scores, labels = np.array([s for s, _ in rows], np.float64), np.array([y for _, y in rows], np.int8)
    few = min(int((labels == kind).sum()) for kind in (REAL, FAKE))
    if few < 2:
        raise ArenaError(f"{path} needs at least two real and two fake images to be scored")
    return Scored(labels, scores)
