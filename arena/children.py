"""How Python processes are begun, so that none of them imports what happens to lie in somebody's current folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

NOWHERE = Path("/")
"""The working directory of a process that needs none: nobody puts a module there by accident."""


def python(*arguments: str) -> list[str]:
    """The command of a new Python: this one, without the current folder among the places of its modules."""
    return [sys.executable, "-P", *arguments]


def environment(own: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a new Python, `own` or this process's: what it starts in turn does not look there either.

    Entries of PYTHONPATH mean the same from any folder; empty ones, which Python takes for the current one, are gone.
    """
    given = dict(os.environ if own is None else own)
    paths = [str(Path(entry).absolute()) for entry in given.pop("PYTHONPATH", "").split(os.pathsep) if entry]
    return given | {"PYTHONSAFEPATH": "1"} | ({"PYTHONPATH": os.pathsep.join(paths)} if paths else {})
