"""Serve the application until it is told to stop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import quote

import uvicorn
from fastapi import FastAPI

from arena.commandline import command
from arena.service.app import TICK, create_app
from arena.service.security import TOKEN, check_token, home_token, is_loopback, listen
from arena.service.starts import Starts, Terms
from arena.service.state import MlflowLink
from arena.store.home import Home
from arena.types import ArenaError

STOP_SECONDS = 2
"""What open requests get to finish when the service stops; streams of events end by themselves before."""


class Server(uvicorn.Server):
    """A server of an application (see create_app) that tells its streams when it stops."""

    def __init__(self, application: FastAPI) -> None:
        self.application = application
        super().__init__(
            uvicorn.Config(
                self.application,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )

    @property
    def starts(self) -> Starts:
        """The matches that this server starts."""
        starts: Starts = self.application.state.arena.starts
        return starts

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A second Ctrl-C does not tear down what ends within two seconds anyway."""
        super().handle_exit(sig, frame)
        self.force_exit = False

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first, for which uvicorn would wait for ever, and starts whose settings are being checked."""
        self.application.state.arena.stopping.set()
        self.starts.close()
        await super().shutdown(sockets)


@dataclass(frozen=True)
class Access:
    """Where a service listens, and who may change something.

    `find_port`: take the first free port from `port` on. `token`: one that somebody chose, which is never shown; None
    for the home's own. `names`: see Guard. `show_token`: show the link that signs in although it was shown before.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    find_port: bool = False
    token: str | None = None
    names: tuple[str, ...] = ()
    show_token: bool = False


@dataclass(frozen=True)
class Service:
    """A service that is about to run. `address`: for a browser on this machine. `signing_in`: how one does, for people.

    Connections that are made before it runs wait for it.
    """

    server: Server
    bound: socket.socket
    address: str
    signing_in: str

    def run(self) -> None:
        """Serve until a signal or `stop`. Raises KeyboardInterrupt after a signal."""
        self.server.run(sockets=[self.bound])

    def stop(self) -> None:
        """Let `run` return soon; any thread may call."""
        self.server.should_exit = True


@contextmanager
def opened(
    root: Path, access: Access, terms: Terms | None = None, mlflow_link: MlflowLink | None = None
) -> Iterator[Service]:
    """A service over a home that has its port already.

    An empty home is made where there is none. Raises ArenaError when that cannot be, the port is taken, or others could
    reach it and nobody chose a token.
    """
    host = access.host
    if access.token is not None:
        check_token(access.token, "the token in ARENA_TOKEN")
    elif not is_loopback(host):
        raise ArenaError(f"listening on {host} lets others reach the arena: choose a token in ARENA_TOKEN first")
    Home.create(root).close()  # before a token is put into a folder that is no home
    with listen(host, access.port, access.find_port) as bound:
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{bound.getsockname()[1]}"
        is_new = not (root / TOKEN).exists()
        token = access.token or home_token(root)
        names = [*access.names, *([] if is_loopback(host) else [host])]
        server = Server(create_app(root, token, names, TICK, terms, mlflow_link))
        yield Service(server, bound, address, _signing_in(root, access, address, token, is_new))


def _signing_in(root: Path, access: Access, address: str, token: str, is_new: bool) -> str:
    """A link with the token in its fragment, which no browser sends to anybody; otherwise where the token is."""
    if access.token is not None:
        return "Sign in with the token in ARENA_TOKEN."
    if is_new or access.show_token:
        return f"Sign in at {address}/#token={quote(token)}"
    return f"Sign in with the token in {root / TOKEN}; --show-token shows the link that does."


def serve(
    root: Path,
    access: Access,
    say: Callable[[str], None] = print,
    terms: Terms | None = None,
    mlflow_link: MlflowLink | None = None,
) -> None:
    """Serve a home until Ctrl-C or SIGTERM; matches that were started meanwhile go on. Raises what `opened` raises."""
    with opened(root, access, terms, mlflow_link) as service:
        say(f"The arena in {root} is served at {service.address}")
        say(service.signing_in)
        say("Stop it with Ctrl-C.")
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            service.run()
        except KeyboardInterrupt:  # how uvicorn passes on the signal that stopped it
            pass
        finally:
            signal.signal(signal.SIGTERM, before)
        going_on = service.server.starts.close()
        if going_on:
            stops = "".join(f"\n    {command('stop', name, home=root)}" for name in going_on)
            say(f"Still being played: {', '.join(going_on)}; what stops it:{stops}")
