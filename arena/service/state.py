"""What the routes share: the followed ledger, who is playing, and answers that are made once per change."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

from fastapi import Request, Response

from arena.service import models, pictures, views
from arena.service.devices import Devices
from arena.service.photos import PhotoCheck
from arena.service.places import Places
from arena.service.players import Players
from arena.service.realfaces import RealFaces
from arena.service.starts import Starts, Terms
from arena.service.walks import Walks
from arena.store.follow import CommittedRound, Follower
from arena.store.home import MatchRow
from arena.store.progress import read_progress

MOST_ANSWERS = 64
"""Answers that are kept, of up to some 250 kB each; the least recently asked for goes first."""
MOST_STREAMS, MOST_STREAMS_EACH = 256, 64
"""Streams of events, in all and for one address: a proxy's is that of everybody behind it."""
STREAM_RETRY_SECONDS = 5
REVALIDATE, FOR_EVER = "no-cache", "private, max-age=31536000, immutable"
"""A browser asks whether its copy is still good, or never again."""


MlflowLink = Callable[[Sequence[MatchRow]], str | None]
"""The address of matches in MLflow's UI, None when it knows nothing of one. Asked in a thread; raises ArenaError."""


class State:
    """Everything a request needs. Lives on the event loop's thread, which alone touches it."""

    def __init__(
        self, root: Path, tick: float, terms: Terms | None = None, mlflow_link: MlflowLink | None = None
    ) -> None:
        """`tick`: seconds between two looks at the ledger for a stream of events. Raises ArenaError without a home."""
        root = root.absolute()  # the processes that are started for it are elsewhere
        self.ledger = Follower(root)
        self.starts = Starts(root, terms or Terms())
        self.players = Players(self.ledger, self.starts)
        self.mlflow_link = mlflow_link
        self.tick = tick
        self.stopping = asyncio.Event()
        """Set when the server goes down, so that streams end by themselves."""
        self.films = pictures.Films()
        self.reals = RealFaces(root)
        self.photos = PhotoCheck()
        self.walks = Walks()
        self.devices = Devices(root)
        self.streams = Places(MOST_STREAMS, MOST_STREAMS_EACH, "streams of events are open", STREAM_RETRY_SECONDS)
        self.contenders: asyncio.Task[models.Contenders] | None = None
        self._answers: OrderedDict[Hashable, tuple[Hashable, bytes, str]] = OrderedDict()

    async def close(self) -> None:
        """Let go of the ledger and of what is still being asked."""
        self.photos.close()
        self.walks.close()
        self.devices.close()
        if self.contenders is not None:
            self.contenders.cancel()
            await asyncio.gather(self.contenders, return_exceptions=True)
        self.ledger.close()

    def progress(self, match: str) -> models.Progress | None:
        """Where the training of a match stands that is being played."""
        return views.progress_view(self.ledger, match, read_progress(self.ledger.home.match_folder(match)))

    def answer(self, request: Request, version: Hashable, make: Callable[[], models.Model]) -> Response:
        """A JSON answer that is made again when `version` changes, and sent only to who does not have it."""
        key = request.scope["path"], request.scope["query_string"]
        kept = self._answers.get(key)
        if kept is None or kept[0] != version:
            body = make().model_dump_json(by_alias=True).encode()
            kept = self._answers[key] = version, body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            if len(self._answers) > MOST_ANSWERS:
                self._answers.popitem(last=False)
        self._answers.move_to_end(key)
        _, body, etag = kept
        return _unless_known(request, etag, REVALIDATE) or _response(body, "application/json", etag, REVALIDATE)


def committed(
    request: Request,
    round: CommittedRound,
    make: Callable[[], bytes],
    media_type: str = "image/png",
    also: str | None = None,
) -> Response:
    """An answer about a round, which never changes again; touches no state, so that it may run in a thread.

    Asked for with the round's version in the address, it may be kept for ever. Without it a browser has to ask again:
    a home may be deleted and a match of the same name played anew. `also`: what else the answer depends on; it may
    then never be kept without asking.
    """
    version = views.version_of(round)
    lifetime = FOR_EVER if also is None and request.query_params.get("v") == version else REVALIDATE
    return versioned(request, version if also is None else f"{version}-{also}", make, media_type, lifetime)


def versioned(
    request: Request, version: str, make: Callable[[], bytes], media_type: str, lifetime: str = REVALIDATE
) -> Response:
    """An answer that is made only for who does not have this version of it; touches no state."""
    etag = f'"{version}"'
    return _unless_known(request, etag, lifetime) or _response(make(), media_type, etag, lifetime)


def _unless_known(request: Request, etag: str, lifetime: str) -> Response | None:
    given = request.headers.get("if-none-match")
    if given is None or not (given == "*" or etag in (tag.strip().removeprefix("W/") for tag in given.split(","))):
        return None
    return Response(status_code=304, headers={"etag": etag, "cache-control": lifetime})


def _response(body: bytes, media_type: str, etag: str, lifetime: str) -> Response:
    return Response(body, media_type=media_type, headers={"etag": etag, "cache-control": lifetime})
