"""`arena mlflow`: MLflow's own pages over a home."""

from __future__ import annotations

from typing import Annotated

import typer

from arena.cli.console import console
from arena.cli.options import AUTO, DEFAULT_HOME, HomeOption, MlflowOption, port_number
from arena.store.home import Home


def mlflow(
    home: HomeOption = DEFAULT_HOME,
    uri: MlflowOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        str, typer.Option(metavar="N|auto", help="Port to listen on; auto takes the next free one from 5000 on.")
    ] = "5000",
) -> None:
    """Open MLflow's pages: first tell it what it has not been told yet, then serve until Ctrl-C."""
    from arena.tracking.ui import DEFAULT_PORT, find_port, serve

    Home.open(home).close()
    out = console()
    number = port_number(port, DEFAULT_PORT)
    if port == AUTO:
        number = find_port(host, number)
    serve(home, uri, host, number, say=lambda text: out.print(text, markup=False))
