"""Who sits at the table: a team with what a round needs of it. One seat is one worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from arena import registry
from arena.play.stopwatch import Stopwatch
from arena.seeds import derive
from arena.types import (
    Answer,
    Brief,
    FakeOrder,
    HandIn,
    Images,
    OnProgress,
    Progress,
    Role,
    Show,
    Snapshot,
    State,
    Training,
    ignore_progress,
)

SAMPLES = 64
"""Images of the sample sheet, made from the same latents every round."""


class Seat:
    """One team at its own worker. Every call that changes the team names the round, so order cannot slip."""

    def __init__(
        self,
        role: Role,
        contender: str,
        options: Mapping[str, Any],
        brief: Brief,
        reals: Images,
        on_progress: OnProgress = ignore_progress,
    ) -> None:
        """`reals`: the team's own part of the real faces, uint8 `[N, S, S, 3]`, maybe read-only."""
        from arena.networks.training import (
            use_one_thread,  # here, so that commands that seat nobody start without torch
        )

        use_one_thread()
        self._reals = reals
        self.role, self.brief = role, brief
        self.team = registry.find(role, contender).team(brief, options)
        self._latest: Progress | None = None
        self._watch = Stopwatch()
        self._on_progress = on_progress
        self.team.on_progress = self._note

    def _note(self, progress: Progress) -> None:
        self._latest = progress
        self._on_progress(progress)

    def progress(self) -> Progress | None:
        """The latest word on the training that runs now."""
        return self._latest

    def restore(self, state: State) -> None:
        """Continue from what the team handed in."""
        self.team.restore(state)

    def snapshot(self, round: int) -> Snapshot:
        """The weights that play, as they are now."""
        snapshot: Snapshot = self.team.snapshot(round)
        return replace(snapshot, origin=self.brief.origin)

    def train(self, round: int, **material: Any) -> Training:
        """Train for one round; see `types.Generator.train` and `types.Detector.train`."""
        with self._watch("train"):
            training: Training = self.team.train(round, reals=self._reals, **material)
        return training

    def hand_in(self, round: int) -> HandIn:
        """The team's state and snapshot after the round."""
        return HandIn(self.team.state(), self.snapshot(round), self._watch.read())

    def show(self, round: int, order: FakeOrder, gallery: int) -> Show:
        """Generator only: the fakes the referee ordered, a gallery of this many, and the sample sheet's images."""
        wanted = (
            (order.n, order.seed),
            (gallery, derive(self.brief.seed, "gallery", round)),
            (SAMPLES, derive(self.brief.seed, "samples")),
        )
        with self._watch("show"):
            return Show(*(self.team.generate(n, seed) for n, seed in wanted))

    def answer(self, paper: Images) -> Answer:
        """Detector only: score an exam."""
        with self._watch("answer"):
            answer: Answer = self.team.answer(paper)
        return answer


def sat_out() -> Training:
    """The report of a team that does not train in a round."""
    return Training(steps=0, images=0, seconds=0.0, losses={})
