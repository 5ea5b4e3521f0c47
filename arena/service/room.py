"""How many matches there is room for: on this machine, by its memory and cores, or in a Ray cluster, which is asked."""

from __future__ import annotations

import json
import os
import subprocess

import psutil

from arena import children
from arena.types import ArenaError

ROOM = "from arena.cluster.room import main; main()"
"""What says how many more matches a Ray cluster has room for."""
ROOM_SECONDS = 30.0
"""What a cluster may take to say so."""
MATCH_BYTES = 7 * 2**29
"""Memory that a match takes under Ray: three workers, the driver and Ray itself, measured as 2.6 GB, and 0.5 for a
referee that looks for faces among the fakes."""
MATCH_CORES = 2
"""Cores that a match keeps busy where there is no GPU: one per team."""


def most_matches() -> int:
    """How many matches this machine plays at once without starving them."""
    memory, cores = psutil.virtual_memory().total // MATCH_BYTES, len(os.sched_getaffinity(0)) // MATCH_CORES
    return max(1, min(memory, cores))


def matches_in_cluster(address: str) -> int:
    """How many more matches a Ray cluster has places for. Raises ArenaError when it cannot be asked."""
    seconds = ROOM_SECONDS
    try:
        told = subprocess.run(
            children.python("-c", ROOM, address),
            env=children.environment(),
            cwd=children.NOWHERE,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=True,
        )
        room = json.loads(told.stdout)
    except (subprocess.SubprocessError, ValueError):
        raise ArenaError(f"the Ray cluster at {address!r} does not say within {seconds:g} s what is free") from None
    if "problem" in room:
        raise ArenaError(room["problem"])
    return int(room["matches"])
