"""`arena mlflow`: MLflow's own pages over a home."""

from __future__ import annotations

from typing import Annotated

import typer

from arena.cli.console import console
from arena.cli.options import DEFAULT_HOME, HomeOption, MlflowOption
from arena.store.home import Home


def mlflow(
    home: HomeOption = DEFAULT_HOME,
    uri: MlflowOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 5000,
) -> None:
    """Open MLflow's pages: first tell it what it has not been told yet, then serve until Ctrl-C."""
    from arena.tracking.ui import serve

    Home.open(home).close()
    out = console()
    serve(home, uri, host, port, say=lambda text: out.print(text, markup=False))
