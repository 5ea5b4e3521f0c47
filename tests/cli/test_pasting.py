"""Commands that people are told of can be pasted: quoted, whole, and about the right home."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
import typer
from matches import played, reopened, start, tiny
from typer.main import get_command

import arena as package
from arena.cli.commands import app
from arena.cli.console import console, tell
from arena.commandline import command
from arena.store.home import Home
from arena.tracking.note import note
from arena.tracking.store import catching_up, default_uri

ODD = "my [best] home's"
"""What a folder may be called: a shell and a printer of markup both see something in it."""
TOLD = re.compile(r"(?:^ *|: |`)(arena [a-z]+(?: [^`\n]+)?)(?:`|$)", flags=re.M)


def parsed(line):
    """What the command line makes of a command, by the names of its parameters."""
    main, (program, name, *arguments) = get_command(app), shlex.split(line)
    assert program == "arena"
    return name, main.commands[name].make_context(name, arguments, parent=typer.Context(main)).params


@pytest.fixture
def odd(tmp_path):
    """A home with such a name, whose match `deep` has played its one round."""
    played(start(tmp_path / ODD, tiny("stamper", "stamp-reader", rounds=1), "deep"))
    return tmp_path / ODD


def test_whatever_a_match_says_about_going_on_can_be_pasted(arena, odd):
    off = ("--ray", "off", "--mlflow", "off")
    once = arena("resume", "deep", "--home", odd, *off)
    more = arena("resume", "deep", "--rounds", 1, "--home", odd, *off)
    taken = arena("run", "--name", "deep", "--home", odd, *off)
    told = [parsed(line) for _, out, err in (once, more, taken) for line in TOLD.findall(out + err)]
    assert [name for name, _ in told] == ["resume", "show", "verify", "mlflow", "resume"]
    assert {params["home"] for _, params in told} == {odd}
    assert {params["match"] for _, params in told if "match" in params} == {"deep"}
    assert told[0][1]["rounds"] == 1


def test_the_note_in_mlflow_can_be_pasted(odd):
    match = reopened(odd, "deep")
    text = note(odd, match.home.match("deep"), match.home.records("deep"), {"A": 0, "B": 1}, 1)
    told = dict(map(parsed, TOLD.findall(text)))
    assert (told["resume"]["rounds"], told["verify"]["replay"], told["show"]["home"]) == (1, 1, odd)


def test_mlflow_catches_up_where_it_was_told(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    other = "sqlite:////somewhere else/mlflow.db"
    assert parsed(catching_up(tmp_path, other))[1]["uri"] == other
    assert parsed(catching_up(tmp_path, default_uri(tmp_path)))[1]["uri"] is None
    assert "secret" not in catching_up(tmp_path, "postgresql://me:secret@there/runs")


def test_the_usual_home_is_not_worth_a_word(tmp_path, monkeypatch):
    monkeypatch.delenv("ARENA_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert command("show", "deep", home=Path("arena-home")) == "arena show deep"
    assert command("show", "deep", home=tmp_path / "arena-home") == "arena show deep"
    assert command("show", "deep", home=tmp_path / ODD).startswith("arena show deep --home '")
    monkeypatch.setenv("ARENA_HOME", str(tmp_path / ODD))
    assert command("show", "deep", home=tmp_path / ODD) == "arena show deep"
    assert command("show", "deep", home=Path("arena-home")) == "arena show deep --home arena-home"


def test_a_line_with_a_command_is_whole_on_any_terminal(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    line = command("resume", "deep", home=Path("/" + "x" * 40) / ODD)
    tell(console(), line)
    assert capsys.readouterr().out == line + "\n"


def test_a_stop_is_told_with_the_way_on(arena, odd, monkeypatch):
    monkeypatch.setattr("arena.service.starts.Starts.stop", lambda starts, name: None)
    (line,) = TOLD.findall(arena("stop", "deep", "--home", odd)[1])
    assert parsed(line) == ("resume", parsed(line)[1] | {"match": "deep", "home": odd})
    Home.open(odd).close()


def test_nobody_writes_a_command_with_a_name_in_it_by_hand():
    """Words between quotes that begin a command and go on with what is only known later."""
    names = "|".join(get_command(app).commands)
    for path in Path(package.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                written = "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
                assert not re.search(rf"\barena ({names})( --?[a-z]+)* \{{\}}", written), f"{path.name}: {written}"
