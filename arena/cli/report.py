"""`arena report`: a match as one file to hand on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from arena.cli.console import console as console_for
from arena.cli.console import say
from arena.cli.faces import bar
from arena.cli.options import DEFAULT_HOME, HomeOption
from arena.types import ArenaError

if TYPE_CHECKING:
    from arena.store.home import Home


def report(
    match: Annotated[str, typer.Argument(help="A match of `arena matches`.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="An .html file.")],
    probes: Annotated[
        bool,
        typer.Option("--probes/--no-probes", help="Does its last detector go by framing or light? Asked only once."),
    ] = True,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write a match into one HTML file: story, faces, charts, verdicts, settings; it needs no server."""
    from arena.faces.sources.tables import save_text
    from arena.results.report import match_report
    from arena.store.home import Home

    store = Home.open(home)
    unprobed = _probed(store, match) if probes and store.last_round(match) else ""
    save_text(out, match_report(store, match, unprobed))
    console_for().print(str(out), markup=False)


def _probed(home: Home, match: str) -> str:
    """Probe the last detector, with a bar, and say what came of it; why that cannot be, else nothing."""
    from arena.networks.training import use_one_thread
    from arena.play.shortcuts import last_probed

    use_one_thread()
    try:
        with bar("asking the detector") as show:
            found = last_probed(home, match, show)
    except ArenaError as error:
        say(f"[yellow]the report goes without shortcut probes: {escape(str(error))}[/]")
        return str(error)
    say(escape(found.sentence))
    return ""
