"""`arena --version`."""

from __future__ import annotations

from typing import Annotated

import typer

import arena


def _say(wanted: bool) -> None:
    if wanted:
        typer.echo(f"arena {arena.__version__}")
        raise typer.Exit


def version(
    version: Annotated[
        bool, typer.Option("--version", callback=_say, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """What every command is given."""
