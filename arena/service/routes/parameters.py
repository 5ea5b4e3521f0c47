"""What routes take: names and numbers of an address, pages of a list, and the state they all share."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from arena.service import views
from arena.service.docs import OTHER_ANSWERS
from arena.service.state import State
from arena.store.follow import CommittedRound

MOST_ITEMS = 200
HIGHEST = 1_000_000

MatchName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="A match of /api/matches.")]
Number = Annotated[int, Path(ge=0, lt=HIGHEST)]
Offset = Annotated[int, Query(ge=0, lt=HIGHEST, description="Items to leave out.")]
Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS, description="Items of a page.")]
After = Annotated[str | None, Query(description="The id of an event or a `cursor`: only what happened since.")]
LastEventId = Annotated[str | None, Header(description="What `after` is, by a client that reconnects.")]


class Png(Response):
    """A picture that says what it is."""

    media_type = "image/png"


class Gif(Response):
    """An animation that says it is AI-generated."""

    media_type = "image/gif"


class Webp(Response):
    """An animation that says it is AI-generated."""

    media_type = "image/webp"


class Html(Response):
    """A document."""

    media_type = "text/html; charset=utf-8"


def new_router() -> APIRouter:
    """A router below /api whose schema tells what every route may answer."""
    return APIRouter(prefix="/api", responses=OTHER_ANSWERS)


async def up_to_date(request: Request) -> State:
    """The state, its ledger as it is now."""
    state: State = request.app.state.arena
    state.ledger.refresh()
    return state


Arena = Annotated[State, Depends(up_to_date)]


async def committed_round(
    state: Arena,
    match: MatchName,
    number: Number,
    v: Annotated[str | None, Query(description="The round's `version`; the answer may then be kept for ever.")] = None,
) -> CommittedRound:
    """The round of the address."""
    return views.find_round(state.ledger, match, number)


Committed = Annotated[CommittedRound, Depends(committed_round)]
