"""What the page needs to judge photos on the visitor's own device."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from arena.service import devices
from arena.service.routes.page import served_file
from arena.service.routes.parameters import Arena
from arena.service.routes.photos import Chosen

router = APIRouter(prefix="/on-device", include_in_schema=False)


@router.get("")
async def available() -> dict[str, str | None]:
    """Why it cannot be done here, or null."""
    return {"missing": devices.missing()}


@router.post("/kit")
async def kit(state: Arena, detector: Chosen) -> dict[str, Any]:
    """Export a detector and the face finder, if need be, and say how they are to be used."""
    return await state.devices.kit(detector)


@router.get("/runtime/{name}")
async def runtime(request: Request, name: str) -> Response:
    """A file of the runtime, as its package brought it."""
    if name not in devices.RUNTIME_FILES:
        raise HTTPException(404)
    return await served_file(devices.RUNTIME, name, request)


@router.get("/files/{name}")
async def exported(request: Request, state: Arena, name: str) -> Response:
    """An exported graph."""
    if not name.endswith(".onnx") or not state.devices.folder.is_dir():
        raise HTTPException(404)
    return await served_file(state.devices.folder, name, request)
