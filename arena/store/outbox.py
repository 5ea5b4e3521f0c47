"""What MLflow has still to be told: errands, each entered with what it is about, and ticked off when it is shipped."""

from __future__ import annotations

import time
from dataclasses import dataclass

from arena.store.home import Home


@dataclass(frozen=True)
class Errand:
    """A row of the outbox: what MLflow has to be told. `kind`: 'match' (it began), 'round' or 'end'.

    `enqueued_ms`: when it happened, in milliseconds since 1970, frozen: telling it twice is then the same as once.
    """

    id: int
    match: str
    kind: str
    round: int | None
    enqueued_ms: int
    shipped_ms: int | None


def errands_of(home: Home, match: str, after: int = 0) -> list[Errand]:
    """Everything that MLflow has ever had to be told about a match, in order, shipped or not.

    `after`: only what came after this one.
    """
    query = "SELECT id, match, kind, round, enqueued_ms, shipped_ms FROM outbox WHERE match = ? AND id > ?"
    return [Errand(*row) for row in home.rows(f"{query} ORDER BY id", match, after)]


def unshipped(home: Home) -> dict[str, int]:
    """How many errands of which match have not been shipped, the longest waiting match first."""
    query = "SELECT match, count(*) FROM outbox WHERE shipped_ms IS NULL GROUP BY match ORDER BY min(id)"
    return dict(home.rows(query))


def mark_shipped(home: Home, errand: int) -> None:
    """Note that MLflow has been told."""
    with home.transaction() as ledger:
        ledger.execute("UPDATE outbox SET shipped_ms = ? WHERE id = ?", (int(time.time() * 1000), errand))
