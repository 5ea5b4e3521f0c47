"""The secret of a match: what its exams are drawn from, known to the referee alone until each exam is over.

It lies beside the rounds, readable by its owner only. What keeps it from a contender is a worker on another machine or
of another user; a contender that runs as the owner of the home could read anything in it.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from arena.types import ArenaError

SECRET = "secret"
"""Name of the file in the folder of a match."""
_BYTES = 32


def make_secret(folder: Path) -> None:
    """Draw the secret of a match from the system's randomness, unless it has one; on disk when this returns."""
    path = folder / SECRET
    partial = path.with_name(f".{SECRET}.{secrets.token_hex(8)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(partial, path)  # fails where there is one, and two processes get the same
        except FileExistsError:
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    finally:
        partial.unlink(missing_ok=True)


def read_secret(folder: Path) -> int:
    """The secret as a number. Raises ArenaError when the file is gone or no secret."""
    try:
        text = (folder / SECRET).read_text(encoding="ascii")
        return int(bytes.fromhex(text).hex(), 16)
    except (OSError, ValueError) as error:
        raise ArenaError(
            f"the secret that the exams of {folder.name} are drawn from cannot be read ({error}); it is the file "
            f"{folder / SECRET}, without which the match cannot go on"
        ) from error
