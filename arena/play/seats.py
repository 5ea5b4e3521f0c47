"""Who sits at the table: a team with what a round needs of it. One seat is one worker."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from arena import registry
from arena.play.desk import SAMPLES_OF_SHEET
from arena.play.stopwatch import Stopwatch
from arena.seeds import derive
from arena.types import (
    Answer,
    Brief,
    Diverged,
    Faces,
    Failed,
    FakeOrder,
    HandIn,
    InvalidAnswer,
    Material,
    OnProgress,
    Progress,
    Role,
    Show,
    State,
    Training,
    ignore_progress,
)


class Seat:
    """One team at its own worker. Every call that changes the team names the round, so order cannot slip.

    Whatever the team raises leaves its seat as Diverged, InvalidAnswer or Failed: an event of the match, and one that
    can cross a process boundary, whatever class the contender has thought of.
    """

    def __init__(
        self,
        role: Role,
        contender: str,
        options: Mapping[str, Any],
        brief: Brief,
        faces: Faces,
        on_progress: OnProgress = ignore_progress,
    ) -> None:
        """`faces`: the team's own part of the real faces."""
        from arena.networks.training import (
            use_one_thread,  # here, so that commands that seat nobody start without torch
        )

        use_one_thread()
        self._faces = faces
        self.role, self.brief = role, brief
        self._latest: Progress | None = None
        self._watch = Stopwatch()
        self._on_progress = on_progress
        self.team = registry.find(role, contender).team(brief, options)
        self.team.on_progress = self._note

    def _note(self, progress: Progress) -> None:
        self._latest = progress
        self._on_progress(progress)

    def progress(self) -> Progress | None:
        """The latest word on the training that runs now."""
        return self._latest

    def restore(self, state: State) -> None:
        """Continue from what the team handed in."""
        with self._accountable("restore"):
            self.team.restore(state)

    def train(self, round: int, material: Material, learning_rate_scale: float = 1.0) -> Training:
        """Train for one round on the team's own faces and what the desk has chosen; see `types.Team.train`."""
        self._latest = None  # an attempt before this one has nothing to say any more
        with self._accountable("train"):
            mine = replace(material, faces=self._faces)
            training: Training = self.team.train(round, mine, learning_rate_scale=learning_rate_scale)
        return training

    def hand_in(self, round: int) -> HandIn:
        """The team's state and snapshot after the round."""
        with self._accountable("hand_in"):
            state, snapshot = self.team.state(), self.team.snapshot(round)
        usage = self._watch.usage()
        return HandIn(state, replace(snapshot, origin=self.brief.origin), self._watch.read(), usage)

    def show(self, round: int, order: FakeOrder, gallery: int) -> Show:
        """Generator only: the fakes the referee ordered, a gallery of this many, and the sample sheet's images."""
        with self._accountable("show"):
            samples = SAMPLES_OF_SHEET, derive(self.brief.seed, "samples")
            return Show(
                fakes=self.team.examine(order.n, order.seed),
                gallery=self.team.generate(gallery, derive(self.brief.seed, "gallery", round)),
                samples=self.team.generate(*samples),
                sources=self.team.sources(*samples),
            )

    def answer(self, paper: Any) -> Answer:
        """Detector only: score an exam, uint8 `[N, S, S, 3]`."""
        with self._accountable("answer"):
            answer: Answer = self.team.answer(paper)
        return answer

    @contextmanager
    def _accountable(self, what: str) -> Iterator[None]:
        """Time a call, and put what the team raises into words."""
        try:
            with self._watch(what):
                yield
        except (Diverged, InvalidAnswer):
            raise
        except Exception as error:  # a stranger's contender may raise anything
            last_line = traceback.format_exception_only(error)[-1].strip()
            raise Failed(self.role, last_line or type(error).__name__) from None


def sat_out() -> Training:
    """The report of a team that does not train in a round."""
    return Training(steps=0, images=0, seconds=0.0, losses={})
