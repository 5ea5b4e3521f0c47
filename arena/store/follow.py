"""Follow a ledger from another process: all of it in memory, brought up to date by reading only what is new.

Rows of the ledger are only ever added (a match's number of rounds alone may grow), so what was read once stays true.
"""

from __future__ import annotations

import heapq
import json
import os
from bisect import bisect_right
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from arena.referee.blind import Count, counted
from arena.store.disk import readable_errors
from arena.store.home import Home, MatchRow
from arena.store.record import RoundRecord
from arena.store.votes import votes_since
from arena.types import ArenaError


@dataclass(frozen=True)
class CommittedRound:
    """An acknowledged round. `manifest`: SHA-256 of its manifest, so of all its files. `record`: without the curves."""

    match: str
    number: int
    committed: float
    manifest: str
    record: RoundRecord


class Cursor(NamedTuple):
    """How far someone has read: the last id of the errands and the last id of the events. Both only grow."""

    errand: int
    event: int

    def past(self, other: Cursor) -> Cursor:
        """Having read what either has read."""
        return Cursor(max(self.errand, other.errand), max(self.event, other.event))


@dataclass(frozen=True)
class Happening:
    """Something that happened. `kind`: 'match' (it began), 'round', 'end', or 'note' for an event of the ledger.

    `cursor`: how far someone has read who has read this. `note`: kind and text of an event.
    """

    cursor: Cursor
    kind: str
    match: str
    round: int | None
    at: float
    note: tuple[str, str] | None = None


class Follower:
    """All matches, committed rounds, happenings and votes of a home. Not for use by several threads at once."""

    def __init__(self, root: Path) -> None:
        """Open the home. Raises ArenaError when there is none."""
        self.root = root
        self.revision = 0
        """Grows with every change of the ledger that `refresh` has seen."""
        self.homes = 0
        """How many homes have been read: one more each time the home was deleted and made again."""
        self._open()

    def _open(self) -> None:
        with readable_errors(f"the home {self.root}"):
            self.home = Home.open(self.root)
            self._inode = os.stat(self.root / "arena.db").st_ino  # noqa: PTH116 - on every request: no Path objects
        self._database = str(self.root / "arena.db")
        self.homes += 1
        self._seen: int | None = None
        self._rowid = self._vote = 0
        self.matches: dict[str, MatchRow] = {}
        self.rounds: dict[str, list[CommittedRound]] = {}
        self.log: list[Happening] = []
        self.votes: list[Count] = []

    @property
    def cursor(self) -> Cursor:
        """How far the log goes."""
        return self.log[-1].cursor if self.log else Cursor(0, 0)

    def close(self) -> None:
        """Close the ledger."""
        self.home.close()

    def refresh(self) -> int:
        """Read what is new, and return the revision. Microseconds when nothing is.

        A home that was deleted and made again is read anew. Raises ArenaError when the ledger is out of reach.
        """
        with readable_errors(f"the home {self.root}"):
            try:
                inode = os.stat(self._database).st_ino  # noqa: PTH116
            except FileNotFoundError:
                raise ArenaError(f"the arena home at {self.root} is gone") from None
            if inode != self._inode:
                self.home.close()
                self._open()
            # Asked before anything is read: a change in between is then seen the next time, never missed.
            ((version,),) = self.home.rows("PRAGMA data_version")
            if version != self._seen:
                self._read()
                self._seen = version
                self.revision += 1
        return self.revision

    def entries(self, after: Cursor, match: str | None = None, most: int = 200) -> list[Happening]:
        """What happened after a cursor, oldest first, at most so many; of one match or of all."""
        found: list[Happening] = []
        # Both parts of a cursor only grow along the log, so what lies before either is known.
        errand = bisect_right(self.log, after.errand, key=lambda entry: entry.cursor.errand)
        event = bisect_right(self.log, after.event, key=lambda entry: entry.cursor.event)
        for place in range(min(errand, event), len(self.log)):
            entry = self.log[place]
            is_new = entry.cursor.event > after.event if entry.note else entry.cursor.errand > after.errand
            if is_new and match in (None, entry.match):
                found.append(entry)
                if len(found) == most:
                    break
        return found

    def _read(self) -> None:
        # Errands first: a round's row and its errand are one transaction, so every errand read finds its round.
        happened = self._happenings()
        query = "SELECT rowid, match, number, committed, manifest, record FROM round WHERE rowid > ? ORDER BY rowid"
        rounds = self.home.rows(query, self._rowid)
        self.matches = {row.name: row for row in self.home.matches()}
        for rowid, match, number, committed, manifest, record in rounds:
            kept = RoundRecord.from_json(json.loads(record)).without_curves
            self.rounds.setdefault(match, []).append(CommittedRound(match, number, committed, manifest, kept))
            self._rowid = rowid
        self.log += happened
        for rowid, vote in votes_since(self.home, self._vote):
            self.votes.append(counted(vote))
            self._vote = rowid

    def _happenings(self) -> list[Happening]:
        errands = self.home.rows(
            "SELECT id, match, kind, round, enqueued_ms / 1000.0 FROM outbox WHERE id > ? ORDER BY id",
            self.cursor.errand,
        )
        events = self.home.rows(
            "SELECT id, match, round, at, kind, detail FROM event WHERE id > ? ORDER BY id", self.cursor.event
        )
        happened, cursor = [], self.cursor
        begun = (Happening(Cursor(id, 0), kind, match, round, at) for id, match, kind, round, at in errands)
        noted = (
            Happening(Cursor(0, id), "note", match, round, at, (kind, detail))
            for id, match, round, at, kind, detail in events
        )
        # By time for the reader, but each of the two keeps the order of its ids, whatever the clock did.
        for entry in heapq.merge(begun, noted, key=lambda entry: entry.at):
            cursor = cursor.past(entry.cursor)
            happened.append(replace(entry, cursor=cursor))
        return happened
