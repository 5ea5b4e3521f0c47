"""The ledger's schema, version by version: a home made by any earlier arena is brought up to date when it is opened.

A migration is never changed once homes have been made by it; a new one is added below. `PRAGMA user_version` counts
those a ledger has seen. The first is what homes of version 0 have already, all or part of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from arena.types import ArenaError

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE IF NOT EXISTS match (
            name TEXT PRIMARY KEY, created REAL NOT NULL, config TEXT NOT NULL, facts TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE IF NOT EXISTS round (
            match TEXT NOT NULL REFERENCES match(name), number INTEGER NOT NULL, committed REAL NOT NULL,
            manifest TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (match, number)
        ) STRICT""",
        """CREATE TABLE IF NOT EXISTS event (
            id INTEGER PRIMARY KEY AUTOINCREMENT, match TEXT NOT NULL REFERENCES match(name), round INTEGER,
            at REAL NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE IF NOT EXISTS outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT, match TEXT NOT NULL REFERENCES match(name), kind TEXT NOT NULL,
            round INTEGER, enqueued_ms INTEGER NOT NULL, shipped_ms INTEGER
        ) STRICT""",
        """CREATE TABLE IF NOT EXISTS blind_test (
            id TEXT PRIMARY KEY, match TEXT NOT NULL REFERENCES match(name), round INTEGER NOT NULL, at REAL NOT NULL,
            threshold REAL NOT NULL, images TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE IF NOT EXISTS blind_vote (
            test TEXT PRIMARY KEY REFERENCES blind_test(id), at REAL NOT NULL, called_fake TEXT NOT NULL
        ) STRICT""",
    ),
    (
        """CREATE TABLE pledge (
            match TEXT NOT NULL REFERENCES match(name), round INTEGER NOT NULL, digest TEXT NOT NULL,
            PRIMARY KEY (match, round)
        ) STRICT""",
        """CREATE TABLE pruned (
            match TEXT NOT NULL REFERENCES match(name), round INTEGER NOT NULL, at REAL NOT NULL, file TEXT NOT NULL,
            PRIMARY KEY (match, round, file)
        ) STRICT""",
        "CREATE INDEX outbox_of_match ON outbox(match, id)",
        "CREATE INDEX outbox_unshipped ON outbox(match, id) WHERE shipped_ms IS NULL",
        "CREATE INDEX event_of_match ON event(match, id)",
    ),
)
VERSION = len(MIGRATIONS)


def migrate(ledger: sqlite3.Connection, root: Path, commit: Callable[[sqlite3.Connection], None]) -> None:
    """Bring a ledger to this version, all or nothing. Raises ArenaError for one of a newer arena."""
    if _version(ledger) == VERSION:
        return
    ledger.execute("BEGIN IMMEDIATE")
    try:
        version = _version(ledger)  # again: another process may have been faster
        if version > VERSION:
            raise ArenaError(
                f"the home {root} was written by a newer arena: its ledger has version {version}, this one knows "
                f"versions up to {VERSION}; use that arena, or another home"
            )
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                ledger.execute(statement)
        ledger.execute(f"PRAGMA user_version = {VERSION}")
        commit(ledger)
    except BaseException:
        ledger.rollback()
        raise


def _version(ledger: sqlite3.Connection) -> int:
    return int(ledger.execute("PRAGMA user_version").fetchone()[0])
