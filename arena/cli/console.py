"""What people read and what programs read: humans get stderr when stdout is JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text


def _width(stream: TextIO) -> int | None:
    """A terminal's own width; wide where lines may be as long as they need."""
    return None if stream.isatty() else 200


def _console(stream: TextIO) -> Console:
    # Only a terminal wraps lines: a live display has to know how many there are, a log wants them whole.
    return Console(file=stream, highlight=False, soft_wrap=not stream.isatty(), width=_width(stream))


def console(as_json: bool = False) -> Console:
    """Where to write for people."""
    return _console(sys.stderr if as_json else sys.stdout)


def say(text: str) -> None:
    """A line for people, on stderr, never wrapped: there may be a command in it to be pasted."""
    _console(sys.stderr).print(text, soft_wrap=True)


def tell(out: Console, text: str, style: str = "") -> None:
    """A line with a command in it or a path: said as it is, and never wrapped, so that it can be pasted."""
    out.print(text, style=style, markup=False, soft_wrap=True)


def emit(objects: Iterable[Mapping[str, Any]], stream: TextIO | None = None) -> None:
    """One JSON object per line, on stdout if nothing else is said."""
    stream = stream or sys.stdout
    for item in objects:
        stream.write(json.dumps(item) + "\n")
    stream.flush()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table for people; columns whose heading starts with '>' are numbers, set flush right and never broken."""
    grid = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        collapse_padding=True,
        header_style="dim",
    )
    for column in columns:
        is_number = column.startswith(">")
        grid.add_column(
            column.lstrip(">"), justify="right" if is_number else "left", no_wrap=is_number, overflow="fold"
        )
    for row in rows:
        grid.add_row(*map(Text.from_markup, row))  # now: a live display is printed along with lines that have none
    return grid
