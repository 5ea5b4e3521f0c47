"""`arena explain`: the words that results are told in."""

from __future__ import annotations

from typing import Annotated

import typer

from arena.cli import completing
from arena.cli.console import console, tell
from arena.results.glossary import GLOSSARY
from arena.results.glossary import explain as find


def explain(
    term: Annotated[
        list[str] | None, typer.Argument(help="A word of a result; all by default.", autocompletion=completing.terms)
    ] = None,
) -> None:
    """Explain a word that results are told in, such as AUROC or too close."""
    out = console()
    if not term:
        for entry in GLOSSARY:
            tell(out, f"{entry.term}: {entry.plain}")
        return
    entry = find(" ".join(term))
    tell(out, entry.term, "bold")
    tell(out, entry.plain)
    tell(out, f"{entry.exact} Computed in {entry.where}.", "dim")
