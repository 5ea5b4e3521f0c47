"""Matches, who wins in them, and who can play: asked of the ledger on the event loop, in microseconds."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Query, Request, Response

from arena import __version__
from arena.results.glossary import GLOSSARY
from arena.results.report import match_report
from arena.service import models, views
from arena.service.contenders import load_contenders
from arena.service.routes.parameters import Arena, Html, Limit, MatchName, Offset, new_router
from arena.service.state import REVALIDATE

router = new_router()


@router.get("/health", response_model=models.Health)
async def health(request: Request, state: Arena) -> Response:
    """Whether the service is up and its home can be read."""
    count = len(state.ledger.matches)
    return state.answer(request, count, lambda: models.Health(version=__version__, matches=count))


@router.get("/matches", response_model=models.MatchPage)
async def matches(request: Request, state: Arena, offset: Offset = 0, limit: Limit = 50) -> Response:
    """All matches, the newest first."""
    ledger, playing, problems = state.ledger, state.players.playing(), state.players.problems()

    def page() -> models.MatchPage:
        rows = list(reversed(ledger.matches.values()))
        items = [views.match_view(ledger, row, playing, problems) for row in rows[offset : offset + limit]]
        cursor = views.cursor_text(ledger.cursor)
        return models.MatchPage(total=len(rows), offset=offset, items=items, cursor=cursor)

    return state.answer(request, (ledger.revision, playing, problems), page)


@router.get("/matches/{match}", response_model=models.MatchDetail)
async def one_match(request: Request, state: Arena, match: MatchName) -> Response:
    """Everything about a match but its rounds."""
    row, playing, problems = views.find_match(state.ledger, match), state.players.playing(), state.players.problems()
    refused = await asyncio.to_thread(state.reals.fakes_refusal, row)
    version = state.ledger.revision, playing.get(match), problems.get(match), refused
    return state.answer(request, version, lambda: views.match_detail(state.ledger, row, playing, problems, refused))


@router.get("/matches/{match}/report.html", response_class=Html)
def report(state: Arena, match: MatchName) -> Response:
    """The match as one file to hand on: it needs no server and asks nobody for anything."""
    views.find_round(state.ledger, match, 0)
    headers = {"content-disposition": f'attachment; filename="{match}.html"', "cache-control": REVALIDATE}
    return Html(match_report(state.ledger.home, match), headers=headers)


@router.get("/standings", response_model=models.Standings)
async def standings(
    request: Request,
    state: Arena,
    match: Annotated[str | None, Query(description="Only this match; all of them by default.")] = None,
) -> Response:
    """Who wins how often, over all matches or in one."""
    ledger = state.ledger
    names = list(ledger.matches) if match is None else [views.find_match(ledger, match).name]
    return state.answer(request, ledger.revision, lambda: views.standings_view(ledger, names))


@router.get("/glossary", response_model=models.Glossary)
async def glossary(request: Request, state: Arena) -> Response:
    """What the words mean that results are told in."""
    return state.answer(request, None, lambda: models.Glossary(items=list(GLOSSARY)))


@router.get("/contenders", response_model=models.Contenders)
async def contenders(request: Request, state: Arena) -> Response:
    """Who can play, with every option. The first answer takes seconds: the contenders are imported for it."""
    found = await load_contenders(state)
    return state.answer(request, None, lambda: found)
