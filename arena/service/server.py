"""Serve the application until it is told to stop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

import uvicorn

from arena.service.app import TICK, create_app
from arena.service.security import check_token, home_token, is_loopback, listen
from arena.store.home import Home
from arena.types import ArenaError

STOP_SECONDS = 2
"""What open requests get to finish when the service stops; streams of events end by themselves before."""


class Server(uvicorn.Server):
    """A server over a home that tells its streams when it stops."""

    def __init__(self, root: Path, token: str | None = None, names: Iterable[str] = (), tick: float = TICK) -> None:
        """As create_app. Raises ArenaError when there is no home."""
        self.application = create_app(root, token, names, tick)
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

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first: uvicorn waits for open responses, and theirs would never end."""
        self.application.state.arena.stopping.set()
        await super().shutdown(sockets)


def serve(
    root: Path,
    host: str,
    port: int,
    token: str | None,
    names: Iterable[str] = (),
    say: Callable[[str], None] = print,
) -> None:
    """Serve a home until Ctrl-C or SIGTERM. `token`: the given one, or None for the home's own.

    Raises ArenaError when there is no home, the address is taken, or others could reach it and nobody chose a token.
    """
    if token is not None:
        check_token(token, "the token in ARENA_TOKEN")
    elif not is_loopback(host):
        raise ArenaError(f"listening on {host} lets others reach the arena: choose a token in ARENA_TOKEN first")
    Home.open(root).close()  # before a token is put into a folder that is no home
    with listen(host, port) as bound:
        server = Server(root, token or home_token(root), [*names, *([] if is_loopback(host) else [host])])
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        say(f"The arena in {root} is served at http://{shown}:{bound.getsockname()[1]}")
        say("Stop it with Ctrl-C.")
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            server.run(sockets=[bound])
        except KeyboardInterrupt:  # how uvicorn passes on the signal that stopped it
            return
        finally:
            signal.signal(signal.SIGTERM, before)
