"""`arena serve`: the arena over HTTP."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from arena.cli.console import console
from arena.cli.options import DEFAULT_HOME, HomeOption


def serve(
    home: HomeOption = DEFAULT_HOME,
    host: Annotated[str, typer.Option(help="Address to listen on; another than this machine's own needs a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 8000,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A host name that this service goes by.")
    ] = None,
) -> None:
    """Serve the API over a home until Ctrl-C, with or without a match being played.

    What changes anything needs a token: the one in ARENA_TOKEN, else that in the file `token` of the home.
    """
    from arena.service.server import serve as serve_home

    out = console()
    serve_home(
        home,
        host,
        port,
        os.environ.get("ARENA_TOKEN") or None,
        allow_host or (),
        say=lambda text: out.print(text, markup=False),
    )
