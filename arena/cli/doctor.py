"""`arena doctor`: is this machine fit to play, and what to do where it is not."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import psutil
import typer

from arena.cli.console import console as console_for
from arena.cli.console import emit
from arena.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from arena.registry import broken, contenders, load_all

Health = Literal["ok", "warning", "problem"]
MARKS: dict[Health, str] = {"ok": "[green]ok[/]     ", "warning": "[yellow]warning[/]", "problem": "[red]problem[/]"}


@dataclass(frozen=True)
class Check:
    """One finding; `remedy` says what to do about it."""

    health: Health
    what: str
    remedy: str = ""


def doctor(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Check this machine: Python, packages, devices, Ray, MLflow, disk, memory, and whether bf16 pays."""
    console = console_for(as_json)
    worst = False
    for check in _checks(home):
        worst = worst or check.health == "problem"
        if as_json:
            emit([{"health": check.health, "what": check.what, "remedy": check.remedy}])
        else:
            console.print(
                f"{MARKS[check.health]}  {check.what}" + (f"\n         {check.remedy}" if check.remedy else "")
            )
    if worst:
        raise typer.Exit(1)


def _checks(home: Path) -> Iterator[Check]:
    yield _python()
    yield from _packages()
    yield from _devices()
    yield _ray()
    yield _disk(home)
    yield _memory()
    yield _contenders()
    yield _on_device()


def _python() -> Check:
    text = f"Python {platform.python_version()} at {sys.executable}, {os.cpu_count()} cores, {platform.machine()}"
    return Check("ok", text)


def _packages() -> Iterator[Check]:
    for package, module in (("torch", "torch"), ("torchvision", "torchvision"), ("mlflow", "mlflow"), ("ray", "ray")):
        try:
            importlib.import_module(module)
        except Exception as error:  # whatever an import may raise, the person wants to read it
            yield Check("problem", f"{package} cannot be imported: {error}", "run make install again")
        else:
            yield Check("ok", f"{package} {_version(package)}")


def _devices() -> Iterator[Check]:
    import torch

    from arena.networks.training import faster_precision, use_one_thread

    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            gpu = torch.cuda.get_device_properties(i)
            yield Check("ok", f"GPU {i}: {gpu.name}, {gpu.total_memory / 2**30:.0f} GiB")
    else:
        yield Check("ok", "no GPU: matches are played on the CPU")
    use_one_thread()
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        faster = faster_precision(device)
        slower = "fp32" if faster == "bf16" else "bf16"
        yield Check("ok", f"{faster} is faster than {slower} on {device}: a match uses it by default")


def _ray() -> Check:
    from arena.cluster.table import connected
    from arena.cluster.waiting import gpus
    from arena.types import ArenaError

    try:
        with connected():
            return Check("ok", f"Ray starts here and sees {gpus()} GPUs")
    except ArenaError as error:
        return Check("problem", str(error), "set HOME to a folder that can be written, or play with --ray off")


def _disk(home: Path) -> Check:
    there = home.resolve()
    while not there.exists():
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        return Check("problem", f"{there} cannot be written: {error.strerror}", "choose another folder with --home")
    free = shutil.disk_usage(there).free / 2**30
    text = f"{free:.1f} GiB free for {home}; a round of the default match takes 0.04"
    return Check("ok", text) if free > 2 else Check("warning", text, "free some space or choose another --home")


def _memory() -> Check:
    available = psutil.virtual_memory().available / 2**30
    text = f"{available:.1f} GiB of memory available; the default match takes up to 3.5"
    return Check("ok", text) if available > 3.5 else Check("warning", text, "close something, or play with --ray off")


def _contenders() -> Check:
    load_all()
    failed = broken()
    text = f"{len(contenders())} contenders"
    if failed:
        return Check("warning", f"{text}; not loaded: {', '.join(failed)}", "see arena contenders for the reasons")
    return Check("ok", text)


def _on_device() -> Check:
    from arena.service.devices import missing

    if missing() is None:
        return Check("ok", "the page can judge photos on a visitor's own device")
    return Check(
        "ok", "the page judges photos in the service alone", "make on-device lets visitors' browsers do it, too"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of unknown version"
