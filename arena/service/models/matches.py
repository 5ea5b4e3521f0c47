"""Matches, who wins in them, and who can play."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict

from arena.referee.blind import Tally
from arena.results.standings import Standing
from arena.results.story import Story
from arena.service.models.base import Model, Seconds
from arena.types import Role

Status = Literal["starting", "playing", "finished", "stopped"]


class Match(Model):
    """A match at a glance."""

    name: str
    status: Status
    """starting: the page has just started its process; playing: a process is at it; finished: all rounds are played;
    stopped: `arena resume` goes on with it."""
    created: Seconds
    generator: str
    """Team A's contender."""
    detector: str
    """Team B's contender."""
    faces: str
    """Where the real faces come from, without the folders above."""
    seed: int
    rounds: int
    """Rounds to play."""
    played: int
    """Rounds with a verdict; the opening is none."""
    a_won: int
    """Rounds that A has won, also those that are too close, degenerate or forfeited."""
    b_won: int
    a_clear: int
    """Rounds that A has won by merit and clearly."""
    b_clear: int
    problem: str | None
    """Why it has stopped, or could not go on, if nobody asked for it and a service had started its process."""


class Note(Model):
    """Something noteworthy: a retry after a diverged training, a lost worker, a forfeit."""

    match: str
    round: int | None
    at: Seconds
    kind: str
    detail: str


class MatchDetail(Match):
    """Everything about a match but its rounds."""

    config: dict[str, Any]
    """The settings it was started with."""
    facts: dict[str, Any]
    """What was found out at its start: device, precision, faces, versions."""
    notes: list[Note]
    story: Story
    """Who won, or leads, and how it went, in words."""
    fakes_refused: str | None
    """Why its fakes may not be shown: they are made of photographs, or may be; null where they are shown."""
    cursor: str
    """Where to go on in the stream of events (`after`) without missing anything since this answer."""


class MatchPage(Model):
    """A page of matches, the newest first."""

    total: int
    offset: int
    items: list[Match]
    cursor: str
    """Where to go on in the stream of events (`after`) without missing anything since this answer."""


class Standings(Model):
    """Who wins how often: a line per team and contender for each `faces`, `digest` and `rule`, which come together.

    Of those lines the largest share of clear wins comes first.
    """

    items: list[Standing]
    visitors: Tally
    """The third team: people in blind tests."""


class Option(Model):
    """An option of a contender: a JSON Schema of its values, which may say more than the fields below."""

    model_config = ConfigDict(extra="allow")

    default: Any
    help: str
    type: str | None = None
    """Its type in JSON Schema."""
    enum: list[Any] | None = None
    """The values it may take, if they are few."""


class Contender(Model):
    """Who can play."""

    role: Role
    name: str
    summary: str
    module: str
    options: dict[str, Option]


class Contenders(Model):
    """Everyone who can play."""

    items: list[Contender]
