"""Server-sent events: the ledger's rows as they are committed, and between them how the training goes.

Every event carries an id that says how far the stream has come in the ledger, so a client that reconnects with the id
it saw last misses no row. What has no row, `playing` and `progress`, is said again at once after a reconnect.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse

from arena.service import models, views
from arena.service.state import State
from arena.store.follow import Cursor
from arena.types import ArenaError

SECONDS_OF_SILENCE = 15.0
"""After which a comment is sent, so that neither end takes the other for dead."""
BATCH = 200
"""Events read at a time; a client that catches up slowly holds no more than these."""
CURSOR = re.compile(r"([0-9]{1,15})-([0-9]{1,15})")


class EventStream(StreamingResponse):
    """A response of server-sent events."""

    media_type = "text/event-stream"


def event_stream(content: AsyncIterator[bytes]) -> EventStream:
    """A response of events that proxies neither keep nor hold back."""
    return EventStream(content, headers={"cache-control": "no-store", "x-accel-buffering": "no"})


def read_cursor(state: State, text: str | None) -> Cursor:
    """Where to go on: the id of an event, or now when there is none. An id from beyond the ledger's end means now."""
    now = state.ledger.cursor
    found = CURSOR.fullmatch(text or "")
    if found is None:
        return now
    return Cursor(min(int(found[1]), now.errand), min(int(found[2]), now.event))


async def events(state: State, cursor: Cursor, match: str | None = None) -> AsyncIterator[bytes]:
    """The stream from a cursor on, of one match or of all, until the server stops."""
    ledger, homes = state.ledger, state.ledger.homes
    playing: tuple[str, ...] | None = None
    steps: dict[str, models.Progress | None] = {}
    heard = time.monotonic()
    while not state.stopping.is_set():
        try:
            ledger.refresh()
        except ArenaError:
            return  # the client asks again, and is then told why there is no answer
        if ledger.homes != homes:  # the home was deleted and made again: all of the new one is news
            homes, cursor = ledger.homes, Cursor(0, 0)
        frames: list[bytes] = []
        entries = ledger.entries(cursor, match, BATCH)
        for entry in entries:
            cursor = cursor.past(entry.cursor)
            frames.append(frame(cursor, entry.kind, views.entry_view(ledger, entry)))
        if len(entries) == BATCH:  # still catching up
            yield b"".join(frames)
            continue
        cursor = cursor.past(ledger.cursor)
        now_playing = tuple(name for name in state.players.playing() if match in (None, name))
        if now_playing != playing:
            playing = now_playing
            frames.append(frame(cursor, "playing", models.Playing(matches=list(playing))))
        for name in playing:
            step = state.progress(name)
            if step is not None and step != steps.get(name):
                steps[name] = step
                frames.append(frame(cursor, "progress", step))
        if not frames and time.monotonic() - heard > SECONDS_OF_SILENCE:
            frames.append(b":\n\n")
        if frames:
            heard = time.monotonic()
            yield b"".join(frames)
        await _pause(state)


def frame(cursor: Cursor, name: str, data: models.Model) -> bytes:
    """An event in the format of a stream; JSON holds no line break."""
    return f"id: {views.cursor_text(cursor)}\nevent: {name}\ndata: {data.model_dump_json()}\n\n".encode()


async def _pause(state: State) -> None:
    try:
        await asyncio.wait_for(state.stopping.wait(), state.tick)
    except TimeoutError:
        return
