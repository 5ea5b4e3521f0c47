"""A match as it is played: a live display on a terminal, plain lines elsewhere, JSON lines for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column, Table

from arena.cli.console import emit, table
from arena.play.match import Observer
from arena.store.record import without_curves
from arena.types import Progress as Step
from arena.types import Role

COLOURS = {"A": "magenta", "B": "cyan"}
HEADINGS = (">round", "winner", "call", ">accuracy", ">AUROC", "95 %", ">TPR", ">TNR", ">p", ">s")


def round_row(record: dict[str, Any]) -> tuple[str, ...]:
    """A round's record as the cells under HEADINGS."""
    winner, call = record["winner"], record["call"]
    notes = [name for name in ("degenerate",) if record[name]]
    notes += [f"{record['forfeit']} forfeits"] if record["forfeit"] else []
    colour = COLOURS[winner]
    return (
        f"{record['round']}",
        f"[{colour}]{winner}[/]",
        ", ".join(["[dim]too close[/]" if call == "too close" else "clear", *notes]),
        f"{record['accuracy']:.3f}",
        f"{record['auroc']:.3f}",
        f"{record['auroc_low']:.3f}-{record['auroc_high']:.3f}",
        f"{record['tpr']:.2f}",
        f"{record['tnr']:.2f}",
        f"{record['p_value']:.1e}" if record["p_value"] < 0.001 else f"{record['p_value']:.3f}",
        f"{record['seconds']:.1f}",
    )


def rounds_table(records: list[dict[str, Any]]) -> Table:
    """The rounds played so far."""
    return table("", HEADINGS, map(round_row, records))


class Display(Observer):
    """Plain lines: what a log file wants. Also the base of the live display."""

    def __init__(self, console: Console, rounds: int, as_json: bool = False) -> None:
        self.console, self.rounds, self.as_json = console, rounds, as_json
        self.records: list[dict[str, Any]] = []
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
        self.console.print(f"[yellow]{escape(text)}[/]")

    def on_opening(self, record: dict[str, Any]) -> None:
        """The warm-up is committed."""
        self.on_commit()
        training = record["training"]["generator"]
        self.console.print(f"[dim]warm-up: {training['steps']} steps in {record['seconds']:.1f} s[/]")

    def on_round(self, record: dict[str, Any]) -> None:
        """A round is committed."""
        self.on_commit()
        self.records.append(record)
        if self.as_json:
            emit([without_curves(record)], self._out)
        self._show(record)

    def on_event(self, round: int, kind: str, text: str) -> None:
        """Something noteworthy."""
        self.console.print(f"[yellow]round {round}: {escape(text)}[/]")

    def _show(self, record: dict[str, Any]) -> None:
        number, winner, call, accuracy, auroc, interval, _, _, _, seconds = round_row(record)
        self.console.print(
            f"round {number}/{self.rounds}: {winner} wins ({call}), "
            f"accuracy {accuracy}, AUROC {auroc} ({interval}), {seconds} s"
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

    def on_opening(self, record: dict[str, Any]) -> None:
        """See Display."""
        self.on_commit()

    def _show(self, record: dict[str, Any]) -> None:
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
