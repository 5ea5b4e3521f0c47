"""The application: routes behind the guard, and every error as one sentence."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from arena import __version__
from arena.play.config import WrongSetting
from arena.service.docs import completed, docs_page
from arena.service.routes import ROUTERS
from arena.service.routes.streams import Departures
from arena.service.security import HEADERS, Guard
from arena.service.starts import Busy, Conflict, Terms
from arena.service.state import MlflowLink, State
from arena.service.views import NotFound
from arena.types import ArenaError

TICK = 0.25
"""Seconds between two looks at the ledger for a stream: a commit is on screen well within one second."""
STATUS: dict[type[ArenaError], int] = {NotFound: 404, Conflict: 409, Busy: 429}
"""What an error is answered with; any other means that the home cannot be read."""


def create_app(
    root: Path,
    token: str | None = None,
    names: Iterable[str] = (),
    tick: float = TICK,
    terms: Terms | None = None,
    mlflow_link: MlflowLink | None = None,
) -> FastAPI:
    """The service over a home. `token`: without one nobody can change anything. `names`: see Guard.

    `terms`: how matches are played that it starts. `mlflow_link`: None where no UI of MLflow is known.
    Raises ArenaError when there is no home.
    """
    state = State(root, tick, terms, mlflow_link)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await state.close()

    app = FastAPI(
        title="arena",
        version=__version__,
        description="The matches of a home as they are played, and what one can do with them and their detectors.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.arena = state
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(Guard, token=token, names=names)
    app.add_middleware(Departures)
    make_openapi = app.openapi
    app.openapi = lambda: completed(make_openapi())  # type: ignore[method-assign]
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(WrongSetting, _wrong_setting)
    app.add_exception_handler(ArenaError, _unanswered)
    app.add_exception_handler(Exception, _unexpected)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(app.openapi()))

    return app


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place, name = first["loc"][0], ".".join(map(str, first["loc"][1:]))
    if first["type"] == "json_invalid" or not name:
        return _problem(422, f"the {place} is not as it should be: {first['msg']}")
    return _problem(422, f"the {place} parameter {name!r} is not as it should be: {first['msg']}", field=name)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    known = {404: f"there is nothing at {request.url.path}; see /docs", 405: f"{request.method} is not allowed here"}
    headers = {"allow": _allowed(request)} if error.status_code == 405 else error.headers
    return _problem(error.status_code, known.get(error.status_code, str(error.detail)), headers)


def _allowed(request: Request) -> str:
    """The methods of an address: Starlette itself names those of one of its routes."""
    templates = request.app.openapi()["paths"].items()
    found = (methods for path, methods in templates if re.fullmatch(re.sub("{.*?}", "[^/]+", path), request.url.path))
    return ", ".join(sorted({method.upper() for methods in found for method in methods}) or ["GET"])


async def _unanswered(request: Request, error: Exception) -> JSONResponse:
    return _problem(next((status for kind, status in STATUS.items() if isinstance(error, kind)), 503), str(error))


async def _wrong_setting(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, WrongSetting)
    field = error.place if error.place == "name" else f"config.{error.place}".removesuffix(".")
    return _problem(422, str(error), field=field)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    # Outside of the guard, which is why it sends the guard's headers; the traceback goes to the server's own log.
    return _problem(500, "the service met an error nobody expected; its log has more", HEADERS)


def _problem(status: int, detail: str, headers: object = None, field: str | None = None) -> JSONResponse:
    content = {"detail": detail} if field is None else {"detail": detail, "field": field}
    told = {key: text.encode(errors="backslashreplace").decode() for key, text in content.items()}
    return JSONResponse(told, status, headers)  # type: ignore[arg-type]
