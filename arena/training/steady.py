"""A seat at which a team trains alone: what goes wrong is tried again, as in a match."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from arena.play.desk import NO_FACES
from arena.play.round import Attempts, RoundPlan
from arena.play.seats import Seat
from arena.types import Diverged, Failed, HandIn, Material, Pool, State, Training


@dataclass
class SteadySeat:
    """A team at its seat and what it handed in last. `on_event` is told when a training is repeated."""

    seat: Seat
    on_event: Callable[[str], None] = lambda text: None

    def __post_init__(self) -> None:
        self.latest: HandIn = self.seat.hand_in(0)

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self.seat.restore(state)
        self.latest = self.seat.hand_in(0)

    def train(self, number: int, *fakes: Pool) -> Training:
        """One round of training: again more slowly after it diverged, once more after it failed.

        Raises Diverged or Failed when that does not help either.
        """
        attempts = Attempts(RoundPlan(number, 0))
        role = self.seat.role
        while True:
            try:
                scale = attempts.plan.learning_rate_scales.get(role, 1.0)
                training = self.seat.train(number, Material(NO_FACES, fakes), scale)
                self.latest = self.seat.hand_in(number)
                return training
            except (Diverged, Failed) as error:
                _, text = attempts.after(error)
                if role in attempts.plan.sits_out:
                    raise
                self.on_event(text)
                self.seat.restore(self.latest.state)
