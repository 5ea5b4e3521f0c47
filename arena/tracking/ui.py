"""MLflow's UI for a home: the server with light settings, and links that open the right view."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

from arena import children
from arena.tracking.links import experiment_link
from arena.tracking.shipper import ship_all
from arena.tracking.store import MlflowStore, artifact_folder, check_uri, default_uri, is_server
from arena.types import ArenaError

LOG = "mlflow.log"
"""What MLflow's server says, in the home."""
DEFAULT_PORT, PORTS_TRIED = 5000, 100
STARTUP_SECONDS = 180.0
STOP_SECONDS = 5.0

Say = Callable[[str], None]


def _print(text: str) -> None:
    print(text, flush=True)  # a link is of no use in a buffer


def ui_command(root: Path, host: str = "127.0.0.1", port: int = 5000, uri: str | None = None) -> list[str]:
    """The command that serves the UI of a store in a database; `uri`: None for the one inside the home."""
    uri = check_uri(uri or default_uri(root))
    command = children.python("-m", "mlflow", "server", "--backend-store-uri", uri)
    command += ["--artifacts-destination", str(artifact_folder(root, uri))]
    return [*command, "--host", host, "--port", str(port), "--workers", "1", "--uvicorn-opts", "--log-level warning"]


def ui_environment() -> dict[str, str]:
    """The environment for `ui_command`: without job runners one process in place of ten, and nothing calls home."""
    light = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    return {**children.environment(), **light, "MLFLOW_LOGGING_LEVEL": "WARNING"}


def ui_link(host: str, port: int) -> str:
    """Where the UI is, for a browser on this machine."""
    return f"http://{'127.0.0.1' if host in ('0.0.0.0', '') else host}:{port}"


def serve(root: Path, uri: str | None = None, host: str = "127.0.0.1", port: int = 5000, say: Say = _print) -> None:
    """Bring the store up to date, then serve its UI until Ctrl-C; a server has its own UI and is only linked to.

    Raises ArenaError when the port is taken, the store is out of reach or the UI does not start.
    """
    uri = check_uri(uri or default_uri(root))
    if not is_server(uri):
        check_port(host, port)
    store = ship_all(root, uri)
    assert isinstance(store, MlflowStore)
    if is_server(uri):
        say(f"MLflow has every match: {experiment_link(uri, store.experiment_id)}")
        return
    base_url = ui_link(host, port)
    try:
        with _child(ui_command(root, host, port, uri), ui_environment(), root / LOG) as server:
            wait_until_up(server, base_url, root / LOG)
            say(f"MLflow shows the matches of {root}: {experiment_link(base_url, store.experiment_id)}")
            say("Stop it with Ctrl-C.")
            server.wait()
    except KeyboardInterrupt:
        return
    raise ArenaError(f"MLflow's UI stopped by itself with exit code {server.returncode}; see {root / LOG}")


def begin(root: Path, uri: str | None, host: str, port: int) -> subprocess.Popen[bytes]:
    """Start a process that brings the store up to date and then is its server; its group is to be ended by the caller.

    This process never imports MLflow. Raises ArenaError for a URI that makes no sense.
    """
    program = "from arena.tracking.ui import become; become()"
    arguments = [str(root.absolute()), check_uri(uri or default_uri(root)), host, str(port)]
    return _start(children.python("-c", program, *arguments), children.environment(), root / LOG)


def become() -> None:
    """Bring a store up to date, then turn this process into the server of its UI; the arguments are those of begin."""
    root, uri, host, port = Path(sys.argv[1]), *sys.argv[2:]
    try:
        ship_all(root, uri)
    except ArenaError as error:
        sys.exit(f"error: {error}")
    command = ui_command(root, host, int(port), uri)
    os.execve(command[0], command, ui_environment())


def check_port(host: str, port: int, option: str = "--port") -> None:
    """Raise ArenaError unless a server could listen there. `option`: what chooses another."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ArenaError(
            f"MLflow's UI cannot listen on {host}:{port} ({reason}); choose another port with {option}"
        ) from error


def find_port(host: str, port: int, option: str = "--port") -> int:
    """The first of PORTS_TRIED ports from this one on that is free; else `check_port` says what is wrong with it."""
    for candidate in range(port, port + PORTS_TRIED):
        with suppress(ArenaError):
            check_port(host, candidate)
            return candidate
    check_port(host, port, option)
    return port


def wait_until_up(server: subprocess.Popen[bytes], base_url: str, log: Path, seconds: float = STARTUP_SECONDS) -> None:
    """Raise ArenaError if the server ends or does not answer in time."""
    deadline = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(f"{base_url}/health", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    why = f"does not answer after {seconds:.0f} s" if server.poll() is None else "did not start"
    raise ArenaError(f"MLflow's UI {why}; see {log}")


@contextmanager
def _child(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process and all its children, gone at the end, also at the end by SIGTERM, which counts as Ctrl-C here."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    process = _start(command, environment, log)
    try:
        yield process
    finally:
        _end(process)
        signal.signal(signal.SIGTERM, before)


def _start(command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches only us, and we end the whole family in one go.
    with log.open("wb") as file:
        return subprocess.Popen(
            command,
            env=dict(environment),
            cwd=children.NOWHERE,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end(process: subprocess.Popen[bytes]) -> None:
    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, kind)
            process.wait(STOP_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
