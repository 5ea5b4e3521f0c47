from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

from arena.tracking import ui
from arena.types import ArenaError


def test_command_is_light_and_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ui.ui_command(tmp_path, "127.0.0.1", 5001, "sqlite:///mlflow.db")
    assert command[:5] == [sys.executable, "-P", "-m", "mlflow", "server"]
    options = dict(zip(command[5::2], command[6::2], strict=True))
    assert options["--backend-store-uri"] == f"sqlite:///{tmp_path}/mlflow.db"
    assert options["--artifacts-destination"] == f"{tmp_path}/mlartifacts"
    assert (options["--host"], options["--port"], options["--workers"]) == ("127.0.0.1", "5001", "1")
    assert ui.ui_environment()["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"


def test_busy_port_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(
            ArenaError, match=rf"cannot listen on 127\.0\.0\.1:{port} .*choose another port with --port"
        ):
            ui.serve(tmp_path, port=port)
    with pytest.raises(ArenaError, match="cannot listen"):
        ui.check_port("127.0.0.1", 70000)


def test_the_whole_family_ends_and_speaks_into_the_log(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = f"echo hello; exec 3> {pipe}; sleep 600 & echo up >&3; wait"
    with ui._child(["bash", "-c", script], os.environ, tmp_path / "log") as process:
        held = pipe.open()
        assert held.readline() == "up\n"
    with held:
        assert held.read() == ""  # neither bash nor sleep holds the other end any more
    assert process.returncode == -signal.SIGTERM
    assert (tmp_path / "log").read_text() == "hello\n"


def test_a_server_that_dies_at_once_points_to_the_log(tmp_path):
    with ui._child([sys.executable, "-c", "raise SystemExit(3)"], os.environ, tmp_path / "log") as process:
        process.wait()
        with pytest.raises(ArenaError, match=f"did not start.*see {tmp_path}/log"):
            ui.wait_until_up(process, "http://127.0.0.1:9", tmp_path / "log")


def test_a_server_that_is_slow_is_told_from_one_that_has_ended(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        with pytest.raises(ArenaError, match="does not answer after 1 s"):
            ui.wait_until_up(process, "http://127.0.0.1:9", tmp_path / "log", seconds=1)
        process.kill()


def test_mlflow_is_not_imported_before_it_is_needed():
    code = "import sys, arena.tracking.shipper, arena.tracking.ui; raise SystemExit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
