"""The routes. What asks the ledger runs on the event loop, in microseconds; what opens pictures runs in threads."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from arena import __version__
from arena.desk import SAMPLES
from arena.service import models, pictures, views
from arena.service.contenders import load_contenders
from arena.service.docs import EVENTS_ANSWER, OTHER_ANSWERS
from arena.service.events import EventStream, event_stream, events, read_cursor
from arena.service.state import State, committed
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
    """A picture that says it is AI-generated."""

    media_type = "image/png"


class Gif(Response):
    """An animation that says it is AI-generated."""

    media_type = "image/gif"


router = APIRouter(prefix="/api", responses=OTHER_ANSWERS)


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


@router.get("/health", response_model=models.Health)
async def health(request: Request, state: Arena) -> Response:
    """Whether the service is up and its home can be read."""
    count = len(state.ledger.matches)
    return state.answer(request, count, lambda: models.Health(version=__version__, matches=count))


@router.get("/matches", response_model=models.MatchPage)
async def matches(request: Request, state: Arena, offset: Offset = 0, limit: Limit = 50) -> Response:
    """All matches, the newest first."""
    ledger, playing = state.ledger, state.playing()

    def page() -> models.MatchPage:
        rows = list(reversed(ledger.matches.values()))
        items = [views.match_view(ledger, row, playing) for row in rows[offset : offset + limit]]
        cursor = views.cursor_text(ledger.cursor)
        return models.MatchPage(total=len(rows), offset=offset, items=items, cursor=cursor)

    return state.answer(request, (ledger.revision, playing), page)


@router.get("/matches/{match}", response_model=models.MatchDetail)
async def one_match(request: Request, state: Arena, match: MatchName) -> Response:
    """Everything about a match but its rounds."""
    row, playing = views.find_match(state.ledger, match), state.playing()
    version = state.ledger.revision, match in playing
    return state.answer(request, version, lambda: views.match_detail(state.ledger, row, playing))


@router.get("/matches/{match}/rounds", response_model=models.RoundPage)
async def rounds(request: Request, state: Arena, match: MatchName, offset: Offset = 0, limit: Limit = 50) -> Response:
    """The committed rounds of a match, the opening first."""
    views.find_match(state.ledger, match)

    def page() -> models.RoundPage:
        found = state.ledger.rounds.get(match, [])
        items = [views.round_view(round) for round in found[offset : offset + limit]]
        return models.RoundPage(total=len(found), offset=offset, items=items)

    return state.answer(request, state.ledger.revision, page)


@router.get("/matches/{match}/rounds/{number}", response_model=models.RoundDetail)
async def one_round(request: Request, state: Arena, round: Committed) -> Response:
    """A committed round with its training curves and clocks."""

    def body() -> bytes:
        return views.round_detail(state.ledger, round).model_dump_json().encode()

    return committed(request, round, body, "application/json")


@router.get("/matches/{match}/rounds/{number}/samples.png", response_class=Png)
def samples(request: Request, state: Arena, round: Committed) -> Response:
    """The generator's faces after a round, from the same latents every round, on one sheet."""
    folder = state.ledger.home.round_folder(round.match, round.number)
    return committed(request, round, lambda: pictures.sample_sheet(folder, round))


@router.get("/matches/{match}/rounds/{number}/samples/{index}.png", response_class=Png)
def one_sample(request: Request, state: Arena, round: Committed, index: Number) -> Response:
    """One face of the sheet."""
    folder = state.ledger.home.round_folder(round.match, round.number)
    size = int(state.ledger.matches[round.match].config["image_size"])
    return committed(request, round, lambda: pictures.sample(folder, round, index, size))


@router.get("/matches/{match}/rounds/{number}/exam", response_model=models.Exam)
def exam(
    request: Request,
    state: Arena,
    round: Committed,
    most: Annotated[int, Query(ge=1, le=100, description="Fakes of each kind.")] = 12,
) -> Response:
    """The fakes of a round's exam that convinced the detector most, and those it found most obvious."""
    folder = state.ledger.home.round_folder(round.match, round.number)
    return committed(
        request, round, lambda: pictures.exam(folder, round, most).model_dump_json().encode(), "application/json"
    )


@router.get("/matches/{match}/rounds/{number}/exam/{index}.png", response_class=Png)
def exam_fake(request: Request, state: Arena, round: Committed, index: Number) -> Response:
    """One fake of a round's exam."""
    folder = state.ledger.home.round_folder(round.match, round.number)
    return committed(request, round, lambda: pictures.fake(folder, round, index))


async def shown_rounds(state: Arena, match: MatchName) -> list[CommittedRound]:
    """The rounds of a match, as they are now; at least one."""
    views.find_round(state.ledger, match, 0)
    return list(state.ledger.rounds[match])


@router.get("/matches/{match}/animation.gif", response_class=Gif)
def film(request: Request, state: Arena, rounds: Annotated[list[CommittedRound], Depends(shown_rounds)]) -> Response:
    """How the same faces changed over the rounds."""
    folders = {r.number: state.ledger.home.round_folder(r.match, r.number) for r in rounds}
    sheets = {number: folder / SAMPLES for number, folder in folders.items()}
    return committed(request, rounds[-1], lambda: state.films.get(rounds, sheets), "image/gif")


@router.get("/standings", response_model=models.Standings)
async def standings(
    request: Request,
    state: Arena,
    match: Annotated[str | None, Query(description="Only this match; all of them by default.")] = None,
) -> Response:
    """Who wins how often, over all matches or in one."""
    if state.statistics is not None and not state.statistics.done():
        await asyncio.shield(state.statistics)
    ledger = state.ledger
    names = list(ledger.matches) if match is None else [views.find_match(ledger, match).name]
    return state.answer(request, ledger.revision, lambda: views.standings_view(ledger, names))


@router.get("/contenders", response_model=models.Contenders)
async def contenders(request: Request, state: Arena) -> Response:
    """Who can play, with every option. The first answer takes seconds: the contenders are imported for it."""
    found = await load_contenders(state)
    return state.answer(request, None, lambda: found)


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
