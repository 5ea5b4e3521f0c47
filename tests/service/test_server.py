"""`arena serve` as a real process, and what the document about it promises."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from photofiles import drawn_face, encoded, give_detector
from servedhome import new_home, play_all, served

from arena.results.glossary import explain
from arena.service.client import Client
from arena.service.security import listen
from arena.service.starts import Terms
from arena.types import ArenaError

DOCUMENT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
TOKEN = "0123456789abcdef-secret"
ADDRESS = "http://127.0.0.1:8000"
COMMAND = [sys.executable, "-c", "from arena.cli import main; main()", "serve"]
MOST_SECONDS = 3.0
"""To stop with an open stream: a promise, not a measurement; it takes a tenth of it."""


@pytest.fixture
def home(tmp_path):
    home = new_home(tmp_path / "home")
    play_all(home)
    return home


def code_blocks(text):
    """The indented blocks of a document, without their indent."""
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, flags=re.M)
    return ["\n".join(line[4:] for line in block.strip("\n").splitlines()) for block in blocks]


def test_serves_until_it_is_told_to_stop_without_what_it_does_not_need(home):
    environment = {key: value for key, value in os.environ.items() if key != "ARENA_TOKEN"}
    with subprocess.Popen(
        [*COMMAND, "--home", str(home.root), "--port", "0"], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        address = re.search(r"http://\S+", process.stdout.readline()).group()
        with Client(address) as client:
            events = client.events()
            assert next(events).name == "playing"
            maps = Path(f"/proc/{process.pid}/maps")
            if maps.exists():
                loaded = maps.read_text()
                assert not [library for library in ("libtorch", "/ray/", "/mlflow/") if library in loaded]
            token = home.root / "token"
            assert token.read_text().strip()
            start = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert list(events) == []
            assert process.wait() == 0
            assert time.monotonic() - start < MOST_SECONDS


def test_the_photo_check_stays_outside_and_ends_with_the_service(home):
    with subprocess.Popen(
        [*COMMAND, "--home", str(home.root), "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            address = re.search(r"http://\S+", process.stdout.readline()).group()
            token = (home.root / "token").read_text().strip()
            with Client(address, token) as client, pytest.raises(ArenaError, match="this is no photo"):
                client.detect(b"no photo")  # starts decoder and judge all the same
            workers = psutil.Process(process.pid).children()
            assert len(workers) == 2
            maps = Path(f"/proc/{process.pid}/maps")
            assert not maps.exists() or "libtorch" not in maps.read_text()
            process.send_signal(signal.SIGTERM)
            assert process.wait() == 0
            assert not [worker for worker in workers if worker.is_running()]
        finally:
            process.kill()


def test_a_taken_port_and_a_missing_home_are_one_sentence(home, tmp_path):
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        for more, sentence in (
            (["--home", str(home.root), "--port", str(port)], f"cannot listen on 127.0.0.1:{port}"),
            (["--home", "/dev/null", "--port", "0"], "/dev/null is a file"),
        ):
            done = subprocess.run([*COMMAND, *more], capture_output=True, text=True, check=False)
            assert done.returncode == 1
            assert done.stderr.startswith("error: ")
            assert sentence in done.stderr
            assert done.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def documented(tmp_path_factory):
    """The address of a service as the document has it before its eyes, which can judge photos and start matches."""
    folder = tmp_path_factory.mktemp("documented")
    home = new_home(folder / "arena-home")
    play_all(home)
    for number in (1, 2):
        give_detector(home, "duel", number)
    (folder / "photo.jpg").write_bytes(encoded(drawn_face(), "JPEG"))
    (home.root / "token").write_text(TOKEN)
    (home.root / "token").chmod(0o600)
    with contextlib.chdir(folder), served(home.root, TOKEN, terms=Terms("off", "off")) as address:
        yield address


def test_the_documents_examples_run(documented, capsys):
    names: dict[str, object] = {}
    ran = 0
    for block in code_blocks(DOCUMENT):
        if "Client(" in block and "blind" not in block:  # that one is tested beside what it is about
            # The example that listens has something to hear: everything so far.
            program = block.replace(ADDRESS, documented).replace("arena.matches().cursor", "'0-0'")
            exec(compile(program, "docs/api.md", "exec"), names)
            ran += 1
    with Client(documented, TOKEN) as client:
        deadline = time.monotonic() + 60
        while "quick" not in [start.name for start in client.starts().items if start.status == "failed"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        client.forget("quick")
    shown = capsys.readouterr().out
    assert ran == 4
    assert "quick starting None" in shown
    assert "duel 1 B True 0.75" in shown
    assert "1-0 match" in shown
    assert re.search(r"^duel (real|fake) 0\.\d+ \(", shown, flags=re.M)
    assert bytes(names["picture"]).startswith(b"\x89PNG")
    assert bytes(names["report"]).startswith(b"<!doctype html>")
    assert names["words"]["AUROC"] == explain("AUROC").plain


def test_the_documents_addresses_answer(documented):
    lines = [line for block in code_blocks(DOCUMENT) for line in block.splitlines() if line.startswith("curl ")]
    assert len(lines) == 6
    with Client(documented) as client:
        for line in lines:
            status = 409 if "/stop" in line else 200  # nobody is playing it
            assert asked(client, line.replace(ADDRESS, documented)).status_code == status, line
        told = set(client._http.get(f"{documented}/api/openapi.json").json()["paths"])
    shown = set(re.findall(r"`(?:[A-Z]+ )?(?:\.\.\.)?(/[^`]*)`", DOCUMENT.split("## From Python")[0]))
    for path in told:
        assert any(path.endswith(shown_path) for shown_path in shown), f"docs/api.md says nothing of {path}"


def asked(client, line):
    """The answer to what a line asks with curl."""
    words = argparse.ArgumentParser()
    words.add_argument("-s", action="store_true")
    words.add_argument("-X", dest="method", default="GET")
    words.add_argument("-H", dest="headers", action="append", default=[])
    words.add_argument("--data-binary", dest="file")
    words.add_argument("url")
    given = words.parse_args(shlex.split(line.replace("$TOKEN", TOKEN))[1:])
    headers = dict(header.split(": ", 1) for header in given.headers)
    if given.file is None:
        return client._http.request(given.method, given.url, headers=headers)
    return client._http.post(given.url, headers=headers, content=Path(given.file.removeprefix("@")).read_bytes())


def test_examples_are_found():
    assert code_blocks("Text.\n\n    a\n\n    b\n\nText.\n\n    c\n") == ["a\n\nb", "c"]
