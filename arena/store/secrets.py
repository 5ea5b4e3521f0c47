"""Secrets of exams: bound by a digest in the ledger before a round, told after the match.

A digest binds whoever entered it: neither it nor a nonce that was told is ever changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from arena.store.home import Home
from arena.types import ArenaError


class Secret(NamedTuple):
    """What is known of a round's secret. `nonce`: None until it is told."""

    digest: str
    nonce: str | None


def pledge(home: Home, match: str, round: int, digest: str) -> None:
    """Commit to the secret of a round. Again is nothing new. Raises ArenaError for another digest than before."""
    with home.transaction() as ledger:
        ledger.execute(
            "INSERT INTO exam_secret (match, round, digest) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (match, round, digest),
        )
        query = "SELECT digest FROM exam_secret WHERE match = ? AND round = ?"
        ((known,),) = ledger.execute(query, (match, round)).fetchall()
        if known != digest:
            raise ArenaError(f"round {round} of {match} is pledged to another secret, so its exam cannot be drawn anew")


def reveal(home: Home, match: str, nonces: Mapping[int, str]) -> None:
    """Tell the secrets of rounds. Raises ArenaError for a round without a pledge, or one told otherwise before."""
    with home.transaction() as ledger:
        for round, nonce in nonces.items():
            told = ledger.execute(
                "UPDATE exam_secret SET nonce = ? WHERE match = ? AND round = ? AND coalesce(nonce, ?) = ?",
                (nonce, match, round, nonce, nonce),
            )
            if not told.rowcount:
                raise ArenaError(f"round {round} of {match} has no secret to tell, or another one was told")


def secrets_of(home: Home, match: str) -> dict[int, Secret]:
    """The secrets of a match by round."""
    rows = home.rows("SELECT round, digest, nonce FROM exam_secret WHERE match = ? ORDER BY round", match)
    return {round: Secret(digest, nonce) for round, digest, nonce in rows}
