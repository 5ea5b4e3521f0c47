"""Rounds, their pictures and exams. What opens pictures runs in threads."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import Depends, Path, Query, Request, Response

from arena.service import models, pictures, sources, views
from arena.service.docs import problems
from arena.service.realfaces import origin_of
from arena.service.routes.parameters import (
    Arena,
    Committed,
    Gif,
    Limit,
    MatchName,
    Number,
    Offset,
    Png,
    Webp,
    new_router,
)
from arena.service.state import State, committed
from arena.store.follow import CommittedRound
from arena.store.home import MatchRow
from arena.store.names import SAMPLES

router = new_router()

FAKES_FORBIDDEN = problems({403: "The fakes of the match may not be shown: they are made of photographs, or may be."})

SourceName = Annotated[str, Path(pattern=r"^[a-z]{1,20}$", description="What the picture is: donor, target, mask.")]


@router.get("/matches/{match}/rounds", response_model=models.RoundPage)
async def rounds(request: Request, state: Arena, match: MatchName, offset: Offset = 0, limit: Limit = 50) -> Response:
    """The committed rounds of a match, the opening first."""
    views.find_match(state.ledger, match)

    def page() -> models.RoundPage:
        found = state.ledger.rounds.get(match, [])
        items = [views.round_view(state.ledger, round) for round in found[offset : offset + limit]]
        return models.RoundPage(total=len(found), offset=offset, items=items)

    return state.answer(request, state.ledger.revision, page)


@router.get("/matches/{match}/rounds/{number}", response_model=models.RoundDetail)
async def one_round(request: Request, state: Arena, round: Committed) -> Response:
    """A committed round with its training curves and clocks."""

    def body() -> bytes:
        return views.round_detail(state.ledger, round).model_dump_json().encode()

    return committed(request, round, body, "application/json")


@router.get("/matches/{match}/rounds/{number}/samples.png", response_class=Png, responses=FAKES_FORBIDDEN)
def samples(request: Request, state: Arena, round: Committed) -> Response:
    """The generator's faces after a round, from the same latents every round, on one sheet."""
    folder, row = state.ledger.home.round_folder(round.match, round.number), state.ledger.matches[round.match]
    state.reals.check_fakes(row)
    return committed(request, round, lambda: pictures.sample_sheet(folder, round), also=_allowed(row))


@router.get("/matches/{match}/rounds/{number}/samples/{index}.png", response_class=Png, responses=FAKES_FORBIDDEN)
def one_sample(request: Request, state: Arena, round: Committed, index: Number) -> Response:
    """One face of the sheet."""
    folder, row = state.ledger.home.round_folder(round.match, round.number), state.ledger.matches[round.match]
    state.reals.check_fakes(row)
    return committed(request, round, lambda: pictures.sample(folder, row, round, index), also=_allowed(row))


@router.get("/matches/{match}/rounds/{number}/samples/{index}/sources", response_model=models.SampleSources)
def sample_sources(request: Request, state: Arena, round: Committed, index: Number) -> Response:
    """What one face of the sheet was made of, such as a donor, a target and a mask."""
    folder, row = state.ledger.home.round_folder(round.match, round.number), state.ledger.matches[round.match]
    shown = state.reals.refusal(row) is None

    def body() -> bytes:
        return sources.sample_sources(folder, round, index, shown).model_dump_json().encode()

    return committed(request, round, body, "application/json", _if_shown(row, shown))


@router.get(
    "/matches/{match}/rounds/{number}/samples/{index}/sources/{name}.png",
    response_class=Png,
    responses=problems({403: "The real faces of the match may not be shown."}),
)
def sample_source(request: Request, state: Arena, round: Committed, index: Number, name: SourceName) -> Response:
    """One picture of that: a mask, or a real face if it was drawn or the home's owner allows it."""
    folder, row = state.ledger.home.round_folder(round.match, round.number), state.ledger.matches[round.match]
    if name != sources.MASK:
        state.reals.check(row)
    origin = origin_of(row)
    return committed(request, round, lambda: sources.source(folder, round, index, name, origin), also=origin)


@router.get("/matches/{match}/rounds/{number}/walk.webp", response_class=Webp, responses=FAKES_FORBIDDEN)
async def walk(request: Request, state: Arena, round: Committed) -> Response:
    """A film of what the generator draws between some latents. 404 where it draws no faces from latents."""
    folder, row = state.ledger.home.round_folder(round.match, round.number), state.ledger.matches[round.match]
    await asyncio.to_thread(state.reals.check_fakes, row)
    film = await state.walks.film(row, round, folder)
    return committed(request, round, lambda: film, "image/webp", _allowed(row))


@router.get("/matches/{match}/rounds/{number}/exam", response_model=models.Exam)
def exam(
    request: Request,
    state: Arena,
    round: Committed,
    most: Annotated[int, Query(ge=1, le=100, description="Images of each kind.")] = 12,
) -> Response:
    """The fakes that convinced the detector most, those it found most obvious, and the real faces that alarmed it."""
    folder, row = state.ledger.home.round_folder(round.match, round.number), state.ledger.matches[round.match]
    shown, fakes_shown = state.reals.refusal(row) is None, state.reals.fakes_refusal(row) is None

    def body() -> bytes:
        return pictures.exam(folder, round, most, shown, fakes_shown).model_dump_json().encode()

    return committed(request, round, body, "application/json", _if_shown(row, shown and fakes_shown))


@router.get("/matches/{match}/rounds/{number}/exam/{index}.png", response_class=Png, responses=FAKES_FORBIDDEN)
def exam_fake(request: Request, state: Arena, round: Committed, index: Number) -> Response:
    """One fake of a round's exam."""
    folder, row = state.ledger.home.round_folder(round.match, round.number), state.ledger.matches[round.match]
    state.reals.check_fakes(row)
    return committed(request, round, lambda: pictures.fake(folder, row, round, index), also=_allowed(row))


@router.get(
    "/matches/{match}/rounds/{number}/exam/real/{index}.png",
    response_class=Png,
    responses=problems({403: "The real faces of the match may not be shown."}),
)
def exam_real(request: Request, state: Arena, round: Committed, index: Number) -> Response:
    """One real face of a round's exam, if it was drawn or the home's owner allows it."""
    folder, row = state.ledger.home.round_folder(round.match, round.number), state.ledger.matches[round.match]
    state.reals.check(row)
    return committed(request, round, lambda: pictures.real(folder, row, round, index, state.reals), also=origin_of(row))


def _if_shown(row: MatchRow, shown: bool) -> str | None:
    """What an answer with faces depends on beside the round: the home's owner may think again."""
    return None if row.has_drawn_faces and not row.fakes_show_people else f"shown-{shown}".lower()


def _allowed(row: MatchRow) -> str | None:
    """The same of a picture of fakes that are shown."""
    return row.fakes_are if row.fakes_show_people else None


async def shown_rounds(state: Arena, match: MatchName) -> list[CommittedRound]:
    """The rounds of a match, as they are now; at least one."""
    views.find_round(state.ledger, match, 0)
    return list(state.ledger.rounds[match])


@router.get("/matches/{match}/animation.gif", response_class=Gif, responses=FAKES_FORBIDDEN)
def film(request: Request, state: Arena, rounds: Annotated[list[CommittedRound], Depends(shown_rounds)]) -> Response:
    """How the same faces changed over the rounds."""
    return _film(request, state, rounds, "gif")


@router.get("/matches/{match}/animation.webp", response_class=Webp, responses=FAKES_FORBIDDEN)
def small_film(
    request: Request, state: Arena, rounds: Annotated[list[CommittedRound], Depends(shown_rounds)]
) -> Response:
    """The same in a fraction of the bytes."""
    return _film(request, state, rounds, "webp")


def _film(request: Request, state: State, rounds: list[CommittedRound], kind: Literal["gif", "webp"]) -> Response:
    sheets = {r.number: state.ledger.home.round_folder(r.match, r.number) / SAMPLES for r in rounds}
    row = state.ledger.matches[rounds[-1].match]
    state.reals.check_fakes(row)
    film = f"image/{kind}"
    return committed(request, rounds[-1], lambda: state.films.get(row, rounds, sheets, kind), film, _allowed(row))


@router.get("/matches/{match}/samples/{index}", response_model=models.Sample)
def sample(
    request: Request, state: Arena, rounds: Annotated[list[CommittedRound], Depends(shown_rounds)], index: Number
) -> Response:
    """One face of the sheet over the rounds: what the detector made of it, and whether it was fooled."""
    last, home = rounds[-1], state.ledger.home
    folders = [home.round_folder(round.match, round.number) for round in rounds]
    size = int(state.ledger.matches[last.match].config["image_size"])

    def body() -> bytes:
        return pictures.sample_rounds(folders, rounds, index, size).model_dump_json().encode()

    return committed(request, last, body, "application/json")
