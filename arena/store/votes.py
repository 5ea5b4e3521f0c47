"""Blind tests and their votes in the ledger: raw events, each written once and never changed."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import astuple

from arena.referee.blind import BlindTest, Shown, Vote
from arena.store.home import Home
from arena.types import ArenaError

_TEST = "t.id, t.match, t.round, t.threshold, t.images"


class AnsweredAlready(ArenaError):  # noqa: N818 - an answer, not a mistake
    """A blind test counts once."""


def enter_test(home: Home, test: BlindTest) -> None:
    """Note what is asked, before anybody sees it."""
    with home.transaction() as ledger:
        images = json.dumps([astuple(image) for image in test.images])
        row = (test.id, test.match, test.round, time.time(), test.threshold, images)
        ledger.execute("INSERT INTO blind_test VALUES (?, ?, ?, ?, ?, ?)", row)


def find_test(home: Home, test: str) -> BlindTest | None:
    """A test that was asked, answered or not."""
    rows = home.rows(f"SELECT {_TEST} FROM blind_test t WHERE id = ?", test)
    return _test(*rows[0]) if rows else None


def enter_vote(home: Home, vote: Vote) -> None:
    """Note what somebody answered. Raises AnsweredAlready."""
    row = (vote.test.id, time.time(), json.dumps(vote.called_fake))
    try:
        with home.transaction() as ledger:
            ledger.execute("INSERT INTO blind_vote VALUES (?, ?, ?)", row)
    except sqlite3.IntegrityError:
        raise AnsweredAlready("this test was answered already; ask for a new one") from None


def votes_since(home: Home, rowid: int = 0) -> list[tuple[int, Vote]]:
    """The votes after a row, in the order they were given, each with its row; they are only ever added."""
    query = f"SELECT v.rowid, v.called_fake, {_TEST} FROM blind_vote v JOIN blind_test t ON t.id = v.test"
    rows = home.rows(f"{query} WHERE v.rowid > ? ORDER BY v.rowid", rowid)
    return [(number, Vote(_test(*test), tuple(json.loads(called)))) for number, called, *test in rows]


def _test(id: str, match: str, round: int, threshold: float, images: str) -> BlindTest:
    return BlindTest(id, match, round, threshold, tuple(Shown(*image) for image in json.loads(images)))
