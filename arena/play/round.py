"""How a round is played: one function for one process and for Ray, because it never looks at what it passes on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from arena.play.desk import Staged
from arena.play.seats import sat_out
from arena.play.table import Table
from arena.types import ArenaError, Diverged, Lost, Role

MOST_RETRIES = 3
"""Attempts with a lower learning rate before a diverged team forfeits the round."""
BACKOFF = 0.5
"""Factor on the learning rate of each of them."""
MOST_LOSSES = 5
"""Lost workers in one round before the match gives up: something is wrong with the machine then."""


@dataclass(frozen=True)
class RoundPlan:
    """What is special about an attempt at a round. `forfeit`: the team that may not train any more this round."""

    number: int
    whitebox: bool
    gallery: int
    learning_rate_scales: Mapping[Role, float] = field(default_factory=dict)
    forfeit: Role | None = None


class Attempts:
    """What to do when an attempt at a round failed: the same again, the same more slowly, or without a team."""

    def __init__(self, plan: RoundPlan) -> None:
        self.plan = plan
        self._diverged: dict[Role, int] = {"generator": 0, "detector": 0}
        self._lost = 0

    def after(self, error: Diverged | Lost) -> tuple[str, str]:
        """Change the plan for the next attempt; return what kind of event this is and a sentence about it.

        Raises ArenaError when there is nothing left to try.
        """
        return self._after_divergence(error) if isinstance(error, Diverged) else self._after_loss(error)

    def _after_divergence(self, error: Diverged) -> tuple[str, str]:
        role = error.role
        self._diverged[role] += 1
        if self._diverged[role] <= MOST_RETRIES:
            scale = BACKOFF ** self._diverged[role]
            self.plan = replace(self.plan, learning_rate_scales={**self.plan.learning_rate_scales, role: scale})
            return "retry", f"{error}; the round is played again with {scale:g} times its learning rate"
        if self.plan.number == 0 or self.plan.forfeit is not None:
            raise ArenaError(f"{error}, and so did every retry; lower its learning_rate") from error
        self.plan = replace(self.plan, forfeit=role)
        return "forfeit", f"{error} in every retry; the {role} forfeits the round"

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
    number, before = plan.number, plan.number - 1

    # Both teams train at the same time, on what the round before left behind.
    opponent = b.snapshot(before) if plan.whitebox else None
    training_a = _train(plan, "generator", lambda **k: a.train(number, opponent=opponent, **k))
    material = {"gallery": referee.gallery(before), "reservoir": referee.reservoir(before)}
    training_b = _train(plan, "detector", lambda **k: b.train(number, **material, **k))

    # The referee orders fakes with a seed nobody knew, and sets the exam.
    show = referee.receive(number, a.show(number, referee.order_fakes(number), plan.gallery))
    paper = referee.set_paper(number, show)
    answer = b.answer(paper)
    opinion = b.answer(referee.samples(show))  # of the sample sheet; nothing depends on it, the exam is over

    # It grades the answer and stages everything for the ledger.
    token = uuid.uuid4().hex
    hand_in_a, hand_in_b = a.hand_in(number), b.hand_in(number)
    staged = referee.close(
        number, token, show, training_a, training_b, hand_in_a, hand_in_b, answer, opinion, plan.forfeit
    )
    return _settled(table, staged)


def play_opening(plan: RoundPlan, table: Table) -> Staged:
    """Round 0: Team A warms up and publishes its first gallery; there is no exam."""
    a, b, referee = table.generator, table.detector, table.referee
    training = _train(plan, "generator", lambda **k: a.train(0, opponent=None, **k))
    show = referee.receive(0, a.show(0, referee.order_fakes(0), plan.gallery))
    token = uuid.uuid4().hex
    return _settled(table, referee.close(0, token, show, training, sat_out(), a.hand_in(0), b.hand_in(0)))


def _train(plan: RoundPlan, role: Role, train: Callable[..., Any]) -> Any:
    if plan.forfeit == role:
        return sat_out()
    return train(learning_rate_scale=plan.learning_rate_scales.get(role, 1.0))


def _settled(table: Table, value: Any) -> Staged:
    staged: Staged = table.settle(value)
    return staged
