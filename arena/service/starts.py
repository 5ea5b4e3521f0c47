"""Start, resume and stop matches. Each is a process of its own, which goes on unless whoever serves ends it, too."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from secrets import token_hex
from typing import Any

import psutil
import yaml

from arena import children, locks
from arena.play.config import MatchConfig, WrongSetting, check_name, numbered_names, validate
from arena.service.checker import WHERE
from arena.service.records import FOLDER, STOPPED, Record, read_record, read_records, record_path
from arena.service.room import matches_in_cluster, most_matches
from arena.store.disk import readable_errors
from arena.store.home import Home, match_lock
from arena.types import ArenaError

COMMAND = "from arena.cli import main; main()"
"""The command line, as a program for `python -c`."""
CHECK = "from arena.service.checker import check; check({answer}); "
"""What a new match's process does first."""
LOOK_SECONDS = 0.1
"""Between two looks whether the service stops meanwhile."""
CHECK_SECONDS = 120.0
"""What the check of the settings may take before the start counts as under way."""


class Conflict(ArenaError):  # noqa: N818 - an answer, not a mistake
    """It cannot be done in the present state of the match."""


class Busy(ArenaError):  # noqa: N818
    """As many matches are being played as this service plays at once."""


@dataclass(frozen=True)
class Terms:
    """How matches are played that a service starts. `ray`, `mlflow`, `patience`: as `arena run` takes them.

    `most`: at once; None for as many as this machine, or the Ray cluster at the address `ray`, has room for. `end`:
    they are ended when the service is, as `arena up` does it.
    """

    ray: str = "local"
    mlflow: str | None = None
    most: int | None = None
    patience: float | None = None
    end: bool = False

    @property
    def cluster(self) -> str | None:
        """The address of a cluster to join; None where matches are played on this machine."""
        return None if self.ray in ("local", "off") else self.ray


class Starts:
    """The processes that play a home's matches. Any thread may call; nothing here may run on the event loop.

    What it knows is on disk, but for one thing: which processes are its own children, to end them on request.
    """

    def __init__(self, root: Path, terms: Terms) -> None:
        self._root, self._terms = root.resolve(), terms
        self._most = terms.most or (most_matches() if terms.cluster is None else None)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    @property
    def end_with_service(self) -> bool:
        """Whether what is started here is ended when the service is."""
        return self._terms.end

    def begin(self, name: str | None, settings: Mapping[str, Any], preset: str | None = None) -> Record:
        """Start a new match. `name`: None for one made of the contenders. `preset`: what the settings stand above.

        Returns once the settings are known to be playable. Raises WrongSetting, Conflict or Busy.
        """
        config = validate(settings, WHERE, contenders=False)
        with self._alone():
            name = self._free_name(name, config)
            self._refuse_too_many()
            file = record_path(self._root, name, "yaml")
            file.write_text(yaml.safe_dump(dict(settings)), encoding="utf-8")
            known = [] if preset is None else ["--preset", preset]
            with _pipe() as (answer, verdict):
                words = ["run", str(file), "--name", name, *known]
                self._spawn(name, CHECK.format(answer=verdict) + COMMAND, words, verdict)
                answer = os.dup(answer)
        wrong = self._read_verdict(answer)
        if wrong is not None:
            self._discard(name)
            raise wrong
        return self._record(name)

    def resume(self, name: str, rounds: int | None) -> Record:
        """Go on with a match of the ledger. `rounds`: this many more. Raises Conflict or Busy."""
        with self._alone():
            if locks.is_held(match_lock(self._root, name)):
                raise Conflict(f"{name} is being played; stop it first")
            self._refuse_living(name)
            self._refuse_too_many()
            more = [] if rounds is None else ["--rounds", str(rounds)]
            self._spawn(name, COMMAND, ["resume", name, *more])
            return self._record(name)

    def stop(self, name: str) -> None:
        """Tell whoever plays a match, or is about to, to stop: it ends within moments. Raises Conflict."""
        lock = match_lock(self._root, name)
        player, record = locks.holder(lock), read_record(self._root, name)
        if player is not None and not player.is_here:
            raise Conflict(f"{name} is being played on {player.host}; stop it there")
        starting = record.pid if record is not None and record.is_alive else None
        pid = starting if player is None else player.pid
        try:
            if pid is None:
                raise psutil.NoSuchProcess(0)
            process = psutil.Process(pid)  # which from here on is never taken for a later one of the same number
            if (locks.holder(lock), read_record(self._root, name)) != (player, record):
                raise psutil.NoSuchProcess(pid)
            if record is not None and record.pid == pid:
                self.note_stop(name)
            process.send_signal(signal.SIGTERM)
        except psutil.NoSuchProcess:
            raise Conflict(f"nobody is playing {name}") from None
        except psutil.AccessDenied:
            raise Conflict(f"{name} is being played by another user of this machine, who alone can stop it") from None

    def note_stop(self, name: str) -> None:
        """Note in the log of a match's process that it was told to stop: while Ray starts, it ends without a word."""
        with record_path(self._root, name, "log").open("a", encoding="utf-8") as log:
            log.write(f"{STOPPED} it was told to stop\n")

    def forget(self, name: str) -> None:
        """Forget a start that failed. Raises Conflict while it lives."""
        with self._alone():
            self._refuse_living(name)
            self._remove(name)

    def reap(self) -> None:
        """Let children go that have ended."""
        with self._lock:
            self._children = {name: child for name, child in self._children.items() if child.poll() is None}

    def close(self) -> dict[str, subprocess.Popen[bytes]]:
        """Start nothing any more, and return the children that live by the names of their matches."""
        with self._lock:
            self._is_closed = True
            return {name: child for name, child in self._children.items() if child.poll() is None}

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread and no other service over this home starts anything meanwhile."""
        with readable_errors(f"the home {self._root}"):
            (self._root / FOLDER).mkdir(exist_ok=True)
            with locks.hold(self._root / FOLDER / ".lock"):
                yield

    def _free_name(self, name: str | None, config: MatchConfig) -> str:
        with contextlib.closing(Home.open(self._root)) as home:
            matches = {row.name for row in home.matches()}
        if name is None:
            taken = matches | {record.name for record in read_records(self._root)} | self._locked()
            name = next(free for free in numbered_names(config) if free not in taken)
        try:
            check_name(name)
        except ArenaError as error:
            raise WrongSetting("the name", str(error), "name") from error
        if name in matches:
            raise Conflict(f"there is already a match named {name}; resume it, or choose another name")
        self._refuse_living(name)
        return name

    def _refuse_living(self, name: str) -> None:
        record = read_record(self._root, name)
        if record is not None and record.is_alive:
            raise Conflict(f"a process for {name} has been started and lives; wait or stop it")

    def _refuse_too_many(self) -> None:
        started = {record.name for record in read_records(self._root) if record.is_alive}
        playing = started | self._locked()
        if self._most is None:
            self._refuse_without_room(started)
        elif len(playing) >= self._most:
            verb = "matches are" if len(playing) > 1 else "match is"
            raise Busy(
                f"{len(playing)} {verb} being played ({', '.join(sorted(playing))}), as many as this service plays "
                "at once; stop one, wait, or allow more with --most-matches"
            )

    def _locked(self) -> set[str]:
        """Matches that a process plays or is about to start."""
        names = [folder.name for folder in (self._root / "matches").iterdir()]
        return {name for name in names if locks.is_held(match_lock(self._root, name))}

    def _refuse_without_room(self, started: Collection[str]) -> None:
        """Raise Busy when the cluster has no free places but for matches that have yet to take theirs.

        Raises ArenaError when the cluster cannot be asked.
        """
        cluster = str(self._terms.cluster)
        free = matches_in_cluster(cluster)
        with contextlib.closing(Home.open(self._root)) as home:
            unseated = [name for name in started if home.last_round(name) is None]
        if free <= len(unseated):
            raise Busy(
                f"the Ray cluster at {cluster!r} has no free places for another match; stop one, wait, or say with "
                "--most-matches how many may wait for each other"
            )

    def _spawn(self, name: str, program: str, arguments: Sequence[str], *descriptors: int) -> None:
        """Start a process and its record, whose lock it inherits."""
        arguments = [*arguments, "--home", str(self._root), "--ray", self._terms.ray]
        given = {"--mlflow": self._terms.mlflow, "--patience": self._terms.patience}
        arguments += [text for name, value in given.items() if value is not None for text in (name, str(value))]
        environment = children.environment({key: value for key, value in os.environ.items() if key != "ARENA_TOKEN"})
        partial = self._root / FOLDER / f".{name}.{token_hex(8)}"
        with partial.open("x", encoding="utf-8") as record, record_path(self._root, name, "log").open("ab") as log:
            log.truncate(0)
            locks.seize(record.fileno())
            at = time.time()
            # The lock is for this process alone: none of its own children may keep it.
            program = f"import os; os.set_inheritable({record.fileno()}, False); {program}"
            with self._lock:
                if self._is_closed:
                    partial.unlink()
                    raise Conflict("the service is about to stop and starts nothing any more")
                earlier = self._children.pop(name, None)
                if earlier is not None:
                    earlier.wait()  # it has let go of its record, so it is all but gone
                os.replace(partial, record_path(self._root, name))  # noqa: PTH105 - the atomic call by its own name
                child = self._children[name] = subprocess.Popen(
                    children.python("-c", program, *arguments),  # in this folder, from which settings name faces
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=(record.fileno(), *descriptors),
                )
            record.write(json.dumps({"at": at, "pid": child.pid}))

    def _read_verdict(self, answer: int) -> WrongSetting | None:
        """What the process says about its settings; one that says nothing in time, or dies, counts as under way."""
        deadline = time.monotonic() + CHECK_SECONDS
        with os.fdopen(answer, "rb") as pipe:
            while not wait([answer], LOOK_SECONDS):  # select() fails beyond a thousand open files
                if self._is_closed or time.monotonic() > deadline:
                    return None
            found = json.loads(pipe.read() or b"{}")
        return WrongSetting(WHERE, found["sentence"], found["place"]) if found else None

    def _record(self, name: str) -> Record:
        record = read_record(self._root, name)
        assert record is not None
        return record

    def _discard(self, name: str) -> None:
        """Forget a start whose settings were refused, once its process is gone."""
        with self._lock:
            child = self._children.get(name)
        if child is not None:
            child.wait()
        with self._alone(), contextlib.suppress(Conflict):
            self._refuse_living(name)  # a new start of the same name may have been faster
            self._remove(name)

    def _remove(self, name: str) -> None:
        for kind in ("json", "yaml", "log"):
            record_path(self._root, name, kind).unlink(missing_ok=True)


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)
