"""Where a match stands that is being played, in a small file beside its rounds, for whoever watches from elsewhere.

It is a courtesy, not a record: never synced, overwritten twice a second, and gone when nobody plays the match any more.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from arena.types import Progress, Role

PROGRESS = "progress.json"
SECONDS_BETWEEN = 0.5
"""Seconds between two writes: as often as a person can read, and nothing beside a training step."""


@dataclass(frozen=True)
class Underway:
    """Where a match stands that is being played.

    `round`: the one that is being played, 0 for the warm-up; of `rounds`. `teams`: the latest word of each team on its
    training in this round. `done`: share of the match, in [0, 1]. `round_left`, `match_left`: about how many seconds
    they will still take; None while nobody can say.
    """

    round: int
    rounds: int
    teams: Mapping[Role, Progress]
    done: float
    round_left: float | None
    match_left: float | None


@contextlib.contextmanager
def kept_progress(folder: Path, ask: Callable[[], Underway | None]) -> Iterator[None]:
    """Within the block a thread keeps what `ask` says in `folder`; losing it loses nothing, so errors are ignored."""
    is_over = threading.Event()

    def keep() -> None:
        while not is_over.wait(SECONDS_BETWEEN):
            underway = ask()
            if underway is not None:
                write_progress(folder, underway)

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        with contextlib.suppress(OSError):
            (folder / PROGRESS).unlink(missing_ok=True)


def write_progress(folder: Path, underway: Underway) -> None:
    """Put it in the place of what was written before; a disk that refuses disturbs nobody."""
    path = folder / PROGRESS
    partial = path.with_suffix(".partial")
    with contextlib.suppress(OSError):
        partial.write_text(json.dumps(asdict(underway)), encoding="utf-8")
        os.replace(partial, path)  # noqa: PTH105 - the atomic call by its own name


def read_progress(folder: Path) -> Underway | None:
    """What was written last; None where there is none, or what an arena of another version has written."""
    try:
        found = json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
        teams = {role: Progress(**step) for role, step in found.pop("teams").items()}
        return Underway(teams=teams, **found)
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return None
