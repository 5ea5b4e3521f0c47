"""How long a match will still take: one estimate for terminal and page, from its rounds and its steps so far."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import median

from arena.play.forecast import Forecast
from arena.store.progress import Underway
from arena.store.record import RoundRecord
from arena.types import ROLES, Progress, Role

RECENT = 5
"""The next round is taken to last as long as the median of so many before it: one that had bad luck says little."""


@dataclass(frozen=True)
class _Training:
    """A team's training in this round: its first and its latest word, and the seconds on the clock of both."""

    first: Progress
    since: float
    latest: Progress
    at: float

    @property
    def left(self) -> float | None:
        """Seconds that its steps will still take, as fast as they went so far; None before two words."""
        if self.latest.step >= self.latest.steps:
            return 0.0
        taken = self.latest.step - self.first.step
        return (self.latest.steps - self.latest.step) * (self.at - self.since) / taken if taken > 0 else None


@dataclass(frozen=True)
class _Round:
    """The round that is being played. `began`: seconds on the clock."""

    number: int
    began: float
    trainings: Mapping[Role, _Training]


class Pace:
    """Watches a match being played, and says where it stands at any moment, from any thread.

    `rounds`: to play. `clock`: seconds that only grow.
    """

    def __init__(self, rounds: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rounds = rounds
        self.forecast: Forecast | None = None
        """What training was foretold to take, by whoever did."""
        self._clock = clock
        self._lengths: list[float] = []
        self._round: _Round | None = None

    def played(self, records: Iterable[RoundRecord]) -> None:
        """These rounds are committed, oldest first."""
        self._lengths += [record.seconds for record in records if record.round > 0]

    def begin(self, round: int) -> None:
        """A round begins, or is begun again."""
        self._round = _Round(round, self._clock(), {})

    def step(self, step: Progress) -> None:
        """A team's training goes on. What a worker says of another round is old and passed over."""
        now = self._round
        if now is None or step.round != now.number:
            return
        at = self._clock()
        known = now.trainings.get(step.role)
        if known is None:
            known = _Training(step, at, step, at)
        elif step != known.latest:  # who is asked twice says the same again
            known = replace(known, latest=step, at=at)
        self._round = replace(now, trainings={**now.trainings, step.role: known})

    def now(self) -> Underway | None:
        """Where the match stands; None before its first round here."""
        now = self._round
        if now is None:
            return None
        team = {role: training.latest for role, training in now.trainings.items()}
        training = ROLES if now.number else ROLES[:1]  # Team A warms up alone
        share = sum(team[role].step / max(team[role].steps, 1) for role in training if role in team) / len(training)
        done = (now.number + share) / (self.rounds + 1)
        left = [now.trainings[role].left if role in now.trainings else None for role in training]
        by_steps = None if None in left else max(filter(None, left), default=0.0)
        return Underway(now.number, self.rounds, team, done, *self._left(now, self._clock() - now.began, by_steps))

    def rest(self) -> float | None:
        """About how many seconds the rounds after this one will take; None while nobody can say."""
        length = self._length
        return None if self._round is None or length is None else (self.rounds - self._round.number) * length

    @property
    def _length(self) -> float | None:
        """Seconds that a round takes; None before there is one, unless it was foretold."""
        if self._lengths:
            return median(self._lengths[-RECENT:])
        return self.forecast.round if self.forecast else None

    def _left(self, now: _Round, elapsed: float, by_steps: float | None) -> tuple[float | None, float | None]:
        """Seconds left of the round and of the match. `by_steps`: of training, by its steps so far."""
        length = self._length
        this = length if now.number else self.forecast.opening if self.forecast else None
        in_round = by_steps if this is None else max(this - elapsed, by_steps or 0.0)
        if in_round is None:
            return None, None
        if length is None and now.number:
            length = elapsed + in_round
        return in_round, None if length is None else in_round + (self.rounds - now.number) * length


def left_in_words(underway: Underway) -> str:
    """How long it will still take, as people say it: 'about 4 min left, this round about 20 s'; '' if nobody knows."""
    this, match = underway.round_left, underway.match_left
    if this is None:
        return ""
    if match is None:
        return f"{about(this)} left of it"
    what = "this round" if underway.round else "the warm-up"
    return f"{about(match)} left" + (f", {what} {about(this)}" if underway.round < underway.rounds else "")


def about(seconds: float) -> str:
    """A length of time so roughly that it does not flicker: up to a minute in tens of seconds, then in minutes."""
    if seconds < 5:
        return "a few seconds"
    if seconds <= 55:
        return f"about {10 * math.ceil(seconds / 10)} s"
    if seconds < 5400:
        return f"about {max(1, round(seconds / 60))} min"
    return f"about {seconds / 3600:.0f} h" if seconds < 172800 else f"about {seconds / 86400:.0f} days"
