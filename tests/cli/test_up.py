"""Everything at once as one process group, and its end. MLflow's UI is a stand-in here: the real one takes a minute."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading

import psutil
import pytest
import yaml
from matches import TINY

from arena.cli import family
from arena.service.client import Client
from arena.store.home import Home

UI = """
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(json.dumps({"experiment": {"experiment_id": "7"}}).encode())
HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
ARENA = f"""
import sys
from arena.tracking import ui
def begin(root, uri, host, port):
    return ui._start([sys.executable, "-c", {UI!r}, str(port)], None or dict(__import__("os").environ), root / ui.LOG)
ui.begin = begin
from arena.cli import main
main()
"""


def arena(*arguments, cwd):
    return subprocess.Popen(
        [sys.executable, "-c", ARENA, *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def read_until(process, pattern):
    seen = []
    for line in process.stdout:
        seen.append(line)
        found = re.search(pattern, line)
        if found:
            return found
    raise AssertionError("".join(seen))


def test_all_of_it_ends_with_one_interrupt(tmp_path):
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY | {"precision": "fp32"}))
    ports = ["--port", 0, "--mlflow-port", free_port()]
    played = ["tiny.yaml", "--rounds", 10_000, "--name", "first", "--ray", "off", "--most-matches", 2]
    with arena("up", *played, *ports, cwd=tmp_path) as process:
        address = read_until(process, r"is at (http://\S+)")[1]
        token = read_until(process, r"#token=(\S+)")[1]
        with Client(address, token) as client:
            assert client.session().signed_in
            client.start(TINY | {"rounds": 10_000, "precision": "fp32"}, "second")
            read_until(process, "round 1/10000")
            assert "/experiments/7/" in client.mlflow().link
            relatives = psutil.Process(process.pid).children(recursive=True)
            (server,) = (one for one in relatives if UI in one.cmdline())
            server.kill()
            read_until(process, "MLflow's UI has ended by itself.*The rest goes on")
            assert client.health().matches >= 1
            assert {one.name for one in [*client.matches().items, *client.starts().items]} == {"first", "second"}
            events = client.events()
            next(events)
            process.send_signal(signal.SIGINT)
            list(events)
            process.send_signal(signal.SIGINT)  # impatience leaves nothing behind either
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0, out
        assert "continue with: arena resume first" in out
        assert "Traceback" not in out
    assert not [one for one in relatives if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    home = Home.open(tmp_path / "arena-home")
    assert home.last_round("first") >= 1
    home.close()


def test_a_match_that_cannot_be_played_ends_it_with_its_sentence(tmp_path):
    with arena("run", "--serve", "--port", 0, "--generator", "dcgn", cwd=tmp_path) as process:
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert out.splitlines()[-1].startswith("error: the settings: generator: there is no generator named 'dcgn'")


@pytest.fixture
def refused(arena):
    """Run a command in this process that is refused; what it says."""

    def run(*arguments):
        code, out, err = arena(*arguments)
        assert (code, out, err.count("\n")) == (1, "", 1)
        return err

    return run


def test_wrong_settings_and_busy_ports_are_said_before_anything_begins(refused):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"the arena's page cannot listen on 127.0.0.1:{port}" in refused("up", "--port", port)
        sentence = refused("up", "--mlflow-port", port, "--port", 0)
        assert f"MLflow's UI cannot listen on 127.0.0.1:{port}" in sentence
        assert "--mlflow-port" in sentence
    assert "--port takes a number up to 65535 or auto, not 'http'" in refused("up", "--port", "http")
    assert "the settings: rounds: input should be greater" in refused("up", "--rounds", 0)
    assert "--json talks to a program" in refused("run", "--serve", "--json")
    assert "there is no arena home" in refused("stop", "duel", "--home", "nowhere")


FAMILY = "trap '' TERM INT; (trap '' TERM INT; sleep 600) & setsid sleep 600 & echo up; wait"


def test_what_does_not_listen_is_killed_with_all_its_children(monkeypatch):
    monkeypatch.setattr(family, "PATIENCE", 0.1)
    monkeypatch.setattr(family, "LAST_PATIENCE", 0.1)
    started = [
        subprocess.Popen(["bash", "-c", FAMILY], stdout=subprocess.PIPE, start_new_session=True) for _ in range(2)
    ]
    for process in started:
        assert process.stdout.readline() == b"up\n"
    relatives = [one for process in started for one in psutil.Process(process.pid).children(recursive=True)]
    assert len(relatives) >= 4
    family.end_all(started[:1], started[1:], threading.Event())
    assert [process.returncode for process in started] == [-signal.SIGKILL] * 2
    _, alive = psutil.wait_procs(relatives, timeout=30)
    assert alive == []
    for process in started:
        process.stdout.close()


def test_only_the_first_interrupt_interrupts():
    with family.one_interrupt() as hurry:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGHUP)  # as a terminal does that is closed
        assert not hurry.is_set()
        signal.raise_signal(signal.SIGINT)
        assert hurry.is_set()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
