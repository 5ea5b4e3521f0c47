"""`arena report`: a match as one file to hand on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from arena.cli.console import console as console_for
from arena.cli.options import DEFAULT_HOME, HomeOption


def report(
    match: Annotated[str, typer.Argument(help="A match of `arena matches`.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="An .html file.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write a match into one HTML file: story, faces, charts, verdicts, settings; it needs no server."""
    from arena.faces.sources.tables import save_text
    from arena.results.report import match_report
    from arena.store.home import Home

    save_text(out, match_report(Home.open(home), match))
    console_for().print(str(out), markup=False)
