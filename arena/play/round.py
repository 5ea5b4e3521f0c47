"""How a round is played: one function for one process and for Ray, because it never looks at what it passes on."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from arena.play.desk import Staged
from arena.play.seats import sat_out
from arena.play.table import Table
from arena.types import ArenaError, Diverged, Failed, InvalidAnswer, Lost, Role

MOST_RETRIES = 3
"""Attempts with a lower learning rate before a diverged team forfeits the round."""
BACKOFF = 0.5
"""Factor on the learning rate of each of them."""
MOST_FAILURES = 1
"""Attempts that are simply repeated before a team that raised something forfeits the round."""
MOST_LOSSES = 5
"""Lost workers in one round before the match gives up: something is wrong with the machine then."""

Misfortune = Diverged | Failed | InvalidAnswer | Lost
"""What can go wrong in a round without ending a match."""


@dataclass(frozen=True)
class RoundPlan:
    """What is special about an attempt at a round.

    `sits_out`: teams that do not train any more this round and play with their old weights. `absent`: those that are
    asked for nothing at all; the desk puts what they handed in last in their place.
    """

    number: int
    gallery: int
    learning_rate_scales: Mapping[Role, float] = field(default_factory=dict)
    sits_out: frozenset[Role] = frozenset()
    absent: frozenset[Role] = frozenset()

    @property
    def forfeit(self) -> Role | None:
        """The team that loses the round for not having played it; None where the exam decides: both did, or neither."""
        out = self.sits_out | self.absent
        return next(iter(out)) if len(out) == 1 else None


class Attempts:
    """What to do when an attempt at a round failed: the same again, the same more slowly, or without a team."""

    def __init__(self, plan: RoundPlan) -> None:
        self.plan = plan
        self._diverged: Counter[Role] = Counter()
        self._failed: Counter[Role] = Counter()
        self._lost = 0

    def after(self, error: Misfortune) -> tuple[str, str]:
        """Change the plan for the next attempt; return what kind of event this is and a sentence about it.

        Raises ArenaError when there is nothing left to try.
        """
        if isinstance(error, Lost):
            return self._after_loss(error)
        if isinstance(error, Diverged):
            return self._after_divergence(error)
        return self._after_failure(error)

    def _after_divergence(self, error: Diverged) -> tuple[str, str]:
        role = error.role
        self._diverged[role] += 1
        if self._diverged[role] > MOST_RETRIES:
            return self._forfeit(role, f"{error} in every retry")
        scale = BACKOFF ** self._diverged[role]
        self.plan = replace(self.plan, learning_rate_scales={**self.plan.learning_rate_scales, role: scale})
        return "retry", f"{error}; the round is played again with {scale:g} times its learning rate"

    def _after_failure(self, error: Failed | InvalidAnswer) -> tuple[str, str]:
        role = error.role
        self._failed[role] += 1
        if self._failed[role] > MOST_FAILURES:
            return self._forfeit(role, str(error))
        return "retry", f"{error}; the round is played again"

    def _forfeit(self, role: Role, text: str) -> tuple[str, str]:
        plan = self.plan
        if role in plan.absent:
            raise ArenaError(f"{text}, and it has handed in nothing yet that could take its place")
        if role in plan.sits_out:
            self.plan = replace(plan, absent=plan.absent | {role})
            return "forfeit", f"{text}, also with its old weights; what the {role} handed in last takes its place"
        self.plan = replace(plan, sits_out=plan.sits_out | {role})
        return "forfeit", f"{text}; the {role} forfeits the round"

    def _after_loss(self, error: Lost) -> tuple[str, str]:
        self._lost += 1
        if self._lost > MOST_LOSSES:
            raise ArenaError(f"{error}, {self._lost} times in round {self.plan.number}; see arena doctor") from error
        return "lost", f"{error}; the round is played again"


def play_round(plan: RoundPlan, table: Table) -> Staged:
    """Play one round and stage it. Raises what a team raised, and Lost when a worker died.

    Under Ray every call below returns a reference at once: both trainings run at the same time, and the exam starts
    when what it needs is there.
    """
    a, b, referee = table.generator, table.detector, table.referee
    number = plan.number
    a_plays, b_plays = "generator" not in plan.absent, "detector" not in plan.absent

    # Both teams train at the same time, on what the round before left behind.
    training_a = _train(plan, "generator", a.train, referee.material)
    training_b = _train(plan, "detector", b.train, referee.material)
    referee.rehearse()

    # The referee orders fakes with a seed nobody knew, and sets the exam.
    order = referee.order_fakes(number)
    show = _show(plan, a, referee, order)
    paper = referee.set_paper(number, show)
    answer = b.answer(paper) if b_plays else None
    opinion = b.answer(referee.samples(show)) if b_plays else None  # nothing depends on it, the exam is over
    quality = referee.measure(number, show)  # meanwhile

    # It grades the answer and stages everything for the ledger.
    token = uuid.uuid4().hex
    hand_in_a, hand_in_b = a.hand_in(number) if a_plays else None, b.hand_in(number) if b_plays else None
    staged = referee.close(
        number, token, show, training_a, training_b, hand_in_a, hand_in_b, answer, opinion, plan.forfeit, quality
    )
    return _settled(table, staged)


def play_opening(plan: RoundPlan, table: Table) -> Staged:
    """Round 0: Team A warms up and publishes its first gallery; there is no exam."""
    a, b, referee = table.generator, table.detector, table.referee
    training = _train(plan, "generator", a.train, referee.material)
    referee.rehearse()
    show = _show(plan, a, referee, referee.order_fakes(0))
    quality, token = referee.measure(0, show), uuid.uuid4().hex
    return _settled(
        table, referee.close(0, token, show, training, sat_out(), a.hand_in(0), b.hand_in(0), quality=quality)
    )


def _train(plan: RoundPlan, role: Role, train: Callable[..., Any], material: Callable[..., Any]) -> Any:
    if role in plan.sits_out:
        return sat_out()
    return train(plan.number, material(role, plan.number), plan.learning_rate_scales.get(role, 1.0))


def _show(plan: RoundPlan, generator: Any, referee: Any, order: Any) -> Any:
    """What Team A shows, as the referee passes it on."""
    if "generator" in plan.absent:
        return referee.stand_in(plan.number, order)
    return referee.receive(plan.number, generator.show(plan.number, order, plan.gallery))


def _settled(table: Table, value: Any) -> Staged:
    staged: Staged = table.settle(value)
    return staged
