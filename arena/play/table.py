"""The table of a match: where both teams and the referee sit, in this process. `cluster` seats them on Ray."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from arena.play.desk import Desk
from arena.play.parts import origin_of
from arena.play.seats import Seat
from arena.seeds import derive
from arena.store.disk import Disk
from arena.types import Brief, FakesAre, OnProgress, Role, ignore_progress


@dataclass(frozen=True)
class Setup:
    """Everything workers need to know to take their seats. `known`: the match's facts about its faces.

    `fakes_are`: that of the generator.
    """

    root: Path
    match: str
    config: dict[str, Any]
    faces: Path
    device: str
    precision: Literal["fp32", "bf16"]
    known: Mapping[str, Any] = field(default_factory=dict)
    fakes_are: FakesAre = "generated"

    def brief(self, role: Role) -> Brief:
        """What a team is told: its own seed, never the match's."""
        return Brief(
            image_size=self.config["image_size"],
            seed=derive(self.config["seed"], role),
            device=self.device,
            precision=self.precision,
            false_alarm_rate=self.config["false_alarm_rate"],
            gallery=self.config["gallery"],
            exam=self.config["exam"]["size"] // 2,
            origin=origin_of(self.config, self.known),
        )

    def choice(self, role: Role) -> tuple[str, dict[str, Any]]:
        """Name and options of a team's contender."""
        return self.config[role]["name"], self.config[role]["options"]


class Table(Protocol):
    """Two teams and a referee. Their methods return at once what `settle` turns into a value."""

    generator: Any
    detector: Any
    referee: Any

    def settle(self, value: Any) -> Any:
        """Wait for a value. Raises Lost when a worker died on the way."""
        ...

    def leave(self) -> None:
        """Let all workers go."""
        ...


@dataclass
class LocalTable:
    """Everyone in this process, one after the other."""

    setup: Setup
    on_progress: OnProgress = ignore_progress
    disk: Disk = field(default_factory=Disk)

    def __post_init__(self) -> None:
        setup = self.setup
        self.referee = Desk(setup.root, setup.match, setup.config, setup.faces, self.disk, setup.known, setup.fakes_are)
        self.generator, self.detector = self._seat("generator"), self._seat("detector")

    def _seat(self, role: Role) -> Seat:
        brief, faces = self.setup.brief(role), self.referee.faces(role)
        return Seat(role, *self.setup.choice(role), brief, faces, self.on_progress)

    def settle(self, value: Any) -> Any:
        """What is computed in this process is settled already."""
        return value

    def leave(self) -> None:
        """Nobody to let go."""


TableFactory = Callable[[Setup], Table]
"""Sets a table anew, at the start of a match and whenever a worker was lost."""
