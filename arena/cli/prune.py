"""`arena prune`: old rounds need less room."""

from __future__ import annotations

from typing import Annotated

import typer

from arena.cli.console import console as console_for
from arena.cli.options import DEFAULT_HOME, HomeOption, MatchArgument
from arena.store.home import Home
from arena.store.prune import Keep, in_words
from arena.store.prune import prune as thin_out


def prune(
    match: MatchArgument,
    keep: Annotated[
        str, typer.Option(metavar="last:N,best:N", help="Rounds that stay whole; best is by the detector's accuracy.")
    ] = "last:2,best:1",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Remove weights and galleries of old rounds; verdicts, exams and samples stay. A pruned round cannot be replayed.

    The last round always stays whole. The galleries of a match that is not over stay, because it goes on from them; one
    that is over and has been pruned cannot be prolonged.
    """
    store = Home.open(home)
    store.match(match)  # one that is not there has nothing to lock
    done = thin_out(store, match, Keep.parse(keep))
    console = console_for()
    if not done.rounds:
        console.print(f"{match}: nothing to remove")
        return
    what = "weights" if done.galleries_stay else "weights and galleries"
    console.print(f"{match}: {what} of rounds {in_words(done.rounds)} are removed, {done.bytes / 1e6:.1f} MB")
    if done.galleries_stay:
        console.print("its galleries stay: the match is not over, and a resume needs them")
