"""The story of a match: open it, play its rounds, survive what goes wrong, and leave a ledger that tells all."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from arena import registry
from arena.commandline import command
from arena.faces.sets.about import framing_of, joined_identities, points_of
from arena.faces.sets.cache import FaceSet, open_cache, prepare
from arena.faces.sets.leaks import find_leaks
from arena.faces.sets.split import Index, Split
from arena.play.config import MatchConfig, check_name, numbered_names, validate_stored
from arena.play.desk import Staged
from arena.play.parts import digest_of, landmark_finder, split_faces
from arena.play.round import Attempts, RoundPlan, play_opening, play_round
from arena.play.table import Setup, Table, TableFactory
from arena.store.disk import readable_errors
from arena.store.home import Home
from arena.store.names import GALLERY
from arena.store.prune import pruned_files
from arena.store.record import RoundRecord
from arena.store.secrets import make_secret, pledge
from arena.types import ROLES, ArenaError, Brief, Diverged, Faces, Failed, InvalidAnswer, Lost

VERSIONS = ("arena", "torch", "torchvision", "numpy", "scikit-learn", "ray", "mlflow")

OnDecode = Callable[[int, int | None], None]


class Observer:
    """Watches a match. Every method may be overridden; none may change the match."""

    def on_begin(self, round: int) -> None:
        """A round begins, or is begun again after something went wrong; 0 is the warm-up."""

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
        return Setup(
            self.home.root.absolute(),
            self.name,
            config,
            self.faces,
            facts["device"],
            facts["precision"],
            facts["faces"],
            facts.get("fakes_are", "generated"),
        )


@contextmanager
def reserved_name(home: Home, config: MatchConfig, name: str | None) -> Iterator[str]:
    """The name of a new match, whose lock is held in the block: the given one, else one made of the contenders.

    Raises ArenaError when it is taken, also by a process that is about to start.
    """
    if name is not None and home.has_match(check_name(name)):
        raise ArenaError(
            f"there is already a match named {name} in {home.root}; continue it with: "
            + command("resume", name, home=home.root)
        )
    with home.reserve(numbered_names(config) if name is None else [name]) as free:
        yield free


def prepare_faces(home: Home, config: MatchConfig, on_decode: OnDecode = lambda done, total: None) -> FaceSet:
    """The faces of a match, decoded into the home's cache and enough for all three parts. Raises ArenaError."""
    faces = prepare(config.faces, home.faces, config.image_size, on_decode)
    split_faces(_people(home, config, faces), config.dump())
    return faces


def new_match(
    home: Home, config: MatchConfig, name: str, faces: FaceSet, device: str, precision: Literal["fp32", "bf16"]
) -> Match:
    """Enter a new match into the ledger.

    `device`, `precision`: resolved, so that a match that is resumed elsewhere computes the same. Raises ArenaError.
    """
    people = _people(home, config, faces)
    split = split_faces(people, config.dump())
    framing = framing_of(faces, home.faces, landmark_finder)
    points = points_of(faces, home.faces, landmark_finder) if _needs_points(config) else None
    tried = _try_teams(config, Faces(faces.images, people, points), split)
    parts = {"a": split.a, "b": split.b, "exam": split.exam}
    facts = {
        "device": device,
        "precision": precision,
        "machine": platform.machine(),
        "python": platform.python_version(),
        **tried,
        "versions": {package: found for package in VERSIONS if (found := _version(package))},
        "faces": {
            "source": faces.source,
            "path": str(faces.path.resolve()),
            "synthetic": faces.synthetic,
            "digest": faces.digest,
            "images": len(faces.images),
            "identities": len(np.unique(faces.identities)),
            "coding": faces.coding.to_json() if faces.coding else None,
            "framing": framing.to_json() if framing else None,
            "skipped": {reason: len(names) for reason, names in faces.skipped.items()},
            "parts": {name: len(part) for name, part in parts.items()},
            "people": {name: len(np.unique(people[part])) for name, part in parts.items()},
            "points": points is not None,
            "joined": None if config.allow_leaks else digest_of(people),
            "leaks": [str(leak) for leak in find_leaks(faces, split)] if config.allow_leaks else [],
        },
    }
    with readable_errors(f"the home {home.root}"):
        home.create_match(name, config.dump(), facts)
    return Match(home, name, config, facts, faces.path)


def _people(home: Home, config: MatchConfig, faces: FaceSet) -> Index:
    """Who each face shows, for the split: people who share a photo are one, unless leaks are allowed."""
    return faces.identities if config.allow_leaks else joined_identities(faces, home.faces)


def open_match(home: Home, name: str, on_decode: OnDecode = lambda done, total: None) -> Match:
    """A match of the ledger, with the very faces it was started with. Raises ArenaError."""
    row = home.match(name)
    config = validate_stored(row.config, f"the stored config of {name}")
    return Match(home, name, config, row.facts, _same_faces(home, config, row.facts, name, on_decode))


def _needs_points(config: MatchConfig) -> bool:
    """Whether a team trains with landmarks, which take minutes to find the first time."""
    choices = ((registry.find(role, getattr(config, role).name), getattr(config, role).options) for role in ROLES)
    return any(team.cls.trained(team.options(options))[0].needs_points for team, options in choices)


def _try_teams(config: MatchConfig, faces: Faces, split: Split) -> dict[str, Any]:
    """Build both teams once, so that options that do not fit the images or the faces are found before the match.

    Returns facts: what each had to fetch, with hashes, and what the fakes are.
    """
    facts: dict[str, Any] = {"fetched": _fetched(config)}
    for role, part in (("generator", split.a), ("detector", split.b)):
        team = _team(config, role)
        team.check(faces[part])
        if role == "generator":
            facts["fakes_are"] = team.fakes_are
    return facts


def try_teams(config: MatchConfig) -> None:
    """Raise ArenaError where what a team needs is not there, or its options do not fit the images."""
    _fetched(config)
    for role in ROLES:
        _team(config, role)


def _team(config: MatchConfig, role: str) -> Any:
    choice = getattr(config, role)
    brief = Brief(
        config.image_size,
        seed=0,
        false_alarm_rate=config.false_alarm_rate,
        gallery=config.gallery,
        exam=config.exam.size // 2,
    )
    return registry.find(role, choice.name).team(brief, choice.options)  # type: ignore[arg-type]


def _fetched(config: MatchConfig) -> dict[str, dict[str, str]]:
    """What each team has to fetch, with hashes."""
    chosen = {role: getattr(config, role) for role in ROLES}
    found = {role: (registry.find(role, choice.name), choice.options) for role, choice in chosen.items()}
    return {role: dict(one.cls.fetch(one.options(options))) for role, (one, options) in found.items()}


def _check_fetched(match: Match) -> None:
    """Raise ArenaError when a match that goes on would do so with something else than it was started with."""
    known = match.facts.get("fetched", {})
    for role, things in _fetched(match.config).items():
        for name in sorted(known.get(role, things).items() ^ things.items()):
            raise ArenaError(
                f"{match.name} cannot go on: the {name[0]} of its {role} are not those it was started with; "
                f"put the old ones back"
            )


def play_more(match: Match, rounds: int) -> Match:
    """Let a match go on for this many rounds after its last one. The caller holds the match's lock.

    Raises ArenaError for a match whose galleries were pruned.
    """
    if rounds < 1:
        raise ArenaError(f"a match can go on for 1 round or more, not {rounds}")
    if any(GALLERY in files for files in pruned_files(match.home, match.name).values()):
        raise ArenaError(f"{match.name} cannot go on: the galleries that its detector would remember were pruned")
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
    if last is not None:
        _check_fetched(match)
    if match.config.exam.secret == "random":
        with readable_errors(f"the secret of {match.name}"):
            make_secret(match.home.match_folder(match.name))
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
) -> tuple[Staged, Table | None]:
    """Attempt a round until it is played: again after a lost worker, slower after a diverged training, at last without
    a team that cannot. Returns None for a table that has to be set anew.
    """
    attempts = Attempts(RoundPlan(number, match.config.gallery))
    in_step = table is not None
    while True:
        observer.on_begin(number)
        try:
            table = table or set_table(match.setup)
            if not in_step and number > 0:
                _restore(table, number - 1)
            in_step = True
            if number and match.config.exam.secret == "random":
                pledge(match.home, match.name, number, table.settle(table.referee.pledge(number)))
            staged = play_round(attempts.plan, table) if number else play_opening(attempts.plan, table)
            if attempts.plan.absent:  # nobody knows in which state it is
                table.leave()
                return staged, None
            return staged, table
        except (Diverged, Failed, InvalidAnswer, Lost) as error:
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


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
