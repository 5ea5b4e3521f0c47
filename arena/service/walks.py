"""Films of walks through a generator's latents: each made by a process of its own when it is asked for."""

from __future__ import annotations

import base64
from collections import OrderedDict
from pathlib import Path

from fastapi import HTTPException

from arena.service.places import Places
from arena.service.views import NotFound, version_of
from arena.service.workers import Died, Worker
from arena.store.follow import CommittedRound
from arena.store.home import MatchRow
from arena.store.names import SNAPSHOT

PLACES = 4
"""Films that are waited for at the same time; one is made at a time."""
RETRY_SECONDS = 5
MOST_FILMS = 8
"""That are kept in memory, of some 300 kB each."""
SEED = 0


class Walks:
    """The worker, and its last films. Lives on the event loop's thread; starts nothing before it is needed."""

    def __init__(self) -> None:
        # For comparison: a DCGAN of 64 pixels takes a second on a busy core, most of it to write the WebP.
        self.worker = Worker(
            "arena.service.walking", at_once=1, seconds=60, memory=2**32, start_seconds=120, idle_seconds=300
        )
        self._places = Places(PLACES, PLACES, "walks are filmed", RETRY_SECONDS)
        self._kept: OrderedDict[tuple[str, int, str], bytes] = OrderedDict()

    def close(self) -> None:
        """End the worker."""
        self.worker.stop()

    async def film(self, row: MatchRow, round: CommittedRound, folder: Path) -> bytes:
        """The walk of a round's generator as a WebP that says what it is. `folder`: the round's.

        Raises NotFound where its weights are gone or it has no latents, HTTPException when there is no answer now.
        """
        key = round.match, round.number, version_of(round)
        if key not in self._kept:
            self._kept[key] = await self._made(row, round, folder / SNAPSHOT.format(role="generator"))
            if len(self._kept) > MOST_FILMS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    async def _made(self, row: MatchRow, round: CommittedRound, snapshot: Path) -> bytes:
        where = f"round {round.number} of {round.match}"
        if not snapshot.is_file():
            raise NotFound(f"the generator's weights of {where} were pruned, so it cannot draw any more")
        job = {"snapshot": str(snapshot), "seed": SEED, "fakes_are": row.fakes_are}
        try:
            with self._places.taken(""):
                answer = await self.worker.run(job)
        except Died:
            raise HTTPException(503, f"the walk of {where} took too long or broke; try again") from None
        if "problem" in answer:
            raise NotFound(answer["problem"])
        return base64.b64decode(answer["film"])
