"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from arena.cli import completing
from arena.commandline import USUAL_HOME
from arena.types import ArenaError

if TYPE_CHECKING:  # FastAPI takes a second to import, and most commands do without
    from arena.service.server import Access

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="ARENA_HOME", help="Folder of the ledger and everything else.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object per line on stdout.")]
MlflowOption = Annotated[
    str | None,
    typer.Option(
        "--mlflow",
        metavar="URI",
        envvar="MLFLOW_TRACKING_URI",
        help="MLflow server or database; by default one inside the home. run: 'off' tells MLflow nothing yet.",
    ),
]
RayOption = Annotated[
    str,
    typer.Option(
        "--ray",
        metavar="local|off|ADDRESS",
        envvar="ARENA_RAY",
        help="A fresh Ray here, none, or a cluster to join.",
    ),
]
PatienceOption = Annotated[
    float | None,
    typer.Option(
        min=0, metavar="SECONDS", help="How long to wait for free places in the Ray cluster; by default for ever."
    ),
]
DEFAULT_HOME = USUAL_HOME

ConfigArgument = Annotated[Path | None, typer.Argument(help="A YAML file of settings.")]
PresetOption = Annotated[
    str | None, typer.Option(metavar="quick|gpu|paper", help="Settings that belong together; others go on top of it.")
]
RoundsOption = Annotated[int | None, typer.Option(help="Rounds to play.")]
FacesOption = Annotated[str | None, typer.Option(help="Real faces: a folder, a zip, procedural[:N], ...")]
GeneratorOption = Annotated[str | None, typer.Option(help="Team A's contender.", autocompletion=completing.generators)]
DetectorOption = Annotated[str | None, typer.Option(help="Team B's contender.", autocompletion=completing.detectors)]
SeedOption = Annotated[int | None, typer.Option(help="Every random choice follows from it.")]
NameOption = Annotated[str | None, typer.Option(help="Name of the match.")]
LeaksOption = Annotated[
    bool | None, typer.Option("--allow-leaks", help="Play although a face is in two parts; it is recorded.")
]
DeviceOption = Annotated[str | None, typer.Option(metavar="auto|cpu|cuda", help="Where the teams compute.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any setting, e.g. detector.options.width=64.",
        autocompletion=completing.settings,
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Check everything, print the resolved settings and stop.")
]
PortOption = Annotated[
    str, typer.Option(metavar="N|auto", help="Port of the page; 0 takes any, auto the next free one from 8000 on.")
]
MostOption = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Matches played at once; by default as memory and cores allow."),
]
ShowTokenOption = Annotated[bool, typer.Option("--show-token", help="Show the link that signs in once more.")]
MatchArgument = Annotated[str, typer.Argument(help="A match of `arena matches`.", autocompletion=completing.matches)]
AUTO: Literal["auto"] = "auto"
DEFAULT_PORT = 8000


def port_number(port: str, usual: int) -> int:
    """What --port says; `usual`: the first that `auto` tries. Raises ArenaError."""
    if port != AUTO and not (port.isascii() and port.isdigit() and int(port) < 2**16):
        raise ArenaError(f"--port takes a number up to 65535 or auto, not {port!r}")
    return usual if port == AUTO else int(port)


def access(port: str, show_token: bool, host: str = "127.0.0.1", names: list[str] | None = None) -> Access:
    """Where a service is to listen. The token is that of ARENA_TOKEN, if it holds one. Raises ArenaError."""
    number = port_number(port, DEFAULT_PORT)
    from arena.service.server import Access

    token = os.environ.get("ARENA_TOKEN") or None
    return Access(host, number, port == AUTO, token, tuple(names or ()), show_token)
