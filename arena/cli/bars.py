"""How a match stands that is being played, as bars: one for all of it, and one for each team's training."""

from __future__ import annotations

from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from arena.play.pace import left_in_words
from arena.store.progress import Underway
from arena.types import ROLES, Progress, Role

COLOURS = {"A": "magenta", "B": "cyan"}
TEAMS: dict[Role, str] = {"generator": "A", "detector": "B"}
BAR = 12
"""Columns of a bar."""
SPARE = 2
"""Columns that stay free at the end of a line, for the ^C that a terminal writes there: it must not begin a line."""


def bars(underway: Underway, width: int) -> Table:
    """The bars of a match on a terminal that is `width` columns wide: no line is wider, whatever it has to say."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", max_width=width - SPARE - len("match") - BAR - 2)
    where = f"round {underway.round}/{underway.rounds}" if underway.round else "warm-up"
    left = left_in_words(underway)
    grid.add_row(Text("match", "bold"), _bar(underway.done), f"{where}, {left}" if left else where)
    for role in ROLES if underway.round else ROLES[:1]:  # Team A warms up alone
        step, team = underway.teams.get(role), TEAMS[role]
        share = None if step is None else step.step / max(step.steps, 1)
        grid.add_row(Text(team, f"bold {COLOURS[team]}"), _bar(share), _trained(step))
    return grid


def _bar(share: float | None) -> ProgressBar:
    """A bar that is filled so far; one that moves by itself where nobody knows how far."""
    return ProgressBar(total=None if share is None else 1.0, completed=share or 0.0, width=BAR)


def _trained(step: Progress | None) -> Text:
    if step is None:
        return Text("getting ready", "dim")
    losses = "".join(f", {name} {value:.2f}" for name, value in step.losses.items())
    return Text.assemble(f"{step.step}/{step.steps} steps, {step.images_per_second:.0f} images/s", (losses, "dim"))
