"""Server-sent events: the ledger's rows as they are committed, and between them how the training goes.

Every event carries an id that says how far the stream has come in the ledger, so a client that reconnects with the id
it saw last misses no row. What has no row, `playing` and `progress`, is said again at once after a reconnect.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

from fastapi.sse import ServerSentEvent

from arena.service import models, views
from arena.service.state import State
from arena.store.follow import Cursor
from arena.types import ArenaError

BATCH = 200
"""Events read at a time; a client that catches up slowly holds no more than these."""
CURSOR = re.compile(r"([0-9]{1,15})-([0-9]{1,15})")


def read_cursor(state: State, text: str | None) -> Cursor:
    """Where to go on: the id of an event, or now when there is none. An id from beyond the ledger's end means now."""
    now = state.ledger.cursor
    found = CURSOR.fullmatch(text or "")
    if found is None:
        return now
    return Cursor(min(int(found[1]), now.errand), min(int(found[2]), now.event))


async def events(state: State, cursor: Cursor, match: str | None = None) -> AsyncIterator[ServerSentEvent]:
    """The stream from a cursor on, of one match or of all, until the server stops."""
    ledger, homes = state.ledger, state.ledger.homes
    playing: models.Playing | None = None
    steps: dict[str, models.Progress | None] = {}
    while not state.stopping.is_set():
        try:
            ledger.refresh()
        except ArenaError:
            return  # the client asks again, and is then told why there is no answer
        if ledger.homes != homes:  # the home was deleted and made again: all of the new one is news
            homes, cursor = ledger.homes, Cursor(0, 0)
        entries = ledger.entries(cursor, match, BATCH)
        for entry in entries:
            cursor = cursor.past(entry.cursor)
            yield _event(cursor, entry.kind, views.entry_view(ledger, entry))
        if len(entries) == BATCH:  # still catching up
            continue
        cursor = cursor.past(ledger.cursor)
        found = {name: at for name, at in state.players.playing().items() if match in (None, name)}
        starting = [name for name, at in found.items() if at == "starting"]
        now_playing = models.Playing(matches=list(found), starting=starting)
        if now_playing != playing:
            playing = now_playing
            yield _event(cursor, "playing", playing)
        for name in found:
            step = state.progress(name)
            if step is not None and step != steps.get(name):
                steps[name] = step
                yield _event(cursor, "progress", step)
        await _pause(state)


def _event(cursor: Cursor, name: str, data: models.Model) -> ServerSentEvent:
    return ServerSentEvent(id=views.cursor_text(cursor), event=name, data=data)


async def _pause(state: State) -> None:
    try:
        await asyncio.wait_for(state.stopping.wait(), state.tick)
    except TimeoutError:
        return
