"""What the service answers: each JSON body as a model, shared by the routes, their OpenAPI page and the client."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from arena.referee.verdict import Verdict
from arena.standings import Standing
from arena.types import Role

Status = Literal["playing", "finished", "stopped"]
Seconds = Annotated[float, Field(description="Seconds since 1970, UTC.")]


class Model(BaseModel):
    """An answer: it never changes, and each field says what it is."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Problem(Model):
    """Why there is no answer."""

    detail: str
    """One sentence: what is wrong, where, what to do."""


class Health(Model):
    """The service is up and can read its home."""

    status: Literal["ok"] = "ok"
    version: str
    """Version of the arena."""
    matches: int
    """Matches in the home."""


class Match(Model):
    """A match at a glance."""

    name: str
    status: Status
    """playing: a process is at it; finished: all rounds are played; stopped: `arena resume` goes on with it."""
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
    b_won: int


class Note(Model):
    """Something noteworthy: a retry after a diverged training, a lost worker, a forfeit."""

    match: str
    round: int | None
    at: Seconds
    kind: str
    detail: str


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
    teams: dict[Role, TeamProgress]


class MatchDetail(Match):
    """Everything about a match but its rounds."""

    config: dict[str, Any]
    """The settings it was started with."""
    facts: dict[str, Any]
    """What was found out at its start: device, precision, faces, versions."""
    notes: list[Note]
    cursor: str
    """Where to go on in the stream of events (`after`) without missing anything since this answer."""


class TeamTraining(Model):
    """What a team reports after training for one round; means over the round."""

    steps: int
    images: int
    """Training images seen in the match so far."""
    seconds: float
    losses: dict[str, float]
    learning_rate_scale: float = 1.0
    """Less than 1 after a diverged attempt."""


class Round(Model):
    """A committed round. It never changes again."""

    match: str
    round: int
    """0 is the opening: Team A's warm-up, without an exam."""
    committed: Seconds
    seconds: float
    """How long it took."""
    version: str
    """Names this content: addresses below the round's with `?v=` of it may be kept for ever."""
    verdict: Verdict | None
    """The referee's result; null for the opening."""
    training: dict[Role, TeamTraining]


class CurvePoint(Model):
    """Mean losses of a stretch of training that ended after `images` images seen in the whole match."""

    images: int
    losses: dict[str, float]


class RoundDetail(Round):
    """A committed round with its curves and clocks."""

    curves: dict[Role, list[CurvePoint]]
    timings: dict[str, dict[str, float]]
    """Seconds by worker and by what they were spent on."""


class MatchPage(Model):
    """A page of matches, the newest first."""

    total: int
    offset: int
    items: list[Match]
    cursor: str
    """Where to go on in the stream of events (`after`) without missing anything since this answer."""


class RoundPage(Model):
    """A page of rounds, the opening first."""

    total: int
    offset: int
    items: list[Round]


class Standings(Model):
    """Who wins how often: one line per team and contender, the largest share of rounds won first."""

    items: list[Standing]


class Option(Model):
    """An option of a contender."""

    default: Any
    help: str


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


class ExamFake(Model):
    """A fake of an exam."""

    index: int
    """Its place among the round's fakes."""
    score: float
    """The detector's probability that it is fake."""
    fooled: bool
    """Whether the detector called it real."""
    image: str
    """Address of the picture."""


class Exam(Model):
    """What the detector made of the fakes of an exam. The real faces are never shown."""

    match: str
    round: int
    n: int
    """Images of the exam, half of them fake."""
    threshold: float
    """The detector called an image fake from this score on."""
    fooled: int
    """Fakes that the detector called real."""
    most_convincing: list[ExamFake]
    """The fakes with the lowest scores, the lowest first."""
    most_obvious: list[ExamFake]
    """The fakes with the highest scores, the highest first."""


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


EVENTS: dict[str, type[Model]] = {
    "match": MatchCreated,
    "round": RoundCommitted,
    "end": MatchEnded,
    "note": Note,
    "playing": Playing,
    "progress": Progress,
}
"""What the data of an event of this name is."""
