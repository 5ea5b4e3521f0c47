"""Commands of `arena` as people are told of them: each can be pasted into a shell as it stands."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

USUAL_HOME = Path("arena-home")
"""Where a home is, in the current folder, when neither --home nor ARENA_HOME says otherwise."""


def command(*words: object, home: Path | None = None) -> str:
    """A command such as `arena resume deep --home elsewhere`, quoted for a shell.

    `home`: the one it is about, for commands that take --home; it is left out where they would take it anyway.
    """
    usual = Path(os.environ.get("ARENA_HOME") or USUAL_HOME)
    where = () if home is None or home.absolute() == usual.absolute() else ("--home", home)
    return shlex.join(map(str, ("arena", *words, *where)))
