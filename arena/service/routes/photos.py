"""Photos: who judges them, and what they are judged to be."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from starlette.requests import ClientDisconnect

from arena.photo.latest import ChosenDetector, NoDetector, chosen_detector
from arena.service import models
from arena.service.docs import problems
from arena.service.routes.parameters import HIGHEST, Arena, new_router
from arena.service.views import NotFound

router = new_router()

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "The bytes of one image, up to 10 MB and 16 megapixels.",
        "required": True,
        "content": {f"image/{kind}": _BINARY for kind in ("png", "jpeg", "webp")},
    }
}
_REFUSALS = problems(
    {
        401: "The token is missing or wrong.",
        408: "The image did not arrive in time.",
        413: "The image has more than 10 MB.",
        415: "The body is no PNG, JPEG or WebP.",
        422: "The image cannot be read or has too many pixels, or a parameter is not as described.",
        429: "Two photos are being checked already; `Retry-After` says when to try again.",
        503: "The home cannot be read, or the photo could not be judged this time.",
    }
)


async def chosen(
    state: Arena,
    match: Annotated[str | None, Query(description="A match; by default the one that played last.")] = None,
    round: Annotated[int | None, Query(ge=0, lt=HIGHEST, description="A round of it; by default the last.")] = None,
) -> ChosenDetector:
    """The detector that the address asks for."""
    try:
        return chosen_detector(state.ledger, match, round)
    except NoDetector as none:
        raise NotFound(str(none)) from none


Chosen = Annotated[ChosenDetector, Depends(chosen)]


@router.get("/detector", response_model=models.Judge)
async def detector(request: Request, state: Arena, detector: Chosen) -> Response:
    """The detector that judges a photo: by default that of the round which was played last."""
    return state.answer(request, state.ledger.revision, lambda: models.Judge.model_validate(vars(detector)))


@router.post("/detect", response_model=models.Detection, responses=_REFUSALS, openapi_extra=_BODY)
async def detect(
    request: Request,
    state: Arena,
    detector: Chosen,
    heatmap: Annotated[bool, Query(description="Also say where the detector looked.")] = False,
) -> Response:
    """Find the faces in a photo and judge each of them. Nothing of the photo is kept."""
    try:
        found = await state.photos.check(request, detector, heatmap)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it
    return Response(found.model_dump_json(), media_type="application/json", headers={"cache-control": "no-store"})
