"""Settings of matches, and matches that are started, stopped and resumed. What touches processes runs in threads."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Query, Request, Response

from arena.play.config import MatchConfig, validate
from arena.service import models, views
from arena.service.contenders import load_contenders
from arena.service.docs import CHANGING_ANSWERS, problems
from arena.service.routes.parameters import Arena, MatchName, new_router
from arena.service.security import SIGNED_IN
from arena.service.starts import Conflict
from arena.types import ROLES

router = new_router()
MOST_COMPARED = 20
REFUSALS = CHANGING_ANSWERS | problems(
    {
        409: "It cannot be done in the present state of the match.",
        429: "As many matches are being played as this service plays at once.",
    }
)


@router.get("/settings", response_model=models.Settings)
async def settings(request: Request, state: Arena) -> Response:
    """What a match can be told, as JSON Schema and with its defaults."""
    contenders = {(one.role, one.name): one for one in (await load_contenders(state)).items}

    ends = state.starts.end_with_service

    def answer() -> models.Settings:
        defaults = validate({}, contenders=False).dump()
        for role in ROLES:
            usual = contenders[role, defaults[role]["name"]]
            defaults[role]["options"] = {name: option.default for name, option in usual.options.items()}
        return models.Settings(schema=MatchConfig.model_json_schema(), defaults=defaults, matches_end=ends)

    return state.answer(request, None, answer)


@router.post("/matches", status_code=202, response_model=models.Start, responses=REFUSALS)
async def start(state: Arena, new: models.NewMatch) -> models.Start:
    """Start a match in a process of its own. Takes seconds: settings are checked. See `matches_end` of the settings."""
    record = await asyncio.to_thread(state.starts.begin, new.name, new.config)
    state.players.look_again()
    return state.players.start(record)


@router.get("/starts", response_model=models.Starts)
async def starts(request: Request, state: Arena) -> Response:
    """Matches that were started and are not in the ledger yet: their faces are being read, or they have failed."""
    found = models.Starts(items=state.players.started())
    return state.answer(request, tuple(found.items), lambda: found)


@router.delete("/starts/{match}", status_code=204, responses=REFUSALS)
async def forget(state: Arena, match: MatchName) -> None:
    """Forget a start that failed."""
    if match not in (one.name for one in state.players.started()):
        raise views.NotFound(f"no match named {match!r} is being started")
    await asyncio.to_thread(state.starts.forget, match)
    state.players.look_again()


@router.post("/matches/{match}/stop", status_code=202, response_model=models.Stopping, responses=REFUSALS)
async def stop(state: Arena, match: MatchName) -> models.Stopping:
    """Stop a match that is being played or started on this machine, by whomever; no committed round is lost."""
    if match not in (one.name for one in state.players.started()):
        row = views.find_match(state.ledger, match)
        if views.is_finished(state.ledger, row) and match not in state.players.playing():
            raise Conflict(f"{match} has played all its rounds")
    await asyncio.to_thread(state.starts.stop, match)
    state.players.look_again()
    return models.Stopping(match=match)


@router.post("/matches/{match}/resume", status_code=202, response_model=models.Start, responses=REFUSALS)
async def resume(state: Arena, match: MatchName, more: models.MoreRounds | None = None) -> models.Start:
    """Go on with a match that was stopped, or play more rounds."""
    row, rounds = views.find_match(state.ledger, match), None if more is None else more.rounds
    if rounds is None and views.is_finished(state.ledger, row):
        raise Conflict(f"{match} has played all its rounds; say how many more")
    record = await asyncio.to_thread(state.starts.resume, match, rounds)
    state.players.look_again()
    return state.players.start(record)


@router.get("/mlflow", response_model=models.Link)
async def mlflow(
    state: Arena,
    match: Annotated[list[str], Query(max_length=MOST_COMPARED, description="All of them by default.")] = [],  # noqa: B006
) -> models.Link:
    """Where MLflow shows all matches, one, or several side by side."""
    rows = [views.find_match(state.ledger, name) for name in dict.fromkeys(match)]
    if state.mlflow_link is None:
        why = "no UI of MLflow is known here; arena up starts one, arena serve --mlflow-ui URL names one"
        return models.Link(link=None, why=why)
    link = await asyncio.to_thread(state.mlflow_link, rows)
    missing = f"MLflow has not been told of {' and '.join(match) or 'any match'} yet; arena mlflow does"
    return models.Link(link=link, why=missing if link is None else None)


@router.get("/session", response_model=models.Session)
async def session(request: Request, response: Response) -> models.Session:
    """Whether the token of this request is the right one."""
    response.headers["cache-control"] = "no-store"
    return models.Session(signed_in=request.scope[SIGNED_IN])
