"""A match as it is played: a live display on a terminal, plain lines elsewhere, JSON lines for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack, redirect_stdout
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column, Table

from arena.cli.console import emit, table, tell
from arena.play.match import Observer
from arena.quality.words import in_short, written
from arena.results.words import how_won, in_use
from arena.store.record import RoundRecord
from arena.types import Progress as Step
from arena.types import Role

COLOURS = {"A": "magenta", "B": "cyan"}
HEADINGS = (">round", "won", "how", ">accuracy", "95 %", ">AUROC", ">caught", ">alarms", ">p", ">faces", ">s")
MEANING = (
    "caught, alarms: in use, the fakes caught and the false alarms at B's own threshold; "
    "faces: fakes that look like a face"
)


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

    def on_progress(self, step: Step) -> None:
        """A team's training goes on."""

    def on_warning(self, text: str) -> None:
        """Something beside the match needs attention."""
        tell(self.console, text, "yellow")

    def on_opening(self, record: RoundRecord) -> None:
        """The warm-up is committed."""
        self.on_commit()
        training = record.training["generator"]
        self.console.print(f"[dim]warm-up: {training.steps} steps in {record.seconds:.1f} s[/]")

    def on_round(self, record: RoundRecord) -> None:
        """A round is committed."""
        self.on_commit()
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
        self.console.print(
            f"round {number}/{self.rounds}: {winner} wins ({how}), "
            f"accuracy {accuracy} ({interval}), AUROC {auroc}; in use {in_use(record.judged)}; "
            f"{f'{good}; ' if good else ''}{seconds} s"
        )


class LiveDisplay(Display):
    """One live display: a bar per team, and the rounds as they are committed."""

    def __enter__(self) -> Self:
        super().__enter__()
        self._bars = Progress(
            TextColumn("{task.description}", style="bold"),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[text]}"),
            TextColumn(
                "{task.fields[losses]}", style="dim", table_column=Column(ratio=1, overflow="ellipsis", no_wrap=True)
            ),
            console=self.console,
            expand=True,
        )
        self._tasks: dict[Role, TaskID] = {}
        self._stage = ""
        self._live = Live(self._picture(), console=self.console, refresh_per_second=8)
        self._live.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._tasks.clear()
        self._stage = ""
        self._live.update(self._picture())
        self._live.__exit__(kind, error, tb)
        super().__exit__(kind, error, tb)

    def on_decode(self, done: int, total: int | None) -> None:
        """See Display."""
        self._set(f"reading faces: {done}" + (f" of {total}" if total else ""))

    def on_stage(self, text: str) -> None:
        """See Display."""
        self._set(text)

    def on_progress(self, step: Step) -> None:
        """See Display."""
        what = f"round {step.round}/{self.rounds}" if step.round else "warm-up"
        fields: dict[str, Any] = {
            "text": f"{what} step {step.step}/{step.steps} {step.images_per_second:5.0f} images/s",
            "losses": " ".join(f"{name} {value:.2f}" for name, value in step.losses.items()),
        }
        if step.role not in self._tasks:
            team = "A" if step.role == "generator" else "B"
            self._tasks[step.role] = self._bars.add_task(f"[{COLOURS[team]}]{team}[/]", **fields)
        self._bars.update(self._tasks[step.role], completed=step.step, total=step.steps, **fields)
        self._set("")

    def on_opening(self, record: RoundRecord) -> None:
        """See Display."""
        self.on_commit()

    def _show(self, record: RoundRecord) -> None:
        self._live.update(self._picture())

    def _set(self, stage: str) -> None:
        self._stage = stage
        self._live.update(self._picture())

    def _picture(self) -> Group:
        parts: list[Any] = [rounds_table(self.records)] if self.records else []
        parts += [f"[dim]{escape(self._stage)}[/]"] if self._stage else []
        parts += [self._bars] if self._tasks else []
        return Group(*parts)


def display(console: Console, rounds: int, as_json: bool = False) -> Display:
    """A live display on a terminal, plain lines elsewhere."""
    return (LiveDisplay if console.is_terminal else Display)(console, rounds, as_json)
