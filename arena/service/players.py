"""Who is playing: what the locks of matches and the records of processes say, looked at every now and then."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Literal

from arena.locks import held_since, last_holder
from arena.service import models, views
from arena.service.records import Record, last_words, read_records
from arena.service.starts import Starts
from arena.store.follow import Follower
from arena.store.home import match_lock
from arena.store.progress import read_progress

SECONDS_BETWEEN_LOOKS = 0.5
"""How often the locks of unfinished matches are looked at. Rarely: for an instant, looking takes the lock."""


class Players:
    """The processes that play the matches of a ledger. Lives on the thread of the event loop, as the ledger does."""

    def __init__(self, ledger: Follower, starts: Starts) -> None:
        self.ledger, self.starts = ledger, starts
        self._playing: tuple[str, ...] = ()
        self._resumed: set[str] = set()
        self._records: dict[str, Record] = {}
        self._last_words: dict[Record, str | None] = {}
        self._next_look, self._matches = 0.0, 0

    def playing(self) -> Mapping[str, Literal["starting", "playing"]]:
        """Unfinished matches that a process is at, in order of their names: starting, until their first round here."""
        self._look()
        # A match that has ended since the last look is not played any more, whatever its process still does.
        found = (n for n in self._playing if n in self._resumed or not self._is_finished(n))
        return {name: "starting" if self._is_starting(name) else "playing" for name in found}

    def problems(self) -> Mapping[str, str]:
        """Why matches have stopped, or could not go on, whose process this service or an earlier one had started."""
        self._look()
        found: dict[str, str] = {}
        for name, record in self._records.items():
            if name in self.ledger.matches and not record.is_alive and name not in self._playing:
                words = self._words_of(record) if self._was_last_to_play(record) else None
                found |= {} if words is None else {name: words}
        return found

    def started(self) -> list[models.Start]:
        """What was started and is not in the ledger yet, the newest first."""
        self._look()
        missing = [record for name, record in self._records.items() if name not in self.ledger.matches]
        return [self.start(record) for record in sorted(missing, key=lambda record: -record.at)]

    def start(self, record: Record) -> models.Start:
        """A process that was started, as it is shown."""
        if record.is_alive:
            return models.Start(name=record.name, at=record.at, status="starting", problem=None)
        problem = self._words_of(record) or "it was stopped before it began"
        return models.Start(name=record.name, at=record.at, status="failed", problem=problem)

    def look_again(self) -> None:
        """Something has just been started or stopped."""
        self._next_look = 0.0

    def _look(self) -> None:
        now, matches = time.monotonic(), len(self.ledger.matches)
        if now < self._next_look and matches == self._matches:  # a new one is being played, or was
            return
        self._matches = matches
        self.starts.reap()
        ledger = self.ledger
        unfinished = {name for name in ledger.matches if not self._is_finished(name)}
        records = {record.name: record for record in read_records(ledger.root)}
        # A process may have entered its match and ended since the ledger was read: it has not failed.
        entered = {name for (name,) in ledger.home.rows("SELECT name FROM match")} if records else set()
        resumed = {name for name, record in records.items() if record.at > self._last_commit(name)}
        shown = {n for n in records if n in unfinished or n not in entered or (n in ledger.matches and n in resumed)}
        self._records = {name: records[name] for name in shown}
        alive = {name for name, record in self._records.items() if record.is_alive}
        self._resumed = alive & resumed & ledger.matches.keys()
        locked = {name for name in unfinished if ledger.home.is_playing(name)}
        self._playing = tuple(sorted(locked | alive & (unfinished | self._resumed)))
        self._next_look = now + SECONDS_BETWEEN_LOOKS

    def _is_starting(self, name: str) -> bool:
        """Whether a process that a service has started is still on its way to its first round of the match."""
        return name in self._resumed and read_progress(self.ledger.home.match_folder(name)) is None

    def _is_finished(self, name: str) -> bool:
        return views.is_finished(self.ledger, self.ledger.matches[name])

    def _last_commit(self, name: str) -> float:
        rounds = self.ledger.rounds.get(name)
        return rounds[-1].committed if rounds else 0.0

    def _words_of(self, record: Record) -> str | None:
        if record not in self._last_words:
            self._last_words[record] = last_words(self.ledger.root, record.name)
        return self._last_words[record]

    def _was_last_to_play(self, record: Record) -> bool:
        """Whether nobody else has played the match since, from a shell for instance."""
        lock = match_lock(self.ledger.root, record.name)
        last = last_holder(lock)
        return last is None or last.pid == record.pid or held_since(lock) < record.at
