"""Thin out the rounds of a match: weights and galleries go, what was decided and what it was decided by stays."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from arena.store.disk import readable_errors
from arena.store.home import Home
from arena.store.names import GALLERY, SAMPLE_SOURCES, SNAPSHOT, STATE
from arena.store.record import RoundRecord, rounds_of
from arena.types import ROLES, ArenaError

WEIGHTS = tuple(name.format(role=role) for name in (SNAPSHOT, STATE) for role in ROLES)
_TERM = re.compile(r"(last|best):([0-9]{1,6})")


@dataclass(frozen=True)
class Keep:
    """Which rounds stay whole: the `last` ones and the `best`, by `merit`. The last round always does."""

    last: int = 1
    best: int = 0

    @classmethod
    def parse(cls, text: str) -> Keep:
        """What `last:2,best:1` says. Raises ArenaError."""
        found = [_TERM.fullmatch(term.strip()) for term in text.split(",")]
        counts = {term[1]: int(term[2]) for term in found if term}
        if None in found or len(counts) < len(found):
            raise ArenaError(f"--keep takes last:N, best:N or both with a comma between, not {text!r}")
        return cls(max(1, counts.get("last", 1)), counts.get("best", 0))

    def rounds(self, records: Sequence[RoundRecord]) -> set[int]:
        """The numbers of the rounds that stay whole, of a match with these records in order."""
        best = sorted(rounds_of(records), key=lambda record: (-merit(record), -record.round))[: self.best]
        return {record.round for record in [*records[-self.last :], *best]}


def merit(record: RoundRecord) -> float:
    """What a round with a verdict is kept for: the accuracy of its detector in the exam; of equals the later one."""
    return record.judged.accuracy


@dataclass(frozen=True)
class Pruned:
    """What was done. `rounds`: those that lost files now. `galleries_stay`: the match is not over and needs them."""

    rounds: tuple[int, ...]
    bytes: int
    galleries_stay: bool


def prune(home: Home, match: str, keep: Keep) -> Pruned:
    """Remove the weights and galleries of all rounds but those to keep; the ledger says first what will be gone.

    While a match is not over its galleries stay: a resume draws the detector's memory of old fakes from them. Raises
    ArenaError for a match that is being played.
    """
    with home.lock(match), readable_errors(f"the match {match} in {home.root}"):
        records = home.records(match)
        is_over = len(records) > home.match(match).config["rounds"]
        names = (*WEIGHTS, SAMPLE_SOURCES, *((GALLERY,) if is_over else ()))
        kept, gone = keep.rounds(records), pruned_files(home, match)
        size, touched = 0, []
        for number in (record.round for record in records if record.round not in kept):
            paths = [home.round_folder(match, number) / name for name in names]
            present = [path for path in paths if path.exists()]
            _enter(home, match, number, {path.name for path in present} - gone.get(number, set()))
            size += sum(path.stat().st_size for path in present)
            for path in present:
                path.unlink()
            touched += [number] if present else []
    return Pruned(tuple(touched), size, not is_over)


def pruned_files(home: Home, match: str) -> dict[int, set[str]]:
    """The files that were removed on purpose, by round."""
    found: dict[int, set[str]] = {}
    for number, file in home.rows("SELECT round, file FROM pruned WHERE match = ? ORDER BY round", match):
        found.setdefault(number, set()).add(file)
    return found


def in_words(numbers: Iterable[int]) -> str:
    """Rounds as people write them: 0-3, 7."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    return ", ".join("-".join(map(str, run)) for run in runs)


def _enter(home: Home, match: str, number: int, files: Iterable[str]) -> None:
    with home.transaction() as ledger:
        rows = [(match, number, time.time(), file) for file in sorted(files)]
        ledger.executemany("INSERT INTO pruned VALUES (?, ?, ?, ?)", rows)
