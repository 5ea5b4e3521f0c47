"""A match as it is played: a live display on a terminal, plain lines elsewhere, JSON lines for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack, redirect_stdout
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from arena.cli.bars import COLOURS, bars
from arena.cli.console import emit, table, tell
from arena.play.match import Observer
from arena.play.pace import Pace, about
from arena.quality.words import in_short, written
from arena.results.words import how_won, in_use
from arena.store.record import RoundRecord
from arena.types import Progress

HEADINGS = (">round", "won", "how", ">accuracy", "95 %", ">AUROC", ">caught", ">alarms", ">p", ">faces", ">s")
MEANING = (
    "caught, alarms: in use, the fakes caught and the false alarms at B's own threshold; "
    "faces: fakes that look like a face"
)
LINES_BELOW = 9
"""Lines of the live display that are no rounds: the heading, what it means, a stage, the bars."""


def round_row(record: RoundRecord) -> tuple[str, ...]:
    """A round's record as the cells under HEADINGS."""
    v = record.judged
    return (
        f"{record.round}",
        f"[{COLOURS[v.winner]}]{v.winner}[/]",
        how if (how := how_won(v)) == "clear" else f"[dim]{how}[/]",
        f"{v.accuracy:.3f}",
        f"{v.accuracy_low:.3f}-{v.accuracy_high:.3f}",
        f"{v.auroc:.3f}",
        f"{v.tpr:.0%}",
        f"{v.false_alarm_rate:.1%}",
        "<0.001" if v.p_value < 0.001 else f"{v.p_value:.3f}",
        _faces(record),
        f"{record.seconds:.1f}" if record.seconds < 1000 else f"{record.seconds:.0f}",
    )


def _faces(record: RoundRecord) -> str:
    found = record.quality and record.quality.one_face
    return written("one_face", found) if found else "-"


def rounds_table(records: Iterable[RoundRecord]) -> Table:
    """The rounds played so far."""
    drawn = table("", HEADINGS, map(round_row, records))
    drawn.caption, drawn.caption_justify = MEANING, "left"
    return drawn


class Display(Observer):
    """Plain lines: what a log file wants. Also the base of the live display."""

    def __init__(self, console: Console, rounds: int, as_json: bool = False) -> None:
        self.console, self.rounds, self.as_json = console, rounds, as_json
        self.records: list[RoundRecord] = []
        self.pace = Pace(rounds)
        self.on_commit: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        self._out = sys.stdout
        self._open = ExitStack()
        if self.as_json:  # Ray writes about dead workers to stdout, where a program expects JSON alone
            self._open.enter_context(redirect_stdout(sys.stderr))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._open.close()

    def on_decode(self, done: int, total: int | None) -> None:
        """Faces decoded so far."""

    def on_stage(self, text: str) -> None:
        """What the match is waiting for."""
        self.console.print(f"[dim]{text}[/]")

    def on_begin(self, round: int) -> None:
        """A round begins."""
        self.pace.begin(round)
        if round == 0:
            self.console.print("[dim]warm-up: the generator trains alone[/]")

    def on_progress(self, step: Progress) -> None:
        """A team's training goes on."""
        self.pace.step(step)

    def on_warning(self, text: str) -> None:
        """Something beside the match needs attention."""
        tell(self.console, text, "yellow")

    def on_opening(self, record: RoundRecord) -> None:
        """The warm-up is committed."""
        self.on_commit()
        training = record.training["generator"]
        self.console.print(
            f"[dim]warm-up: {training.steps} {'step' if training.steps == 1 else 'steps'} in {record.seconds:.1f} s[/]"
        )

    def on_round(self, record: RoundRecord) -> None:
        """A round is committed."""
        self.on_commit()
        self.pace.played([record])
        self.records.append(record)
        if self.as_json:
            emit([record.to_json(curves=False)], self._out)
        self._show(record)

    def on_event(self, round: int, kind: str, text: str) -> None:
        """Something noteworthy."""
        tell(self.console, f"round {round}: {text}", "yellow")

    def _show(self, record: RoundRecord) -> None:
        number, winner, how, accuracy, interval, auroc, *_, seconds = round_row(record)
        good = in_short(record.quality) if record.quality else ""
        rest = self.pace.rest()
        left = f"; {about(rest)} left" if rest else ""
        self.console.print(
            f"round {number}/{self.rounds}: {winner} wins ({how}), "
            f"accuracy {accuracy} ({interval}), AUROC {auroc}; in use {in_use(record.judged)}; "
            f"{f'{good}; ' if good else ''}{seconds} s{left}"
        )


class LiveDisplay(Display):
    """One live display: the rounds as they are committed, and bars for the match and each team."""

    def __enter__(self) -> Self:
        super().__enter__()
        self._stage, self._is_over = "", False
        self._live = Live(console=self.console, refresh_per_second=8, get_renderable=self._picture)
        self._live.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stage, self._is_over = "", True
        self._live.__exit__(kind, error, tb)
        super().__exit__(kind, error, tb)

    def on_decode(self, done: int, total: int | None) -> None:
        """See Display."""
        self._stage = f"reading faces: {done}" + (f" of {total}" if total else "")

    def on_stage(self, text: str) -> None:
        """See Display."""
        self._stage = text

    def on_begin(self, round: int) -> None:
        """See Display."""
        self.pace.begin(round)
        self._stage = ""

    def on_opening(self, record: RoundRecord) -> None:
        """See Display."""
        self.on_commit()

    def _show(self, record: RoundRecord) -> None:
        """The picture has it already."""

    def _picture(self) -> Group:
        """What there is to see now; drawn again several times a second, whatever happens meanwhile."""
        underway = None if self._is_over else self.pace.now()
        # The bars stay in sight: what does not fit above them comes back at the end.
        fitting = len(self.records) if self._is_over else max(1, self.console.height - LINES_BELOW)
        parts: list[Any] = [rounds_table(self.records[-fitting:])] if self.records else []
        parts += [Text(self._stage, "dim", no_wrap=True, overflow="ellipsis")] if self._stage else []
        parts += [bars(underway, self.console.width)] if underway else []
        return Group(*parts)


def display(console: Console, rounds: int, as_json: bool = False) -> Display:
    """A live display on a terminal, plain lines elsewhere."""
    return (LiveDisplay if console.is_terminal else Display)(console, rounds, as_json)
