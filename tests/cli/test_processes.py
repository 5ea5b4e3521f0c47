"""The arena as real processes: interrupted, killed, resumed, and doctored."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest
import yaml
from matches import TINY, outcome, played, reopened, start, tiny

pytestmark = pytest.mark.long

COMMAND = [sys.executable, "-c", "from arena.cli import main; main()"]


@pytest.fixture
def tiny_yaml(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(TINY | {"precision": "fp32", "rounds": 3}))
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The same match, played without interruption in this process."""
    match = start(tmp_path_factory.mktemp("whole"), tiny(rounds=3, precision="fp32"))
    played(match)
    return outcome(match)


@pytest.fixture(scope="module")
def orphans():
    """Processes whose driver was killed; Ray's last ones notice after a minute, so they are waited for at the end."""
    processes = []
    yield processes
    _, alive = psutil.wait_procs(processes, timeout=150)
    assert alive == []


def arena(*arguments, cwd, **options):
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def run_until_the_first_round(tiny_yaml, *more):
    """A match under Ray whose first round is committed, and all processes that belong to it."""
    process = arena(
        "run",
        tiny_yaml,
        "--name",
        "tiny",
        "--json",
        "--device",
        "cpu",
        *more,
        cwd=tiny_yaml.parent,
        start_new_session=True,
    )
    line = process.stdout.readline()
    assert json.loads(line)["round"] == 1, process.stderr.read()
    return process, psutil.Process(process.pid).children(recursive=True)


def resume(tmp_path):
    process = arena("resume", "tiny", "--json", "--ray", "off", "--mlflow", "off", cwd=tmp_path)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    return [json.loads(line)["round"] for line in out.splitlines()]


def test_a_killed_driver_is_resumed_to_the_bit(tmp_path, tiny_yaml, whole, orphans):
    process, workers = run_until_the_first_round(tiny_yaml, "--mlflow", "off")
    orphans += workers
    process.kill()
    process.communicate()
    assert resume(tmp_path)[-1] == 3  # whatever is left of the dead one
    assert outcome(reopened(tmp_path / "arena-home")) == whole


def test_an_interrupt_keeps_the_rounds_and_prints_the_way_on(tmp_path, tiny_yaml, whole):
    process, workers = run_until_the_first_round(tiny_yaml, "--mlflow", "off", "--rounds", "200")
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    _check_way_on(err, workers, tmp_path / "arena-home", whole)


def _check_way_on(told, workers, home, whole):
    """An interrupted match says how it goes on, leaves no process, and its rounds are those of one that was not."""
    assert "Continue with: arena resume tiny" in told
    assert "Traceback" not in told
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert alive == []
    kept = outcome(reopened(home))
    assert len(kept) >= 2
    assert all(kept[number] == whole[number] for number in whole if number in kept)


def test_the_doctor_finds_this_machine_fit(tmp_path):
    process = arena("doctor", "--json", cwd=tmp_path)
    out, err = process.communicate(timeout=200)
    checks = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 0, out + err
    text = "\n".join(check["what"] for check in checks)
    for word in ("Python", "torch", "mlflow", "Ray", "bf16", "GPU", "memory", "free", "contenders"):
        assert word in text
    assert {check["health"] for check in checks} <= {"ok", "warning"}


def test_of_a_dead_worker_only_the_match_itself_speaks_and_a_request_to_end_is_an_interrupt(tiny_yaml, whole):
    path = tiny_yaml.parent / "log"
    options = ("--name", "tiny", "--rounds", "500", "--mlflow", "off", "--device", "cpu")
    command = [*COMMAND, "run", tiny_yaml, *options]
    with path.open("a") as log, subprocess.Popen(command, cwd=tiny_yaml.parent, stdout=log, stderr=log) as match:
        _until_told(path, match, r"^round 1/500")
        (victim, *_) = (p for p in psutil.Process(match.pid).children(recursive=True) if _is_seat(p))
        victim.kill()
        _until_told(path, match, r"worker died; the round is played again\n(?s:.*)\nround ")
        workers = psutil.Process(match.pid).children(recursive=True)
        match.terminate()
        assert match.wait(60) == 130
    told = path.read_text()
    _check_way_on(told, workers, tiny_yaml.parent / "arena-home", whole)
    assert "raylet" not in told
    assert "Worker ID" not in told


def _is_seat(process):
    with contextlib.suppress(psutil.NoSuchProcess):
        return "WatchedSeat" in "".join(process.cmdline())
    return False


def _until_told(path, process, pattern):
    while not re.search(pattern, path.read_text(), flags=re.M):
        assert process.poll() is None, path.read_text()
        time.sleep(0.05)
