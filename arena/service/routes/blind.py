"""Can people tell? Blind tests of visitors, whose votes are the third team. What reads or writes runs in threads."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Body, Depends, HTTPException, Path, Request, Response
from fastapi.exceptions import RequestValidationError

from arena.referee.blind import BlindTest, detectors_tally, visitors_tally
from arena.service import blindtests, models, views
from arena.service.docs import CHANGING_ANSWERS, problems
from arena.service.routes.parameters import Arena, Png, new_router
from arena.service.state import versioned
from arena.store.votes import AnsweredAlready, find_test

router = new_router()

FORBIDDEN = problems({403: "The faces of the match may not be shown."})


@router.get("/blind", response_model=models.BlindTests)
async def blind(request: Request, state: Arena) -> Response:
    """How people and detectors fared on the same images, and whether a blind test can be had."""
    ledger, reals = state.ledger, state.reals
    try:
        found, reason = await asyncio.to_thread(blindtests.first_allowed, views.examined(ledger, None, None), reals)
    except views.NotFound as error:
        found, reason = None, str(error)

    def body() -> models.BlindTests:
        visitors, detectors = visitors_tally(ledger.votes), detectors_tally(ledger.votes)
        return models.BlindTests(allowed=found is not None, reason=reason, visitors=visitors, detectors=detectors)

    return state.answer(request, (ledger.revision, reason), body)


@router.post("/blind", status_code=201, responses=FORBIDDEN | CHANGING_ANSWERS)
async def new_test(state: Arena, wanted: Annotated[models.BlindRequest | None, Body()] = None) -> models.BlindTest:
    """Draw a blind test: ten real faces and ten fakes of an exam, fewer where the exam has fewer."""
    wanted = wanted or models.BlindRequest()
    found = views.examined(state.ledger, wanted.match, wanted.round)
    root, reals = state.ledger.root, state.reals

    def draw() -> models.BlindTest:
        examined, reason = blindtests.first_allowed(found, reals)
        if examined is None:
            raise HTTPException(403, reason)
        row, round = examined
        with blindtests.writable(root) as home:
            test = blindtests.new_test(home, row, round)
        return blindtests.view(test, int(row.config["image_size"]))

    return await asyncio.to_thread(draw)


async def asked(state: Arena, id: Annotated[str, Path(pattern="^[0-9a-f]{32}$")]) -> BlindTest:
    """The test of the address."""
    test = find_test(state.ledger.home, id)
    if test is None:
        raise views.NotFound(f"there is no blind test {id}; ask for a new one")
    return test


Asked = Annotated[BlindTest, Depends(asked)]


@router.get("/blind/{id}/sheet.png", response_class=Png, responses=FORBIDDEN)
async def sheet(request: Request, state: Arena, test: Asked) -> Response:
    """All images of a test on one sheet, row by row."""
    row, round = views.find_match(state.ledger, test.match), views.find_round(state.ledger, test.match, test.round)
    folder, reals = state.ledger.home.round_folder(round.match, round.number), state.reals

    def answer() -> Response:
        reals.check_both(row)
        return versioned(request, test.id, lambda: blindtests.sheet_png(test, folder, row, round, reals), "image/png")

    return await asyncio.to_thread(answer)


@router.post("/blind/{id}", responses=CHANGING_ANSWERS | problems({409: "The test was answered already."}))
async def answer(state: Arena, test: Asked, vote: models.BlindVote) -> models.BlindAnswer:
    """Say which images are fake, and hear the truth. A test counts once."""
    if len(vote.fake) != len(test.images):
        sentence = f"it must say of {len(test.images)} images whether they are fake, not of {len(vote.fake)}"
        raise RequestValidationError([{"type": "value_error", "loc": ("body", "fake"), "msg": sentence}])
    root = state.ledger.root

    def enter() -> models.BlindAnswer:
        with blindtests.writable(root) as home:
            return blindtests.answered(home, test, vote.fake)

    try:
        return await asyncio.to_thread(enter)
    except AnsweredAlready as error:
        raise HTTPException(409, str(error)) from None
