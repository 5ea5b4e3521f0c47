"""What happens, as it happens."""

from __future__ import annotations

from fastapi import Response

from arena.service import views
from arena.service.docs import EVENTS_ANSWER
from arena.service.events import EventStream, event_stream, events, read_cursor
from arena.service.routes.parameters import After, Arena, LastEventId, MatchName, new_router

router = new_router()


@router.get("/events", response_class=EventStream, responses=EVENTS_ANSWER)
async def all_events(state: Arena, after: After = None, last_event_id: LastEventId = None) -> Response:
    """What happens in all matches, as it happens."""
    return event_stream(events(state, read_cursor(state, last_event_id or after)))


@router.get("/matches/{match}/events", response_class=EventStream, responses=EVENTS_ANSWER)
async def match_events(
    state: Arena, match: MatchName, after: After = None, last_event_id: LastEventId = None
) -> Response:
    """What happens in one match, as it happens."""
    name = views.find_match(state.ledger, match).name
    return event_stream(events(state, read_cursor(state, last_event_id or after), name))
