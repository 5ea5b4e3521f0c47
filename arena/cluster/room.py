"""Says how many more matches a cluster has room for, as a process of its own: who asks does without Ray.

python -c "from arena.cluster.room import main; main()" ADDRESS
"""

from __future__ import annotations

import json
import sys

from arena.types import ArenaError


def main() -> None:
    """Print `{"matches": N}`, or `{"problem": SENTENCE}` where the cluster cannot be reached."""
    address = sys.argv[1]
    from arena.cluster.environment import prepare_environment

    prepare_environment(address)
    from arena.cluster.table import connected
    from arena.cluster.waiting import free_matches

    try:
        with connected(address):
            told: dict[str, int | str] = {"matches": free_matches()}
    except ArenaError as error:
        told = {"problem": str(error)}
    print(json.dumps(told))
