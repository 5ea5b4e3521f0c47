"""What the routes share: the followed ledger, who is playing, and answers that are made once per change."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path

from fastapi import Request, Response

from arena.service import models, pictures, views
from arena.service.photos import PhotoCheck
from arena.service.realfaces import RealFaces
from arena.service.records import Record, last_words, read_records
from arena.service.starts import Starts, Terms
from arena.store.follow import CommittedRound, Follower
from arena.store.home import MatchRow
from arena.store.lock import last_holder, locked_at
from arena.store.progress import read_progress

MOST_ANSWERS = 64
"""Answers that are kept, of up to some 250 kB each; the least recently asked for goes first."""
SECONDS_BETWEEN_LOOKS = 0.5
"""How often the locks of unfinished matches are looked at. Rarely: for an instant, looking takes the lock."""
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
        self.ledger = Follower(root)
        self.starts = Starts(root, terms or Terms())
        self.mlflow_link = mlflow_link
        self.tick = tick
        self.stopping = asyncio.Event()
        """Set when the server goes down, so that streams end by themselves."""
        self.films = pictures.Films()
        self.reals = RealFaces(root)
        self.photos = PhotoCheck()
        self.contenders: asyncio.Task[models.Contenders] | None = None
        self.statistics: asyncio.Task[object] | None = None
        """Loads what the standings need, which takes SciPy a second and more, while other requests are answered."""
        self._answers: OrderedDict[Hashable, tuple[Hashable, bytes, str]] = OrderedDict()
        self._playing: tuple[str, ...] = ()
        self._resumed: set[str] = set()
        self._records: dict[str, Record] = {}
        self._last_words: dict[Record, str | None] = {}
        self._next_look = 0.0

    async def close(self) -> None:
        """Let go of the ledger and of what is still being asked."""
        if self.contenders is not None:
            self.contenders.cancel()
            await asyncio.gather(self.contenders, return_exceptions=True)
        self.photos.close()
        self.ledger.close()

    async def statistics_loaded(self) -> None:
        """Wait until intervals can be computed at once."""
        if self.statistics is not None and not self.statistics.done():
            await asyncio.shield(self.statistics)

    def playing(self) -> tuple[str, ...]:
        """Unfinished matches that a process is at, in order of their names."""
        self._look()
        # A match that has ended since the last look is not played any more, whatever its process still does.
        return tuple(n for n in self._playing if n in self._resumed or not self._is_finished(n))

    def problems(self) -> Mapping[str, str]:
        """Why matches have stopped, or could not go on, whose process this service or an earlier one had started."""
        self._look()
        found: dict[str, str] = {}
        for name, record in self._records.items():
            if name in self.ledger.matches and not record.is_alive and name not in self._playing:
                words = self._words_of(record) if self._was_last_to_play(record) else None
                found |= {} if words is None else {name: words}
        return found

    def started(self) -> list[models.Start]:
        """What was started and is not in the ledger yet, the newest first."""
        self._look()
        missing = [record for name, record in self._records.items() if name not in self.ledger.matches]
        return [self.start(record) for record in sorted(missing, key=lambda record: -record.at)]

    def start(self, record: Record) -> models.Start:
        """A process that was started, as it is shown."""
        if record.is_alive:
            return models.Start(name=record.name, at=record.at, status="starting", problem=None)
        problem = self._words_of(record) or "it was stopped before it began"
        return models.Start(name=record.name, at=record.at, status="failed", problem=problem)

    def look_again(self) -> None:
        """Something has just been started or stopped."""
        self._next_look = 0.0

    def _look(self) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self.starts.reap()
        ledger = self.ledger
        unfinished = {name for name in ledger.matches if not self._is_finished(name)}
        records = {record.name: record for record in read_records(ledger.root)}
        # A process may have entered its match and ended since the ledger was read: it has not failed.
        entered = {name for (name,) in ledger.home.rows("SELECT name FROM match")} if records else set()
        resumed = {name for name, record in records.items() if record.at > self._last_commit(name)}
        shown = {n for n in records if n in unfinished or n not in entered or (n in ledger.matches and n in resumed)}
        self._records = {name: records[name] for name in shown}
        alive = {name for name, record in self._records.items() if record.is_alive}
        self._resumed = alive & resumed & ledger.matches.keys()
        locked = {name for name in unfinished if ledger.home.is_playing(name)}
        self._playing = tuple(sorted(locked | alive & (unfinished | self._resumed)))
        self._next_look = now + SECONDS_BETWEEN_LOOKS

    def _is_finished(self, name: str) -> bool:
        return views.is_finished(self.ledger, self.ledger.matches[name])

    def _last_commit(self, name: str) -> float:
        rounds = self.ledger.rounds.get(name)
        return rounds[-1].committed if rounds else 0.0

    def _words_of(self, record: Record) -> str | None:
        if record not in self._last_words:
            self._last_words[record] = last_words(self.ledger.root, record.name)
        return self._last_words[record]

    def _was_last_to_play(self, record: Record) -> bool:
        """Whether nobody else has played the match since, from a shell for instance."""
        folder = self.ledger.home.match_folder(record.name)
        last = last_holder(folder)
        return last is None or last.pid == record.pid or locked_at(folder) < record.at

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
