"""The folders of a match's rounds: what in them is ours, and what of it is in the way.

MATCH/rounds/0003/           an acknowledged round, never written again
MATCH/rounds/.0003.TOKEN/    a round that is being written
MATCH/states/...             the same for the training states, of which only the last rounds' are kept
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from arena.store.names import ROUNDS, STATES

STATES_KEPT = 2
"""Rounds whose training state is kept: the last, to go on from, and the one before."""
_OURS = re.compile(r"(?P<staging>\.)?(?P<number>[0-9]{4,})(?(staging)\.[0-9a-z]+)")


def sweep(match: Path, last: int | None) -> None:
    """Clear away what was never acknowledged, and states nobody needs. `last`: the last acknowledged round.

    Whatever else somebody has put there stays.
    """
    for parent in (ROUNDS, STATES):
        for folder, number, is_staging in _ours(match / parent):
            if is_staging or last is None or number > last:
                shutil.rmtree(folder)
    if last is not None:
        drop_old_states(match, last)


def drop_old_states(match: Path, last: int) -> None:
    """Remove the training states of all but the last rounds."""
    for folder, number, is_staging in _ours(match / STATES):
        if not is_staging and number <= last - STATES_KEPT:
            shutil.rmtree(folder, ignore_errors=True)  # what stays behind is tried again after the next round


def _ours(parent: Path) -> Iterator[tuple[Path, int, bool]]:
    """The folders in it that have a name as we give them: (folder, round, whether it is a staging folder)."""
    for entry in sorted(parent.iterdir()) if parent.is_dir() else ():
        found = _OURS.fullmatch(entry.name)
        if found and entry.is_dir() and not entry.is_symlink():
            yield entry, int(found["number"]), found["staging"] is not None
