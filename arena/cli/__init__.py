"""The command line. Commands stay thin: they read options, call the arena and show what came back."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from arena.types import ArenaError


def main() -> None:
    """Run the command line; what is wrong is said in one sentence, with exit status 1."""
    from arena.cli.commands import app
    from arena.cli.console import say
    from arena.faces.crop.memory import enough_memory

    try:
        try:
            with enough_memory("do this: ask for less at once, or for smaller images"):
                app(prog_name="arena")
        finally:
            sys.stdout.flush()  # while somebody can still be told that nobody reads it
    except ArenaError as error:
        say(f"[bold red]error:[/] {_escaped(str(error))}")
        sys.exit(1)
    except BrokenPipeError:
        _end_in_silence()
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # what Typer and Rich make of one
            _end_in_silence()
        raise


def _end_in_silence() -> NoReturn:
    """The reader of a pipe has seen enough, which is no mistake of anybody."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())  # what is still in a buffer goes there
    sys.exit(0)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
