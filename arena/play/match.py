"""The story of a match: open it, play its rounds, survive what goes wrong, and leave a ledger that tells all."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from arena import registry
from arena.faces.sets.cache import FaceSet, open_cache, prepare
from arena.faces.sets.leaks import find_leaks, refuse_leaks
from arena.play.config import MatchConfig, check_name, validate_stored
from arena.play.desk import Staged, split_faces
from arena.play.round import Attempts, RoundPlan, play_opening, play_round
from arena.play.table import Setup, Table, TableFactory
from arena.store.disk import readable_errors
from arena.store.home import Home
from arena.store.record import RoundRecord
from arena.types import ROLES, ArenaError, Brief, Diverged, Lost

VERSIONS = ("arena", "torch", "torchvision", "numpy", "scikit-learn", "ray", "mlflow")

OnDecode = Callable[[int, int | None], None]


class Observer:
    """Watches a match. Every method may be overridden; none may change the match."""

    def on_opening(self, record: RoundRecord) -> None:
        """The warm-up is committed."""

    def on_round(self, record: RoundRecord) -> None:
        """A round is committed; `record` is what the ledger holds."""

    def on_event(self, round: int, kind: str, text: str) -> None:
        """Something noteworthy: a retry, a lost worker, a forfeit."""


@dataclass(frozen=True)
class Match:
    """A match in a home, ready to be played."""

    home: Home
    name: str
    config: MatchConfig
    facts: dict[str, Any]
    faces: Path

    @property
    def setup(self) -> Setup:
        """What workers need to know."""
        facts = self.facts
        config = self.config.dump()
        return Setup(self.home.root, self.name, config, self.faces, facts["device"], facts["precision"])


def choose_name(home: Home, config: MatchConfig, name: str | None) -> str:
    """The name of a new match: the given one if it is free, else one made of the contenders. Raises ArenaError."""
    name = check_name(name) if name is not None else _free_name(home, config)
    if any(row.name == name for row in home.matches()):
        raise ArenaError(
            f"there is already a match called {name} in {home.root}; continue it with: arena resume {name}"
        )
    return name


def prepare_faces(home: Home, config: MatchConfig, on_decode: OnDecode = lambda done, total: None) -> FaceSet:
    """The faces of a match, decoded into the home's cache, enough for all three parts and none in two of them.

    Raises ArenaError.
    """
    faces = prepare(config.faces, home.faces, config.image_size, on_decode)
    split = split_faces(faces.identities, config.dump())
    if not config.allow_leaks:
        refuse_leaks(find_leaks(faces, split))
    return faces


def new_match(
    home: Home, config: MatchConfig, name: str, faces: FaceSet, device: str, precision: Literal["fp32", "bf16"]
) -> Match:
    """Enter a new match into the ledger.

    `device`, `precision`: resolved, so that a match that is resumed elsewhere computes the same. Raises ArenaError.
    """
    split = split_faces(faces.identities, config.dump())
    _try_seats(config)
    parts = {"a": split.a, "b": split.b, "exam": split.exam}
    facts = {
        "device": device,
        "precision": precision,
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {package: found for package in VERSIONS if (found := _version(package))},
        "faces": {
            "source": faces.source,
            "path": str(faces.path.resolve()),
            "synthetic": faces.synthetic,
            "digest": faces.digest,
            "images": len(faces.images),
            "identities": len(np.unique(faces.identities)),
            "skipped": {reason: len(names) for reason, names in faces.skipped.items()},
            "parts": {name: len(part) for name, part in parts.items()},
            "people": {name: len(np.unique(faces.identities[part])) for name, part in parts.items()},
            "leaks": [str(leak) for leak in find_leaks(faces, split)] if config.allow_leaks else [],
        },
    }
    with readable_errors(f"the home {home.root}"):
        home.create_match(name, config.dump(), facts)
    return Match(home, name, config, facts, faces.path)


def open_match(home: Home, name: str, on_decode: OnDecode = lambda done, total: None) -> Match:
    """A match of the ledger, with the very faces it was started with. Raises ArenaError."""
    row = home.match(name)
    config = validate_stored(row.config, f"the stored config of {name}")
    return Match(home, name, config, row.facts, _same_faces(home, config, row.facts, name, on_decode))


def _try_seats(config: MatchConfig) -> None:
    """Build both contenders once, so that options that do not fit the images are found before the match is entered."""
    for role in ROLES:
        choice = getattr(config, role)
        registry.find(role, choice.name).team(Brief(config.image_size, seed=0), choice.options)


def play_more(match: Match, rounds: int) -> Match:
    """Let a match go on for this many rounds after its last one. The caller holds the match's lock."""
    if rounds < 1:
        raise ArenaError(f"a match can go on for 1 round or more, not {rounds}")
    total = (match.home.last_round(match.name) or 0) + rounds
    match.home.update_rounds(match.name, total)
    return replace(match, config=match.config.model_copy(update={"rounds": total}))


def play(match: Match, set_table: TableFactory, observer: Observer | None = None) -> None:
    """Play from the last acknowledged round to the end. The caller holds the match's lock.

    Whenever it stops, by its end, an error or an interrupt, every round the observer has seen is on disk.
    """
    observer = observer or Observer()
    last = match.home.last_round(match.name)
    if last is not None and last >= match.config.rounds:
        return
    table: Table | None = None
    try:
        for number in range(0 if last is None else last + 1, match.config.rounds + 1):
            start = time.perf_counter()
            staged, table = _play_until_staged(match, number, table, set_table, observer)
            record = replace(staged.record, seconds=time.perf_counter() - start)
            with readable_errors(f"round {number} in {match.home.root}"):
                is_last = number == match.config.rounds
                match.home.commit_round(match.name, number, staged.folder, staged.manifest, record, is_last)
            (observer.on_round if number else observer.on_opening)(record)
    finally:
        if table is not None:
            table.leave()


def _play_until_staged(
    match: Match, number: int, table: Table | None, set_table: TableFactory, observer: Observer
) -> tuple[Staged, Table]:
    """Attempt a round until it is played: again after a lost worker, slower after a diverged training."""
    attempts = Attempts(RoundPlan(number, match.config.knowledge == "whitebox", match.config.gallery))
    in_step = table is not None
    while True:
        try:
            table = table or set_table(match.setup)
            if not in_step and number > 0:
                _restore(table, number - 1)
            in_step = True
            staged = play_round(attempts.plan, table) if number else play_opening(attempts.plan, table)
            return staged, table
        except (Diverged, Lost) as error:
            kind, text = attempts.after(error)
            match.home.log(match.name, number, kind, text)
            observer.on_event(number, kind, text)
            in_step = False
            if table is not None and (isinstance(error, Lost) or number == 0):
                table.leave()
                table = None


def _restore(table: Table, number: int) -> None:
    """Give both teams back what they handed in after an acknowledged round."""
    for role, seat in (("generator", table.generator), ("detector", table.detector)):
        table.settle(seat.restore(table.referee.recall(role, number)))


def _same_faces(home: Home, config: MatchConfig, facts: dict[str, Any], name: str, on_decode: OnDecode) -> Path:
    known = facts["faces"]
    cached = Path(known["path"])
    if cached.exists() and open_cache(cached).digest == known["digest"]:
        return cached
    faces = prepare(config.faces, home.faces, config.image_size, on_decode)
    if faces.digest != known["digest"]:
        raise ArenaError(
            f"the faces of {faces.source} have changed since {name} was started: "
            f"{len(faces.images)} images now, {known['images']} then; put the old ones back to go on"
        )
    return faces.path


def _free_name(home: Home, config: MatchConfig) -> str:
    taken = {row.name for row in home.matches()}
    base = f"{config.generator.name}-{config.detector.name}"
    return next(name for i in range(1, len(taken) + 2) if (name := f"{base}-{i}") not in taken)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
