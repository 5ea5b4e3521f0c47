"""What a person sees in a terminal of 80 columns while a match is played, and after Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from dataclasses import replace

import pytest
import yaml
from matches import TINY, played, start, tiny
from rich.console import Console
from screen import Screen

from arena.cli.console import table
from arena.cli.display import LiveDisplay, display, rounds_table
from arena.cli.look import standings_tables
from arena.store.home import MatchRow
from arena.types import Progress

COLUMNS = 80
LOSSES = {"discriminator": 0.69, "generator": 12.5, "evasion": 3.25, "penalty": 0.001}


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """A round as it was played, and the config of its match."""
    match = start(tmp_path_factory.mktemp("seen"), tiny("stamper", "stamp-reader", rounds=1))
    return played(match).rounds[0], match


class Terminal:
    """A console over a screen, which a display draws on whenever it is told to."""

    def __init__(self, height=24):
        self.screen = Screen(COLUMNS)
        self.console = Console(file=self, force_terminal=True, width=COLUMNS, height=height, highlight=False)

    def write(self, text):
        self.screen.feed(text.replace("\n", "\r\n"))  # as a terminal's driver does

    def flush(self):
        pass

    def seen(self, live):
        live._live.refresh()
        return [line.rstrip() for line in self.screen.lines if line.strip()]


def longest(found, **more):
    """The widest row that a round may have."""
    verdict = replace(found.judged, accuracy=1.0, accuracy_low=0.999, tpr=1.0, tnr=0.0, p_value=1e-9, **more)
    return replace(found, round=10_000, verdict=verdict, seconds=12345.6)


def test_every_line_fits_whatever_it_has_to_say(record):
    found, match = record
    terminal = Terminal()
    long = "a-contender-whose-name-is-much-longer-than-anybody-would-like-it-to-be-in-a-table"
    rows = [longest(found, degenerate=True), longest(found, too_close=True), longest(found, forfeit="generator")]
    terminal.console.print(rounds_table(rows))
    contest = MatchRow("m", 0.0, match.config.dump(), match.facts)
    played_by = [(contest, [replace(found, generator=long, detector=long)])]
    for part in standings_tables(played_by, "Standings of m"):
        terminal.console.print(part)
    text = "\n".join(terminal.screen.lines)
    assert terminal.screen.wrapped == 0
    assert "…" not in text
    for words in ("degenerate", "too close", "by forfeit", "100.0%", "12346", "AUROC", "a-contender"):
        assert words in text


def test_bars_keep_to_the_width(record):
    terminal = Terminal()
    with LiveDisplay(terminal.console, 1000) as live:
        live.pace.played([replace(record[0], seconds=5000.0)])
        live.on_begin(100)
        live.on_progress(Progress("generator", 100, 123_456, 1_000_000, 123456.7, LOSSES))
        live.on_progress(Progress("detector", 100, 1, 1_000_000, 1.0))
        match, a, b = terminal.seen(live)
        assert match.endswith("round 100/1000, about 52 days left, this round about 83 min")
        assert "123456/1000000 steps" in a
        assert b.endswith("1/1000000 steps, 1 images/s")
        live.on_warning("A [line] of any length, which is told as it is " * 4)
        assert terminal.seen(live)[-3:] == [match, a, b]
    assert terminal.screen.wrapped == 2  # of the line that may be as long as it likes


def test_a_round_begins_without_the_bars_of_the_round_before(record):
    terminal = Terminal()
    with display(terminal.console, 2) as live:
        live.on_stage("seating the teams")
        assert terminal.seen(live) == ["seating the teams"]
        live.on_begin(0)
        warm_up, a = terminal.seen(live)  # before its first step
        assert warm_up.startswith("match")
        assert warm_up.endswith("warm-up")
        assert a.endswith("getting ready")
        live.on_progress(Progress("generator", 0, 100, 100))
        assert "100/100" in terminal.seen(live)[1]
        live.on_begin(1)
        live.on_progress(Progress("generator", 0, 100, 100))
        match, a, b = terminal.seen(live)
        assert match.endswith("round 1/2")
        assert [a.split()[0], a[19:], b.split()[0], b[19:]] == ["A", "getting ready", "B", "getting ready"]
        live.on_round(replace(record[0], seconds=20.0))
        live.on_begin(2)
        assert terminal.seen(live)[-3].endswith("round 2/2, about 20 s left")
    assert "match" not in [line.split(" ")[0] for line in terminal.screen.lines]
    assert terminal.screen.has_cursor


def test_the_bars_stay_in_sight_of_a_long_match(record):
    terminal = Terminal(height=20)
    with display(terminal.console, 100) as live:
        for number in range(1, 50):
            live.on_begin(number)
            live.on_round(replace(record[0], round=number, seconds=1.0))
        lines = terminal.seen(live)
        assert len(lines) < 20
        assert "round 49/100" in lines[-3]
    rounds = [line.split()[0] for line in terminal.screen.lines if line.strip()]
    assert rounds[1:50] == [str(number) for number in range(1, 50)]  # at the end all of them are there


def test_a_log_has_lines_and_no_bar(record, capsys):
    with display(Console(file=sys.stdout, width=200), 3) as screen:
        screen.on_begin(0)
        screen.on_progress(Progress("generator", 0, 1, 2))
        screen.on_begin(1)
        screen.on_round(replace(record[0], seconds=20.0))
    warm_up, first = capsys.readouterr().out.splitlines()
    assert warm_up == "warm-up: the generator trains alone"
    assert first.endswith("20.0 s; about 40 s left")


def test_numbers_are_never_broken():
    terminal = Terminal()
    terminal.console.print(table("", ("name", ">number"), [("x" * 200, "1234567")]))
    assert [line.rstrip()[-7:] for line in terminal.screen.lines[:2]] == [" number", "1234567"]


def begun(command, cwd):
    """A process whose terminal is a new one of 80 columns, and the other end of that."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))

    def take_terminal():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-c", "from arena.cli import main; main()", *command],
        cwd=cwd,
        stdin=its,
        stdout=its,
        stderr=its,
        env=environment | {"TERM": "xterm-256color"},
        preexec_fn=take_terminal,
    )
    os.close(its)
    return process, ours


def read(ours, until=None):
    """What a terminal was written, to its end or until there is this in it."""
    found = ""
    while until is None or until not in found:
        try:
            new = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not new:
            break
        found += new.decode(errors="replace")
    return found


@pytest.mark.parametrize("ways", [("run",), ("up", "--port", "0")])
def test_ctrl_c_leaves_a_clean_terminal(tmp_path, ways):
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY | {"precision": "fp32"}))
    match = ["--rounds", "10000", "--ray", "off", "--mlflow", "off", "--name", "first"]
    process, ours = begun([ways[0], "tiny.yaml", *match, *ways[1:]], tmp_path)
    text = read(ours, "this round")
    os.write(ours, b"\x03")  # as the key does it, so the terminal itself writes ^C
    text += read(ours)
    os.close(ours)
    assert process.wait(60) in (0, 130)
    screen = Screen(COLUMNS)
    screen.feed(text)
    shown = "\n".join(screen.lines)
    assert screen.has_cursor
    assert "━" not in shown
    assert "^C" not in shown.replace("^C ends all", "")
    assert "Traceback" not in shown
    assert "arena resume first" in shown
