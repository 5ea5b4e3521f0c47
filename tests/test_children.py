"""Modules that lie in the current folder, called like a library: no process that the arena starts imports them."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from servedhome import new_home

import arena
from arena import children
from arena.cluster.table import connected, on_worker
from arena.cluster.waiting import FOR_EVER
from arena.service import contenders, starts
from arena.service.records import record_path
from arena.service.workers import Worker
from arena.tracking import ui

LIBRARIES = (
    *("mlflow", "ray", "torch", "torchvision", "uvicorn", "fastapi", "starlette", "pydantic", "anyio", "httpx2"),
    *("numpy", "PIL", "scipy", "sklearn", "safetensors", "yaml", "psutil", "rich", "typer", "plotly", "av"),
    *("timm", "skops", "onnx", "onnxruntime", "facenet_pytorch", "scrapy", "arena"),
)
ORIGINS = f"{{n: getattr(__import__('importlib.util').util.find_spec(n), 'origin', None) for n in {LIBRARIES}}}"
TELL = f"import json; print(json.dumps({ORIGINS}))"
TELL_OF_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {TELL!r}], check=True)"


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """The current folder, with a module of every library's name, and an empty place in PYTHONPATH, which means it."""
    folder = tmp_path / "planted"
    folder.mkdir()
    for name in LIBRARIES:
        (folder / f"{name}.py").write_text("raise SystemExit('imported from the current folder')\n")
    monkeypatch.chdir(folder)
    roots = [str(Path(arena.__file__).parent.parent), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", *roots]))
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    return folder


def is_clean(origins, planted):
    assert origins.keys() == set(LIBRARIES)
    assert origins["arena"] == arena.__file__
    return not any(Path(origin).is_relative_to(planted) for origin in origins.values() if origin)


def told(text):
    return json.loads(text.strip().splitlines()[-1])


@pytest.mark.parametrize("program", [TELL, TELL_OF_A_CHILD])
def test_a_child_and_its_children_find_the_libraries(planted, program):
    command = children.python("-c", program)
    out = subprocess.run(command, env=children.environment(), capture_output=True, text=True, check=True).stdout
    assert is_clean(told(out), planted)


def test_without_the_two_of_them_they_would_not(planted):
    out = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True, check=True).stdout
    assert set(told(out).values()) == {str(planted / f"{name}.py") for name in LIBRARIES}


def test_relative_places_of_modules_stay_what_they_are(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    known = children.environment({"PYTHONPATH": f"here:{os.pathsep}/there", "X": "1"})
    assert known == {"PYTHONPATH": f"{tmp_path}/here:/there", "PYTHONSAFEPATH": "1", "X": "1"}
    assert children.environment({"PYTHONPATH": ""}) == {"PYTHONSAFEPATH": "1"}


def test_the_contenders_are_listed(planted):
    assert asyncio.run(contenders._ask()).items


def test_a_photo_worker(planted, tmp_path, monkeypatch):
    trade = f"opens_files = True\ndef warm(): pass\ndef work(job, files): return {ORIGINS}\n"
    (tmp_path / "trade.py").write_text(trade)
    monkeypatch.setenv("PYTHONPATH", f"{os.environ['PYTHONPATH']}{os.pathsep}{tmp_path}")

    async def ask():
        worker = Worker("trade", at_once=1, seconds=30, memory=2**28, start_seconds=60, idle_seconds=300)
        try:
            return await worker.run({})
        finally:
            worker.stop()

    assert is_clean(asyncio.run(ask()), planted)


def test_the_process_of_a_match(planted, tmp_path, monkeypatch):
    monkeypatch.setattr(starts, "COMMAND", TELL)
    root = new_home(tmp_path / "home").root
    service = starts.Starts(root, starts.Terms(most=3))
    service.resume("duel", None)
    service.close()["duel"].wait()
    assert is_clean(told(record_path(root, "duel", "log").read_text()), planted)


@pytest.mark.parametrize("program", [TELL, TELL_OF_A_CHILD])
def test_mlflows_server(planted, tmp_path, program):
    log = tmp_path / "log"
    assert ui.ui_command(tmp_path)[:2] == children.python()
    ui._start(children.python("-c", program), ui.ui_environment(), log).wait()
    assert is_clean(told(log.read_text()), planted)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning")  # Ray's
def test_rays_workers(planted, monkeypatch):
    monkeypatch.syspath_prepend(planted)  # as for a driver that was begun in it without care
    with connected():
        assert Path.cwd() == planted
        origins, folder = on_worker(lambda: (eval(ORIGINS), __import__("os").getcwd()), patience=FOR_EVER)
    assert is_clean(origins, planted)
    assert not Path(folder).is_relative_to(planted)


def test_nobody_starts_python_in_another_way():
    root = Path(arena.__file__).parent
    for path in root.rglob("*.py"):
        names = {ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert "sys.executable" not in names or path.relative_to(root).as_posix() in ("children.py", "cli/doctor.py")
