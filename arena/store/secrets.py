"""The secret of a match: what its exams are drawn from, known to the referee alone until each exam is over.

It lies beside the rounds, readable by its owner only. What keeps it from a contender is a worker on another machine or
of another user; a contender that runs as the owner of the home could read anything in it. Each round's exam has a seed
of its own that follows from the secret by a one-way hash. Its digest is entered into the ledger before the round, and
the seed itself is kept with the exam, so that everybody can check afterwards that it was not chosen to please.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from arena.files import sync, sync_folder
from arena.store.home import Home
from arena.types import ArenaError

SECRET = "secret"
"""Name of the file in the folder of a match."""
_BYTES = 32


def make_secret(folder: Path) -> None:
    """Draw the secret of a match, unless it has one; on disk when this returns. The caller holds the match's lock."""
    path = folder / SECRET
    if path.exists():
        return
    partial = path.with_name(f".{SECRET}.{secrets.token_hex(8)}")
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(secrets.token_hex(_BYTES))
        sync(file)
    os.replace(partial, path)  # noqa: PTH105 - the atomic call by its own name
    sync_folder(folder)


def read_secret(folder: Path) -> int:
    """The secret as a number. Raises ArenaError when the file is gone or no secret."""
    try:
        return int((folder / SECRET).read_text(encoding="ascii"), 16)
    except (OSError, ValueError) as error:
        raise ArenaError(
            f"the secret that the exams of {folder.name} are drawn from cannot be read ({error}); it is the file "
            f"{folder / SECRET}, without which the match cannot go on"
        ) from error


def pledge(home: Home, match: str, round: int, digest: str) -> None:
    """Commit to the exam of a round. Again is nothing new. Raises ArenaError for another digest than before."""
    with home.transaction() as ledger:
        ledger.execute("INSERT INTO pledge VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (match, round, digest))
        query = "SELECT digest FROM pledge WHERE match = ? AND round = ?"
        ((known,),) = ledger.execute(query, (match, round)).fetchall()
        if known != digest:
            raise ArenaError(f"round {round} of {match} is pledged to another exam, so its exam cannot be drawn anew")


def pledges(home: Home, match: str) -> dict[int, str]:
    """The digests of a match's exams by round."""
    return dict(home.rows("SELECT round, digest FROM pledge WHERE match = ?", match))
