"""From the outbox to MLflow: in order, each errand once, and never in the way of a match.

The store itself remembers, in a tag of the run, which errand it was told last. So a crash between telling and noting
it here costs a repetition that MLflow drops, a match that changes its store takes its whole past along, and a store
that is thrown away is made again from the ledger.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from arena import locks
from arena.store.home import Home
from arena.store.outbox import Errand, errands_of, mark_shipped, unshipped
from arena.store.record import RoundRecord
from arena.tracking.entry import Story, entry
from arena.tracking.store import MlflowStore, Store, catching_up, check_uri, default_uri, shown
from arena.types import ArenaError

OnWarning = Callable[[str], None]
Connect = Callable[[str, Path], Store]

FIRST_DELAY, LONGEST_DELAY = 1.0, 60.0
"""Seconds between two attempts to reach a store that does not answer."""
RECORDS_AT_ONCE = 64
"""Records of rounds read together: their curves are large."""
PATIENCE = 30.0
"""Seconds that `ship_all` waits for another process that ships, which does so a match at a time."""


def backoff(failures: int) -> float:
    """Seconds to wait after this many failures in a row, from 1 on."""
    return min(FIRST_DELAY * 2.0 ** min(failures - 1, 16), LONGEST_DELAY)


class Teller:
    """Tells a store about one match, pass after pass, and reads every round of the ledger once."""

    def __init__(self, match: str) -> None:
        self._match = match
        self._start_over()

    def _start_over(self) -> None:
        self._previous: Errand | None = None
        self._told, self._story = 0, Story()

    def ship(self, home: Home, store: Store, go_on: Callable[[], bool] = lambda: True) -> None:
        """Tell the store everything that it does not know yet. Raises whatever the store raises."""
        row = home.match(self._match)
        run = store.find(row)
        told = 0 if run is None else run.told
        if told < self._told:  # another store, or one that was made anew
            self._start_over()
        errands = errands_of(home, self._match, 0 if self._previous is None else self._previous.id)
        if run is None:
            run = store.create(row, errands[0].enqueued_ms)
        records = self._records(home)
        for errand in errands:
            if not go_on():
                return
            if errand.kind == "round":
                self._story.add(next(records))
            if errand.id > told and not run.deleted:  # what was deleted there stays deleted
                reopened = self._previous is not None and self._previous.kind == "end"
                newest = errand is errands[-1]
                store.tell(run, errand, entry(home, row, errand, self._story, newest), reopened)
                self._told = errand.id
            if errand.shipped_ms is None or errand.id > told:
                mark_shipped(home, errand.id)
            self._previous = errand

    def _records(self, home: Home) -> Iterator[RoundRecord]:
        """The records of rounds that were not told of yet, a few at a time. Their errands are in the same order."""
        while records := home.records(self._match, self._story.last, RECORDS_AT_ONCE):
            yield from records


def ship(home: Home, match: str, store: Store) -> None:
    """Tell the store everything about a match that it does not know yet. Raises whatever the store raises."""
    Teller(match).ship(home, store)


def ship_all(root: Path, uri: str | None = None, connect: Connect = MlflowStore) -> Store:
    """Bring a store up to date with a whole home, now, and return it. Matches in play are left to their own shipper.

    `uri`: None for the store inside the home. Raises ArenaError when the store is out of reach.
    """
    uri = check_uri(uri or default_uri(root))
    home = Home.open(root)
    try:
        # Patiently: a store that two processes make at once is broken.
        with only_shipper(root, PATIENCE) as alone:
            store = connect(uri, root)
            for match in home.matches() if alone else ():
                if not home.is_playing(match.name):
                    ship(home, match.name, store)
            return store
    except ArenaError:
        raise
    except Exception as error:
        raise ArenaError(_catching_up(root, uri, error)) from error
    finally:
        home.close()


class Shipper:
    """One background thread that ships while a match is played. Imports MLflow there, in its own time.

    Nothing it does raises or blocks: what cannot be shipped stays in the outbox for the next run or `arena mlflow`.
    """

    def __init__(
        self,
        root: Path,
        uri: str | None = None,
        match: str | None = None,
        on_warning: OnWarning = lambda text: None,
        connect: Connect = MlflowStore,
    ) -> None:
        """`uri`: None for the store inside the home. `match`: the one that this process plays.

        `on_warning` is called from the thread, once per outage. Raises ArenaError for a URI that makes no sense.
        """
        self._root, self.uri, self._match = root, check_uri(uri or default_uri(root)), match
        self._on_warning, self._connect = on_warning, connect
        self._store: Store | None = None
        self._tellers: dict[str, Teller] = {}
        self._work, self._stopping, self._abandoned = threading.Event(), threading.Event(), threading.Event()
        # A daemon: an interpreter that wants to leave does not wait for a server.
        self._thread = threading.Thread(target=self._run, name="mlflow-shipper", daemon=True)

    def start(self) -> None:
        """Begin with what earlier matches have left."""
        self._work.set()
        self._thread.start()

    def nudge(self) -> None:
        """There is something new in the outbox."""
        self._work.set()

    def stop(self, timeout: float) -> int:
        """Ship what is left for at most `timeout` seconds; return how many errands still wait."""
        self._stopping.set()
        self._work.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        self._abandoned.set()
        home = Home(self._root)
        try:
            return sum(unshipped(home).values())
        finally:
            home.close()

    def _run(self) -> None:
        failures = 0
        while True:
            stopping = self._stopping.is_set()  # read first: what was enqueued before it is part of this pass
            self._work.clear()
            try:
                shipped = self._pass()
            except Exception as error:
                shipped, self._store = False, None  # a store that comes back may be another one
                if not failures and not self._abandoned.is_set():
                    self._on_warning(_catching_up(self._root, self.uri, error))
            if stopping:
                return
            failures = 0 if shipped else failures + 1
            if shipped:
                self._work.wait()
            else:
                self._stopping.wait(backoff(failures))

    def _pass(self) -> bool:
        """Ship everything that waits; False when another process is shipping. One match's failure stops no other."""
        home = Home(self._root)
        failure: Exception | None = None
        try:
            waiting = [m for m in unshipped(home) if m == self._match or not home.is_playing(m)]
            if not waiting:
                return True
            with only_shipper(self._root) as alone:
                if not alone:
                    return False
                self._store = self._store or self._connect(self.uri, self._root)
                for match in waiting:
                    teller = self._tellers.setdefault(match, Teller(match))
                    try:
                        teller.ship(home, self._store, lambda: not self._abandoned.is_set())
                    except Exception as error:
                        failure = failure or error
                        del self._tellers[match]  # it may have stopped in the middle of a round
        finally:
            home.close()
        if failure is not None:
            raise failure
        return True


@contextmanager
def only_shipper(root: Path, patience: float = 0.0) -> Iterator[bool]:
    """Whether no other process ships this home's outbox, for `patience` seconds; two would create a run twice."""
    with locks.hold(root / "outbox.lock", patience) as alone:
        yield alone


def sentence(uri: str, error: Exception) -> str:
    """What is wrong with a store, for people; without a full stop."""
    if isinstance(error, ArenaError):
        reason = str(error)
    else:
        lines = str(error).strip().splitlines()
        dead = lines and any(sign in lines[0] for sign in ("Max retries exceeded", "Connection refused", "timed out"))
        reason = "it does not answer" if dead else lines[0][:200] if lines else type(error).__name__
    return f"MLflow at {shown(uri)} is not up to date: {reason}"


def _catching_up(root: Path, uri: str, error: Exception) -> str:
    return f"{sentence(uri, error)}; nothing is lost, catch up with: {catching_up(root, uri)}"
