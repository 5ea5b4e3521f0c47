"""`arena serve`: the arena over HTTP. `arena stop`: what the page's button does, from a shell."""

from __future__ import annotations

from typing import Annotated

import typer

from arena.cli.console import console, tell
from arena.cli.options import (
    DEFAULT_HOME,
    HomeOption,
    MatchArgument,
    MlflowOption,
    MostOption,
    PortOption,
    RayOption,
    ShowTokenOption,
    access,
)
from arena.commandline import command


def serve(
    home: HomeOption = DEFAULT_HOME,
    host: Annotated[str, typer.Option(help="Address to listen on; another than this machine's own needs a token.")] = (
        "127.0.0.1"
    ),
    port: PortOption = "8000",
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A host name that this service goes by.")
    ] = None,
    show_token: ShowTokenOption = False,
    ray: RayOption = "local",
    mlflow: MlflowOption = None,
    mlflow_ui: Annotated[
        str | None,
        typer.Option(
            metavar="URL", envvar="ARENA_MLFLOW_UI", help="Where a browser finds MLflow's UI; by default at --mlflow."
        ),
    ] = None,
    most_matches: MostOption = None,
) -> None:
    """Serve the page and the API over a home until Ctrl-C, with or without a match being played.

    What changes anything needs a token: the one in ARENA_TOKEN, else that in the file `token` of the home. Matches that
    the page starts are played with --ray and --mlflow, and go on when the service ends.
    """
    from arena.cli.together import mlflow_links
    from arena.service.server import serve as serve_home
    from arena.service.starts import Terms

    out = console()
    serve_home(
        home,
        access(port, show_token, host, allow_host),
        say=lambda text: out.print(text, markup=False),
        terms=Terms(ray, mlflow, most_matches),
        mlflow_link=mlflow_links(mlflow, mlflow_ui),
    )


def stop(match: MatchArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Stop a match that is being played on this machine, wherever it was started; no committed round is lost."""
    from arena.service.starts import Starts, Terms
    from arena.store.home import Home

    Home.open(home).close()
    Starts(home, Terms()).stop(match)
    tell(console(), f"{match} stops within moments. Continue with: {command('resume', match, home=home)}")
