"""Who may do what: the bearer token, the guard in front of every route, and where the service may listen."""

from __future__ import annotations

import contextlib
import errno
import hmac
import ipaddress
import os
import secrets
import socket
import stat
from collections.abc import Iterable
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arena.store.disk import readable_errors
from arena.types import ArenaError

TOKEN = "token"
"""Name of the token's file in the home."""
SHORTEST_TOKEN = 16
PORTS_TRIED = 100
"""Ports that are tried where a free one is to be found."""
OPEN_METHODS = ("GET", "HEAD")
"""Methods that only look. Every other one needs the token, on every route, whoever adds it."""
MOST_BODY = 16_000_000
"""Bytes of a request on any route; those of photos have a limit of their own, which is lower."""
SIGNED_IN = "arena.signed_in"
"""Where the guard notes in a request's scope whether it carries the token."""
_POLICY = (
    "default-src 'none'; script-src 'self'{more}; style-src 'self'; img-src 'self'{images}; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_PERMISSIONS = "camera=({camera}), microphone=(), geolocation=()"
HEADERS = {
    "content-security-policy": _POLICY.format(more="", images=""),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": _PERMISSIONS.format(camera=""),
}
"""Of every response. No CORS header is among them: pages of other origins can read nothing."""
PAGE_HEADERS = HEADERS | {
    "content-security-policy": _POLICY.format(more=" 'wasm-unsafe-eval'", images=" blob:"),
    "permissions-policy": _PERMISSIONS.format(camera="self"),
}
"""Of the page itself, which may judge photos on the visitor's device: by WebAssembly, still without `eval`.
Plotly makes the PNG of a chart out of an image that it has in memory. Where the visitor allows it, the page, and
nothing in a frame of it, takes a picture with the camera."""


class Guard:
    """In front of every route: refuses foreign host names, changes without the token, and endless bodies."""

    def __init__(self, app: ASGIApp, token: str | None, names: Iterable[str]) -> None:
        """`token`: None lets nobody change anything. `names`: host names of this service besides localhost."""
        self._app = app
        self._token = None if token is None else token.encode()
        self._names = {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102 - ASGI
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})  # there is none, so none can be left unguarded
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(PAGE_HEADERS if scope["path"] == "/" else HEADERS)
            await send(message)

        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MOST_BODY:
                raise HTTPException(413, f"the request has more than {MOST_BODY / 1e6:g} MB")
            return message

        headers = Headers(scope=scope)
        scope[SIGNED_IN] = self._has_token(headers.get("authorization", ""))
        refusal = self._refusal(scope["method"], headers, scope[SIGNED_IN])
        await (refusal or self._app)(scope, receive_some, send_guarded)

    def _refusal(self, method: str, headers: Headers, signed_in: bool) -> JSONResponse | None:
        if not self._is_own_name(headers.get("host", "")):
            detail = "this service does not go by the host name of the request; see arena serve --allow-host"
            return JSONResponse({"detail": detail}, 421)
        if method in OPEN_METHODS or signed_in:
            return None
        detail = f"{method} needs the token of this arena: send the header Authorization: Bearer TOKEN"
        return JSONResponse({"detail": detail}, 401, {"www-authenticate": "Bearer"})

    def _is_own_name(self, host: str) -> bool:
        """Another site can point its own name at this address (DNS rebinding), but not an address at itself."""
        name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        return name.lower() in self._names or _is_address(name)

    def _has_token(self, header: str) -> bool:
        scheme, _, given = header.partition(" ")
        if self._token is None or scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(given.strip().encode(), self._token)


def home_token(root: Path) -> str:
    """The home's token, made at first use, for its owner's eyes only. Raises ArenaError when others can read it."""
    path = root / TOKEN
    with readable_errors(f"the token {path}"):
        if not path.exists():
            _make_token(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ArenaError(f"others can read the token {path}: chmod 600 it, or delete it and a new one is made")
        return check_token(path.read_text(encoding="ascii", errors="replace").strip(), f"the token {path}")


def _make_token(path: Path) -> None:
    partial = path.with_name(f".{TOKEN}.{secrets.token_hex(8)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        with contextlib.suppress(FileExistsError):  # another service was faster: its token is everybody's
            os.link(partial, path)
    finally:
        partial.unlink()


def check_token(token: str, what: str) -> str:
    """A token that cannot be guessed. Raises ArenaError."""
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ArenaError(f"{what} must be {SHORTEST_TOKEN} or more printable ASCII characters without spaces")
    return token


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a service that listens there."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def listen(host: str, port: int, find: bool = False) -> socket.socket:
    """A socket that is bound and listens; port 0 takes a free one. `find`: the first free port from this one on.

    Raises ArenaError when it cannot be had.
    """
    for candidate in range(port, port + (PORTS_TRIED if find else 1)):
        try:
            return _listen(host, candidate)
        except (OSError, OverflowError) as error:
            reason, is_taken = getattr(error, "strerror", None) or error, getattr(error, "errno", 0) == errno.EADDRINUSE
            if not (find and is_taken and candidate < port + PORTS_TRIED - 1):
                raise ArenaError(
                    f"the arena's page cannot listen on {host}:{candidate} ({reason}); choose another port with "
                    "--port, or take the next free one with --port auto"
                ) from error
    raise AssertionError("unreachable")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Said outright, TCP is what asyncio turns Nagle's algorithm off for: 48 ms per answer otherwise, 3 ms with it.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(128)
    except (OSError, OverflowError):
        bound.close()
        raise
    return bound


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
