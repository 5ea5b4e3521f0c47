"""The web page: its files as they lie in the package, and the library of its charts out of that library's own."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response
from starlette.staticfiles import StaticFiles

from arena.service.state import REVALIDATE

PAGE = Path(__file__).parent.parent / "page"
PLOTLY_SCRIPT = Path("package_data", "plotly.min.js")
"""Where the Plotly package keeps its script."""

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index(request: Request) -> Response:
    """The page; which of its views, it decides itself."""
    return await _file(PAGE, "index.html", request)


@router.get("/page/plotly.js")
async def plotly(request: Request) -> Response:
    """The library of the charts, as its package brought it."""
    spec = find_spec("plotly")  # not imported: only its script is wanted
    if spec is None or not spec.submodule_search_locations:
        raise HTTPException(404)
    return await _file(Path(spec.submodule_search_locations[0]), str(PLOTLY_SCRIPT), request)


@router.get("/page/{path:path}")
async def file(request: Request, path: str) -> Response:
    """A script, a style sheet or a picture of the page."""
    return await _file(PAGE, path, request)


async def _file(folder: Path, path: str, request: Request) -> Response:
    """A file below `folder`, or 304 for who has it. Browsers ask each time, so an upgrade never mixes two versions."""
    response = await StaticFiles(directory=folder).get_response(path, request.scope)
    response.headers["cache-control"] = REVALIDATE
    return response
