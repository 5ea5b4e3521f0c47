"""Shortcut probes of a match's last detector, on the referee's faces: nobody has trained on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from arena.play.parts import exam_part
from arena.referee.probes import probe, spread
from arena.results.shortcuts import Shortcuts, keep, kept
from arena.snapshot import player, read_snapshot
from arena.store.home import Home
from arena.store.names import SNAPSHOT
from arena.types import ArenaError


def last_probed(
    home: Home, match: str, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> Shortcuts:
    """What the last detector of a match makes of shortcut probes, on the CPU; asked once and kept in the home.

    Raises ArenaError, naming no folder, when no round was played, the weights or the faces are gone, or the faces are
    too few.
    """
    row, last = home.match(match), home.last_round(match)
    if not last:
        raise ArenaError(f"no detector has played a round of {match} yet")
    if (known := kept(home, match, last)) is not None:
        return known
    try:
        weights = read_snapshot(home.round_folder(match, last) / SNAPSHOT.format(role="detector"))
    except ArenaError:
        raise ArenaError(f"the detector's weights of round {last} of {match} are gone or damaged") from None
    everybody, part = exam_part(match, home.faces, row.config, row.facts["faces"])
    faces = everybody[part[spread(len(part))]]
    probed = tuple(probe(player(weights), faces, on_progress))
    found = Shortcuts(last, len(faces), len(np.unique(faces.identities)), probed)
    keep(home, match, found)
    return found
