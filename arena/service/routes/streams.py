"""What happens, as it happens. FastAPI formats the events, and says something every 15 seconds of silence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.types import ASGIApp, Receive, Scope, Send

from arena.service import views
from arena.service.docs import EVENTS_ANSWER
from arena.service.events import events, read_cursor
from arena.service.routes.parameters import After, Arena, LastEventId, MatchName, new_router
from arena.store.follow import Cursor

router = new_router()


class Departures:
    """ASGI middleware: a client that leaves while an event is on its way to it is no error of the application.

    FastAPI's keep-alive raises one then, and a traceback would be printed whenever somebody reloads the page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        try:
            await self._app(scope, receive, send)
        except* anyio.BrokenResourceError:
            pass


async def since(state: Arena, after: After = None, last_event_id: LastEventId = None) -> Cursor:
    """Where the stream goes on, decided before it begins."""
    return read_cursor(state, last_event_id or after)


async def known(state: Arena, match: MatchName) -> str:
    """The name of a match of the ledger."""
    return views.find_match(state.ledger, match).name


async def place(request: Request, state: Arena) -> AsyncIterator[None]:
    """One of the places for streams, until the client leaves."""
    with state.streams.taken(request.client.host if request.client else ""):
        yield


Since = Annotated[Cursor, Depends(since)]
PLACE = Depends(place)


@router.get("/events", response_class=EventSourceResponse, responses=EVENTS_ANSWER, dependencies=[PLACE])
async def all_events(state: Arena, cursor: Since) -> AsyncIterator[ServerSentEvent]:
    """What happens in all matches, as it happens."""
    async for event in events(state, cursor):
        yield event


@router.get(
    "/matches/{match}/events", response_class=EventSourceResponse, responses=EVENTS_ANSWER, dependencies=[PLACE]
)
async def match_events(
    state: Arena, cursor: Since, match: Annotated[str, Depends(known)]
) -> AsyncIterator[ServerSentEvent]:
    """What happens in one match, as it happens."""
    async for event in events(state, cursor, match):
        yield event
