"""Where the training of a match stands, in a small file beside its rounds, for whoever watches from another process.

It is a courtesy, not a record: never synced, overwritten at most twice a second, and stale once the match stops.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from arena.types import Progress, Role

PROGRESS = "progress.json"
SECONDS_BETWEEN = 0.5
"""Seconds between two writes: as often as a person can read, and nothing beside a training step."""


class ProgressFile:
    """Keeps the latest progress of both teams in `folder`. Losing it loses nothing, so errors of the disk are ignored.

    `clock`: seconds that only grow.
    """

    def __init__(self, folder: Path, clock: Any = time.monotonic) -> None:
        self._path, self._clock = folder / PROGRESS, clock
        self._teams: dict[Role, Progress] = {}
        self._next = clock()

    def on_progress(self, progress: Progress) -> None:
        """A team's training goes on."""
        if any(other.round != progress.round for other in self._teams.values()):
            self._teams.clear()
        self._teams[progress.role] = progress
        now = self._clock()
        if now < self._next:
            return
        self._next = now + SECONDS_BETWEEN
        teams = {role: asdict(step) for role, step in self._teams.items()}
        partial = self._path.with_suffix(".partial")
        with contextlib.suppress(OSError):
            partial.write_text(json.dumps({"round": progress.round, "teams": teams}), encoding="utf-8")
            os.replace(partial, self._path)  # noqa: PTH105 - the atomic call by its own name


def read_progress(folder: Path) -> Mapping[str, Any] | None:
    """What was written last, `{"round": 3, "teams": {role: Progress as a mapping}}`; None where there is none."""
    try:
        found = json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("round"), int) else None
