"""The service, MLflow's UI and a match: begun together, each on its own feet, ended together."""

from __future__ import annotations

import codecs
import contextlib
import math
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.live import Live

from arena.cli.bars import bars
from arena.cli.console import console, tell
from arena.cli.family import end_all, one_interrupt
from arena.commandline import command
from arena.play.config import validate
from arena.service.records import read_record, record_path
from arena.service.server import Access, Service, opened
from arena.service.starts import Terms
from arena.store.home import Home, match_folder
from arena.store.progress import read_progress
from arena.tracking import ui
from arena.tracking.links import Links
from arena.tracking.store import check_uri, is_server
from arena.types import ArenaError

HOST = "127.0.0.1"
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class NewMatch:
    """A match to begin with. `name`: None for one made of the contenders. `preset`: what its settings stand above."""

    name: str | None
    settings: Mapping[str, Any]
    preset: str | None = None


def mlflow_links(uri: str | None, ui_url: str | None = None) -> Links | None:
    """Where MLflow's UI shows matches; None when no UI is known. `uri`: as `--mlflow`. Raises ArenaError."""
    server = check_uri(uri) if uri not in (None, "off") else None
    server = server if server is not None and is_server(server) else None
    shown = ui_url or server
    return None if shown is None else Links(shown, server)


def play_beside_the_page(root: Path, access: Access, terms: Terms, new: NewMatch, as_json: bool) -> None:
    """`arena run --serve`."""
    if as_json:
        raise ArenaError("--serve shows a page and --json talks to a program; ask the API instead, or leave one out")
    hold(root, access, terms, new, mlflow_port=None)


def hold(root: Path, access: Access, terms: Terms, new: NewMatch | None, mlflow_port: int | None) -> None:
    """Serve a home until Ctrl-C, with a match and MLflow's UI if they are wanted; at the end nothing is left running.

    `mlflow_port`: None for no UI of our own. Raises ArenaError when a port is taken or the match cannot be played.
    """
    terms = replace(terms, end=True)
    if new is not None:
        validate(new.settings, "the settings", contenders=False)
    Home.create(root).close()
    links = mlflow_links(terms.mlflow)
    if links is not None or terms.mlflow == "off":
        mlflow_port = None
    if mlflow_port is not None:
        if access.find_port:
            mlflow_port = ui.find_port(HOST, mlflow_port, "--mlflow-port")
        ui.check_port(HOST, mlflow_port, "--mlflow-port, or take the next free one with --port auto")
        links = Links(ui.ui_link(HOST, mlflow_port))
    with one_interrupt() as hurry, opened(root, access, terms, links) as service:
        parts = _Parts(root, service, links)
        parts.say(f"The arena in {root} is at {service.address}")
        parts.say(service.signing_in)
        if new is not None:
            parts.go_on_beside(lambda: parts.play(new))
        if mlflow_port is not None:
            parts.go_on_beside(lambda: parts.show_mlflow(terms.mlflow, mlflow_port))
        elif links is not None:
            parts.go_on_beside(parts.say_where_mlflow_is)
        parts.say("Ctrl-C ends all of it.")
        with contextlib.suppress(KeyboardInterrupt):
            service.run()
        parts.end(hurry)
    if parts.refusal is not None:
        raise parts.refusal


class _Parts:
    """What goes on beside the service, each part in a thread that waits for its process."""

    def __init__(self, root: Path, service: Service, links: Links | None) -> None:
        self.root, self.service, self.links = root, service, links
        self.refusal: ArenaError | None = None
        self._out = console()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._servers: list[subprocess.Popen[bytes]] = []
        self._lives: list[Live] = []
        self._threads: list[threading.Thread] = []

    def say(self, text: str) -> None:
        """A line for people; a terminal that is gone is no reason to leave anything running."""
        with contextlib.suppress(OSError):
            tell(self._out, text)

    def go_on_beside(self, part: Callable[[], None]) -> None:
        """Let a part go on in its own thread."""
        thread = threading.Thread(target=part, daemon=True)
        self._threads.append(thread)
        thread.start()

    def play(self, new: NewMatch) -> None:
        """Play a match and pass on what it says; if it cannot be played at all, everything ends."""
        try:
            name = self.service.server.starts.begin(new.name, new.settings, new.preset).name
        except ArenaError as error:
            if not self._closing.is_set():
                self.refusal = error
                self.service.stop()
            return
        self._pass_on(name)
        if not self._closing.is_set():
            self.say(f"{name} is over; the page stays, until Ctrl-C.")

    def show_mlflow(self, uri: str | None, port: int) -> None:
        """Run MLflow's UI and say where it is; without it, the rest goes on."""
        log = self.root / ui.LOG
        with self._lock:
            if self._closing.is_set():
                return
            server = ui.begin(self.root, uri, HOST, port)
            self._servers.append(server)
        try:
            ui.wait_until_up(server, ui.ui_link(HOST, port), log, seconds=math.inf)  # it is in nobody's way
            self.say_where_mlflow_is()
            server.wait()
            raise ArenaError(f"MLflow's UI has ended by itself; see {log}")
        except ArenaError as error:
            if not self._closing.is_set():
                self.say(f"{error}. The rest goes on.")

    def say_where_mlflow_is(self) -> None:
        """The address of all matches in MLflow."""
        assert self.links is not None
        try:
            self.say(f"MLflow shows the matches at {self.links()}")
        except ArenaError as error:
            self.say(f"{error}. The rest goes on.")

    def end(self, hurry: threading.Event) -> None:
        """End every process that was started here, by a command or by the page."""
        with self._lock:
            self._closing.set()
            servers = list(self._servers)
            for live in self._lives:
                live.stop()
        matches = self.service.server.starts.close()
        if matches or servers:
            self.say("stopping")
        for name in matches:
            self.say(f"continue with: {command('resume', name, home=self.root)}")
            self.service.server.starts.note_stop(name)
        end_all(list(matches.values()), servers, hurry)
        for thread in self._threads:
            thread.join(1.0)

    def _pass_on(self, name: str) -> None:
        """Say what a match's process says, until it is gone, and show below it on a terminal how the match stands."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        rest, is_alive = "", True
        with record_path(self.root, name, "log").open("rb") as log, self._bars(name):
            while is_alive:
                record = read_record(self.root, name)
                is_alive = record is not None and record.is_alive
                *lines, rest = (rest + decoder.decode(log.read())).split("\n")
                for line in lines:
                    self.say(line)
                time.sleep(LOOK_SECONDS)

    @contextlib.contextmanager
    def _bars(self, name: str) -> Iterator[None]:
        """Show on a terminal how a match stands, below what is said, until the block ends or everything does."""
        folder = match_folder(self.root, name)

        def picture() -> Group:
            underway = read_progress(folder)
            return Group(*([bars(underway, self._out.width)] if underway else []))

        live = Live(console=self._out, get_renderable=picture, transient=True, redirect_stdout=False)
        with self._lock:
            if self._out.is_terminal and not self._closing.is_set():
                live.start()
                self._lives.append(live)
        try:
            yield
        finally:
            with self._lock:
                live.stop()
