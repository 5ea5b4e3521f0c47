"""The ledger: what happened in every match, on disk, so that nothing acknowledged is ever lost.

    HOME/arena.db                       the ledger: matches, rounds, events, votes, and what MLflow has still to be told
    HOME/settings.yaml                  what its owner allows, if there is one
    HOME/faces/                         decoded faces
    HOME/generators/                    generators that trained alone to teach detectors, each once for all of them
    HOME/matches/NAME/lock              held by the process that plays the match; says which one that is
    HOME/matches/NAME/rounds/0003/      one round: weights, exam, gallery, and a manifest with a SHA-256 of each file
    HOME/matches/NAME/states/0003/      both teams' training state, of the last two rounds only
    HOME/matches/NAME/probes.json       what shortcut probes made of its last detector, once a report has asked

A round is written into staging folders, synced, renamed, and only then entered in the ledger; that row is the only
acknowledgement. A round's folder is never written again.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena import locks
from arena.commandline import command
from arena.store import rounds
from arena.store.disk import Disk, readable_errors
from arena.store.migrations import migrate
from arena.store.names import ROUNDS, STATES, state_folder
from arena.store.record import RoundRecord
from arena.types import ArenaError, FakesAre


@dataclass(frozen=True)
class MatchRow:
    """A match in the ledger. `facts`: what was found out at its start: device, precision, faces, versions."""

    name: str
    created: float
    config: dict[str, Any]
    facts: dict[str, Any]

    @property
    def fakes_are(self) -> FakesAre:
        """What its fakes are. Matches that do not say were played when every generator drew its faces of nothing."""
        said: FakesAre = self.facts.get("fakes_are", "generated")
        return said

    @property
    def has_drawn_faces(self) -> bool:
        """Whether its real faces were drawn, and are nobody's."""
        return self.facts.get("faces", {}).get("synthetic") is True

    @property
    def fakes_show_people(self) -> bool:
        """Whether its fakes are so near photographs that they have to be treated like them."""
        return self.fakes_are == "unknown" or (self.fakes_are == "composite" and not self.has_drawn_faces)


def match_folder(root: Path, match: str) -> Path:
    """The folder of a match in the home at `root`."""
    return root / "matches" / match


def match_lock(root: Path, match: str) -> Path:
    """What the process that plays a match holds, see `arena.locks`."""
    return match_folder(root, match) / "lock"


class Home:
    """An arena home: the ledger and the folders beside it. Cheap to open; open one per process and thread."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self.root = root
        self.disk = disk or Disk()
        self._connection = sqlite3.connect(root / "arena.db", timeout=30, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA foreign_keys=ON")

    @classmethod
    def create(cls, root: Path, disk: Disk | None = None) -> Home:
        """Open a home, making it where there is nothing yet. Raises ArenaError for a place that is something else."""
        disk = disk or Disk()
        with readable_errors(f"the home {root}"):
            if root.exists() and not root.is_dir():
                raise ArenaError(f"{root} is a file; choose another folder with --home")
            disk.make(root)
            with locks.hold(root):  # a database that several processes make at once is locked for some of them
                is_new = not (root / "arena.db").exists()
                if is_new and any(root.iterdir()):
                    raise ArenaError(f"{root} is not empty and no arena home; choose another folder with --home")
                home = cls(root, disk)
                migrate(home._connection, root, disk.commit)
                if is_new or not (root / "matches").is_dir():
                    (root / "matches").mkdir(exist_ok=True)
                    disk.sync(root)
                    with suppress(PermissionError):  # a parent that is not ours to read
                        disk.sync(root.absolute().parent)
            return home

    @classmethod
    def open(cls, root: Path, disk: Disk | None = None) -> Home:
        """Open an existing home. Raises ArenaError when there is none, or a newer arena has written it."""
        if not (root / "arena.db").is_file():
            raise ArenaError(f"there is no arena home at {root}; play a match first, or name another with --home")
        return cls.create(root, disk)

    def close(self) -> None:
        """Close the ledger."""
        self._connection.close()

    @property
    def faces(self) -> Path:
        """Where decoded faces are kept."""
        return self.root / "faces"

    @property
    def generators(self) -> Path:
        """Where generators are kept that trained alone."""
        return self.root / "generators"

    def match_folder(self, match: str) -> Path:
        """The folder of a match."""
        return match_folder(self.root, match)

    def round_folder(self, match: str, number: int) -> Path:
        """The folder of an acknowledged round."""
        return self.match_folder(match) / ROUNDS / f"{number:04d}"

    def staging_folder(self, match: str, number: int, token: str) -> Path:
        """Where a round is written before it is acknowledged; `token` keeps two attempts apart."""
        return self.match_folder(match) / ROUNDS / f".{number:04d}.{token}"

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: commits at the end, rolls back on any error."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self.disk.commit(self._connection)
        except BaseException:
            self._connection.rollback()
            raise

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self._connection.execute(query, values).fetchall()

    def create_match(self, name: str, config: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """Enter a new match. Raises ArenaError when the name is taken."""
        folder = self.match_folder(name)
        for part in (ROUNDS, STATES):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self.disk.sync(folder)
        self.disk.sync(folder.parent)
        now = time.time()
        with self.transaction() as ledger:
            if self.has_match(name):
                raise ArenaError(
                    f"there is a match named {name} in {self.root}; continue it with: "
                    + command("resume", name, home=self.root)
                )
            row = (name, now, json.dumps(config), json.dumps(facts))
            ledger.execute("INSERT INTO match VALUES (?, ?, ?, ?)", row)
            _enqueue(ledger, name, "match", None, now)

    def update_rounds(self, name: str, rounds: int) -> None:
        """Let a match go on to more rounds than it was started with."""
        with self.transaction() as ledger:
            ledger.execute("UPDATE match SET config = json_set(config, '$.rounds', ?) WHERE name = ?", (rounds, name))

    def matches(self) -> list[MatchRow]:
        """All matches, oldest first."""
        rows = self.rows("SELECT name, created, config, facts FROM match ORDER BY created, name")
        return [MatchRow(name, created, json.loads(c), json.loads(f)) for name, created, c, f in rows]

    def has_match(self, name: str) -> bool:
        """Whether a match of this name was entered."""
        return bool(self.rows("SELECT 1 FROM match WHERE name = ?", name))

    def match(self, name: str) -> MatchRow:
        """One match. Raises ArenaError that lists the known ones."""
        rows = self.rows("SELECT name, created, config, facts FROM match WHERE name = ?", name)
        if not rows:
            known = ", ".join(row.name for row in self.matches()) or "none yet"
            raise ArenaError(f"there is no match named {name!r} in {self.root}; known: {known}")
        ((name, created, config, facts),) = rows
        return MatchRow(name, created, json.loads(config), json.loads(facts))

    def records(self, match: str, after: int = -1, most: int = -1) -> list[RoundRecord]:
        """The records of all acknowledged rounds, round 0 (the opening) included.

        `after`: only those of later ones. `most`: at most so many.
        """
        query = "SELECT record FROM round WHERE match = ? AND number > ? ORDER BY number LIMIT ?"
        rows = self.rows(query, match, after, most)
        return [RoundRecord.from_json(json.loads(record)) for (record,) in rows]

    def manifests(self, match: str) -> dict[int, str]:
        """The SHA-256 of the manifest of each acknowledged round, by number."""
        return dict(self.rows("SELECT number, manifest FROM round WHERE match = ? ORDER BY number", match))

    def last_round(self, match: str) -> int | None:
        """The number of the last acknowledged round, None before the opening."""
        (number,) = self.rows("SELECT max(number) FROM round WHERE match = ?", match)[0]
        return None if number is None else int(number)

    def commit_round(
        self, match: str, number: int, staging: Path, manifest: str, record: RoundRecord, last: bool = False
    ) -> None:
        """Acknowledge a staged round: rename its folders, then enter its row and MLflow's errand in one transaction.

        `last`: the match ends with this round. Training states that are too old to go on from are removed after that.
        """
        folder = self.round_folder(match, number)
        moves = ((state_folder(staging), state_folder(folder)), (staging, folder))
        for source, target in moves if moves[0][0].is_dir() else moves[1:]:
            self.disk.rename(source, target)
            self.disk.sync(target.parent)
        now = time.time()
        with self.transaction() as ledger:
            row = (match, number, now, manifest, json.dumps(record.to_json(), allow_nan=False))
            ledger.execute("INSERT INTO round VALUES (?, ?, ?, ?, ?)", row)
            _enqueue(ledger, match, "round", number, now)
            if last:
                _enqueue(ledger, match, "end", None, now)
        rounds.drop_old_states(self.match_folder(match), number)

    def log(self, match: str, round: int | None, kind: str, detail: str) -> None:
        """Note an event: a diverged training, a lost worker, a forfeit. Raises ArenaError when the disk is full."""
        with readable_errors(f"an event of {match} in {self.root}"), self.transaction() as ledger:
            row = (match, round, time.time(), kind, detail)
            ledger.execute("INSERT INTO event (match, round, at, kind, detail) VALUES (?, ?, ?, ?, ?)", row)

    def events(self, match: str) -> list[dict[str, Any]]:
        """The events of a match in order."""
        rows = self.rows("SELECT round, at, kind, detail FROM event WHERE match = ? ORDER BY id", match)
        return [dict(zip(("round", "at", "kind", "detail"), row, strict=True)) for row in rows]

    @contextmanager
    def lock(self, match: str) -> Iterator[None]:
        """Be the only process that plays this match, and clear away what a dead one left unacknowledged."""
        with self._hold(match) as is_ours:
            if not is_ours:
                raise ArenaError(f"the match {match} is being played by another process; wait or stop that one")
            with readable_errors(f"the match {match} in {self.root}"):
                rounds.sweep(self.match_folder(match), self.last_round(match))
            yield

    @contextmanager
    def reserve(self, names: Iterable[str]) -> Iterator[str]:
        """Hold the lock of the first of these names that neither a match nor another process has.

        A name that no match was entered under is free again after the block, or when this process dies. Raises
        ArenaError when there is no such name.
        """
        for name in names:
            if self.has_match(name):
                continue
            with self._hold(name) as is_ours:
                if not is_ours or self.has_match(name):
                    continue
                try:
                    yield name
                finally:
                    if not self.has_match(name):
                        self._give_back(name)
                return
        raise ArenaError(f"another process in {self.root} is about to start a match of this name; choose another name")

    def is_playing(self, match: str) -> bool:
        """Whether a process holds the match's lock."""
        return locks.is_held(match_lock(self.root, match))

    @contextmanager
    def _hold(self, match: str) -> Iterator[bool]:
        with ExitStack() as stack:
            with readable_errors(f"the match {match} in {self.root}"):
                self.match_folder(match).mkdir(parents=True, exist_ok=True)
                is_ours = stack.enter_context(locks.hold(match_lock(self.root, match), locks.A_LOOK))
            yield is_ours

    def _give_back(self, name: str) -> None:
        folder = self.match_folder(name)
        with suppress(OSError):  # what somebody else has put there stays, and so does its folder
            for part in (ROUNDS, STATES):
                if (folder / part).is_dir():
                    (folder / part).rmdir()
            match_lock(self.root, name).unlink()
            folder.rmdir()


def _enqueue(ledger: sqlite3.Connection, match: str, kind: str, round: int | None, now: float) -> None:
    """Note what MLflow has to be told, in the transaction that it is about; `outbox` reads it."""
    row = (match, kind, round, int(now * 1000))
    ledger.execute("INSERT INTO outbox (match, kind, round, enqueued_ms) VALUES (?, ?, ?, ?)", row)
