"""What happens, as it happens."""

from __future__ import annotations

from arena.service.models.base import Model, Seconds
from arena.service.models.matches import Note
from arena.service.models.rounds import Round
from arena.types import Role


class TeamProgress(Model):
    """Where a team's training stands."""

    step: int
    steps: int
    images_per_second: float
    losses: dict[str, float]
    """The latest means."""


class Progress(Model):
    """Where the training of a match stands."""

    match: str
    round: int
    """The one that is being played; 0 is the warm-up."""
    teams: dict[Role, TeamProgress]
    """Those that train, or have trained, in this round."""
    done: float
    """Share of the match, from 0 to 1."""
    round_left: float | None
    """About how many seconds the round will still take; null while nobody can say."""
    match_left: float | None
    left: str
    """Both in words, to be shown; empty while nobody can say."""


class MatchCreated(Model):
    """Event `match`: a match was entered."""

    match: str
    at: Seconds


class RoundCommitted(Model):
    """Event `round`: a round was committed."""

    match: str
    at: Seconds
    round: Round


class MatchEnded(Model):
    """Event `end`: a match has played all its rounds."""

    match: str
    at: Seconds


class Playing(Model):
    """Event `playing`: which matches are being played now; sent at first and whenever it changes."""

    matches: list[str]
    starting: list[str]
    """Those of them that are not at a round yet."""


EVENTS: dict[str, type[Model]] = {
    "match": MatchCreated,
    "round": RoundCommitted,
    "end": MatchEnded,
    "note": Note,
    "playing": Playing,
    "progress": Progress,
}
"""What the data of an event of this name is."""
