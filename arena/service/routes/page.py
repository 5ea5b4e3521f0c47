"""The web page: its files as they lie in the package, and the library of its charts out of that library's own."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.staticfiles import StaticFiles

from arena.results.chartbook import plotly_script
from arena.service.state import REVALIDATE

PAGE = Path(__file__).parent.parent / "page"

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index(request: Request) -> Response:
    """The page; which of its views, it decides itself."""
    return await served_file(PAGE, "index.html", request)


@router.get("/page/plotly.js")
async def plotly(request: Request) -> Response:
    """The library of the charts, as its package brought it."""
    script = plotly_script()
    return await served_file(script.parent, script.name, request)


@router.get("/page/{path:path}")
async def file(request: Request, path: str) -> Response:
    """A script, a style sheet or a picture of the page."""
    return await served_file(PAGE, path, request)


async def served_file(folder: Path, path: str, request: Request) -> Response:
    """A file below `folder`, or 304 for who has it. Browsers ask each time, so an upgrade never mixes two versions."""
    response = await StaticFiles(directory=folder).get_response(path, request.scope)
    response.headers["cache-control"] = REVALIDATE
    return response
