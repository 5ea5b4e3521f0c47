"""What a shell's user expects of any command: a version, a module, completion, pipes that may be closed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
from servedhome import new_home, play_all
from typer.testing import CliRunner

import arena
from arena.cli.commands import app
from arena.tracking import ui
from arena.types import ArenaError

WITHOUT_TORCH = "import sys; sys.modules['torch'] = None; from arena.cli import main; main()"


def test_the_version(arena):
    status, out, _ = arena("--version")
    assert (status, out) == (0, f"arena {sys.modules['arena'].__version__}\n")


def test_it_is_a_module_that_ignores_the_current_folder(tmp_path):
    (tmp_path / "typer.py").write_text("raise SystemExit('imported from the current folder')")
    done = subprocess.run(
        [sys.executable, "-m", "arena", "--version"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"arena {arena.__version__}\n"), done.stderr


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    home = new_home(folder / "arena-home")
    play_all(home)
    home.close()
    return folder


def completed(line, folder, **environment):
    """What a shell would offer at the end of a line, in a process that cannot import torch."""
    words = {"_ARENA_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    environment = {name: value for name, value in os.environ.items() if name != "ARENA_HOME"} | words | environment
    command = [sys.executable, "-c", WITHOUT_TORCH]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.stdout.split()


def test_matches_are_completed(served, tmp_path):
    assert completed("arena show d", served) == ["duel"]
    assert completed("arena verify x", served) == []
    assert completed("arena show d", tmp_path) == []
    assert completed("arena resume d", tmp_path, ARENA_HOME=str(served / "arena-home")) == ["duel"]


def test_contenders_settings_and_terms_are_completed(tmp_path):
    assert "dcgan" in completed("arena run --generator d", tmp_path)
    assert completed("arena run --detector cn", tmp_path) == ["cnn"]
    assert "exam.size=" in completed("arena run --set ex", tmp_path)
    assert "detector.options.width=" in completed("arena run --detector cnn --set detector.options.w", tmp_path)
    assert completed("arena explain au", tmp_path) == ["auroc"]


LISTINGS = [["contenders"], ["contenders", "--json"], ["explain"], ["--help"]]
OF_A_HOME = [["matches"], ["standings"], ["show", "duel"], ["show", "duel", "--json"], ["show", "duel", "--round", "1"]]


@pytest.mark.parametrize("words", [*LISTINGS, *OF_A_HOME], ids=" ".join)
def test_a_pipe_that_nobody_reads_is_no_mistake(served, words):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = [sys.executable, "-c", "from arena.cli import main; main()", *words]
        done = subprocess.run(command, cwd=served, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_mistake_stays_one_when_nobody_reads(served):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = [sys.executable, "-c", "from arena.cli import main; main()", "show", "nobody"]
        done = subprocess.run(command, cwd=served, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writer)
    assert done.returncode == 1
    assert "there is no match" in done.stderr


def test_words_are_explained_one_or_all():
    one = CliRunner().invoke(app, ["explain", "too", "close"])
    assert "significance" in one.stdout
    every = CliRunner().invoke(app, ["explain"])
    assert len(every.stdout.splitlines()) > 20


def test_mlflow_takes_the_next_free_port(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        free = ui.find_port("127.0.0.1", taken)
        assert taken < free < taken + ui.PORTS_TRIED
        monkeypatch.setattr(ui, "PORTS_TRIED", 1)
        with pytest.raises(ArenaError, match="choose another port with --mlflow-port"):
            ui.find_port("127.0.0.1", taken, "--mlflow-port")


def test_mlflows_port_is_a_number_or_auto(arena, served, monkeypatch):
    asked = []
    monkeypatch.setattr(ui, "serve", lambda home, uri, host, port, say: asked.append(port))
    home = ["--home", served / "arena-home"]
    assert arena("mlflow", *home, "--port", "auto")[0] == 0
    assert arena("mlflow", *home, "--port", "6000")[0] == 0
    status, _, err = arena("mlflow", *home, "--port", "many")
    assert (status, asked[0] >= ui.DEFAULT_PORT, asked[1]) == (1, True, 6000)
    assert "--port takes a number up to 65535 or auto, not 'many'" in err
