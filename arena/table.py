"""The table of a match: where both teams and the referee sit, in this process. `cluster` seats them on Ray."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from arena.desk import Desk
from arena.seats import TeamSeat
from arena.seeds import derive
from arena.store.disk import Disk
from arena.types import OnProgress, Role, Setting, ignore_progress


@dataclass(frozen=True)
class Seating:
    """Everything workers need to know to take their seats."""

    root: Path
    match: str
    config: dict[str, Any]
    faces: Path
    device: str
    precision: Literal["fp32", "bf16"]

    def setting(self, role: Role) -> Setting:
        """What a team is told: its own seed, never the match's."""
        return Setting(
            image_size=self.config["image_size"],
            seed=derive(self.config["seed"], role),
            device=self.device,
            precision=self.precision,
            false_alarm_rate=self.config["false_alarm_rate"],
        )

    def contestant(self, role: Role) -> tuple[str, dict[str, Any]]:
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

    seating: Seating
    on_progress: OnProgress = ignore_progress
    disk: Disk = field(default_factory=Disk)

    def __post_init__(self) -> None:
        seating = self.seating
        self.referee = Desk(seating.root, seating.match, seating.config, seating.faces, self.disk)
        self.generator, self.detector = self._seat("generator"), self._seat("detector")

    def _seat(self, role: Role) -> TeamSeat:
        setting, reals = self.seating.setting(role), self.referee.reals(role)
        return TeamSeat(role, *self.seating.contestant(role), setting, reals, self.on_progress)

    def settle(self, value: Any) -> Any:
        """What is computed in this process is settled already."""
        return value

    def leave(self) -> None:
        """Nobody to let go."""


TableFactory = Callable[[Seating], Table]
"""Sets a table anew, at the start of a match and whenever a worker was lost."""
