"""The command line. Commands stay thin: they read options, call the arena and show what came back."""

from __future__ import annotations

import sys

from arena.types import ArenaError


def main() -> None:
    """Run the command line; what is wrong is said in one sentence, with exit status 1."""
    from arena.cli.commands import app
    from arena.cli.console import say

    try:
        app(prog_name="arena")
    except ArenaError as error:
        say(f"[bold red]error:[/] {_escaped(str(error))}")
        sys.exit(1)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        sys.stderr.close()
        sys.exit(0)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
