"""The course of a training: epoch after epoch, each a round of training as in a match, until it no longer helps."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from arena import registry
from arena.play.seats import Seat
from arena.referee.metrics import auroc, auroc_interval
from arena.seeds import derive
from arena.snapshot import read_snapshot, to_chunks
from arena.store.disk import readable_errors, replace_file
from arena.training.families import Family, mixed
from arena.training.ground import TRAINING, VALIDATION, Ground, without_place
from arena.training.kept import Kept, keep, recall
from arena.training.steady import SteadySeat
from arena.types import FAKE, LAST, REAL, Answer, ArenaError, Faces, Images, Pool, Progress, Snapshot

STATE, BEST = "state.safetensors", "best.safetensors"
"""In the folder of a training: where it stands, and the detector of its best epoch."""
MOST_ASKED = 1000
"""Fakes that validation asks about, at most."""


@dataclass(frozen=True)
class Plan:
    """Who is trained and for how long. `options`: of the detector. `fakes`: made anew for each epoch, of all families.

    It ends after `epochs`, or after `patience` of them in a row without a better AUROC in validation.
    """

    detector: str
    options: Mapping[str, Any]
    fakes: int = 2000
    epochs: int = 20
    patience: int = 5

    def __post_init__(self) -> None:
        for name in ("fakes", "epochs", "patience"):
            if getattr(self, name) < 1:
                raise ArenaError(f"{name} must be at least 1, not {getattr(self, name)}")


@dataclass(frozen=True)
class Epoch:
    """What came of an epoch, on people and fakes that were not trained on.

    `losses`: means over it. `images`: seen since the start. `auroc` with its 95 % interval; `alarms`, `caught`: shares
    of the real faces and of the fakes that are called fake at the detector's own `threshold`.
    """

    epoch: int
    losses: Mapping[str, float]
    images: int
    seconds: float
    auroc: float
    low: float
    high: float
    alarms: float
    caught: float
    threshold: float


class Observer:
    """Watches a training. Every method may be overridden; none may change it."""

    def on_decode(self, done: int, total: int | None) -> None:
        """Faces decoded so far."""

    def on_stage(self, text: str) -> None:
        """What it is at, or something noteworthy."""

    def on_progress(self, progress: Progress) -> None:
        """A team's training goes on."""

    def on_epoch(self, epoch: Epoch, is_best: bool) -> None:
        """An epoch is on the disk."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A training so far. `best`: the detector of the epoch with the highest AUROC; of equal ones the first."""

    epochs: tuple[Epoch, ...]
    best: Snapshot

    @property
    def best_epoch(self) -> Epoch:
        """The epoch that `best` is of."""
        return best_of(self.epochs)


def best_of(epochs: Sequence[Epoch]) -> Epoch:
    """The first of those with the highest AUROC."""
    return max(epochs, key=lambda epoch: (epoch.auroc, -epoch.epoch))


def is_over(plan: Plan, epochs: Sequence[Epoch]) -> bool:
    """Whether a training with these epochs behind it has come to its end."""
    if not epochs:
        return False
    return len(epochs) >= plan.epochs or len(epochs) - best_of(epochs).epoch >= plan.patience


def train(
    ground: Ground,
    plan: Plan,
    families: Sequence[Family],
    folder: Path,
    observer: Observer = Observer(),  # noqa: B008 - it does nothing
) -> Trained:
    """Train a detector against some families of fakes; `folder` has where it stands after each epoch.

    What was begun there with the same arguments goes on, to the same end to the bit; another length of the plan is no
    other argument. Raises ArenaError for a folder that holds another training.
    """
    about = described(ground, plan, families)
    known = recall(folder / STATE)
    epochs = _epochs(known, about, folder)
    if is_over(plan, epochs):
        return Trained(epochs, read_snapshot(folder / BEST))
    brief, faces = ground.brief("detector"), ground.parts[TRAINING]
    seat = SteadySeat(
        Seat("detector", plan.detector, plan.options, brief, faces, observer.on_progress), observer.on_stage
    )
    seat.seat.team.check(faces)
    if known is not None:
        seat.restore(known.state)
    paper = mixed(families, min(plan.fakes, MOST_ASKED), derive(ground.settings.seed, "validation"), unseen=True)
    while not is_over(plan, epochs):
        number = len(epochs) + 1
        epoch = _epoch(ground, plan, families, seat, number, paper)
        is_best = not epochs or epoch.auroc > best_of(epochs).auroc
        epochs = (*epochs, epoch)
        if is_best:  # first: an epoch that is played again writes the same
            with readable_errors(f"the training in {folder}"):
                replace_file(folder / BEST, to_chunks(seat.latest.snapshot))
        keep(folder / STATE, seat.latest.state, about | {"epochs": [asdict(one) for one in epochs]})
        observer.on_epoch(epoch, is_best)
    return Trained(epochs, read_snapshot(folder / BEST))


def described(ground: Ground, plan: Plan, families: Sequence[Family]) -> dict[str, Any]:
    """What decides how a training goes, but for its length, as JSON values."""
    settings = ground.settings
    about = {
        "detector": plan.detector,
        "options": plan.options,
        "fetched": fetched(plan),
        "faces": ground.facts,
        "fakes": {"each epoch": plan.fakes, "of": [[family.name, family.mark] for family in families]},
        "size": settings.image_size,
        "seed": settings.seed,
        "false_alarm_rate": settings.false_alarm_rate,
        "device": ground.device,
        "precision": ground.precision,
    }
    plain: dict[str, Any] = json.loads(json.dumps(about))
    return plain


def fetched(plan: Plan) -> Mapping[str, str]:
    """What the detector has to have first, such as pretrained weights: SHA-256 by name. Raises ArenaError."""
    contender = registry.find("detector", plan.detector)
    found: Mapping[str, str] = contender.cls.fetch(contender.options(plan.options))
    return found


def _epochs(known: Kept | None, about: Mapping[str, Any], folder: Path) -> tuple[Epoch, ...]:
    """The epochs behind a training that is the same one."""
    if known is None:
        return ()
    for name, value in about.items():
        was = known.about.get(name)
        if name == "faces" and was:  # the same ones by another path are no others
            was, value = without_place(was), without_place(value)
        if was != value:
            raise ArenaError(
                f"{folder} holds a training with other {name.replace('_', ' ')}: name another file with -o, or delete "
                f"that folder to begin again"
            )
    return tuple(Epoch(**one) for one in known.about["epochs"])


def _epoch(
    ground: Ground, plan: Plan, families: Sequence[Family], seat: SteadySeat, number: int, paper: Images
) -> Epoch:
    begin = time.perf_counter()
    fakes = mixed(families, plan.fakes, derive(ground.settings.seed, "epoch", number))
    training = seat.train(number, Pool(LAST, fakes))
    reals = ground.parts[VALIDATION]
    found = measured(reals, seat.seat.answer(reals.images), seat.seat.answer(paper))
    seconds = time.perf_counter() - begin
    return Epoch(number, dict(training.losses), training.images, seconds, **found)


def measured(reals: Faces, of_reals: Answer, of_fakes: Answer) -> dict[str, float]:
    """AUROC with its interval by people, and what the detector calls fake of either kind, see Epoch."""
    scores = np.concatenate([of_reals.scores, of_fakes.scores])
    labels = np.repeat(np.array([REAL, FAKE], np.int8), [len(of_reals.scores), len(of_fakes.scores)])
    low, high = auroc_interval(labels, scores, reals.identities)
    return {
        "auroc": auroc(labels, scores),
        "low": low,
        "high": high,
        "alarms": float(np.mean(of_reals.scores >= of_reals.threshold)),
        "caught": float(np.mean(of_fakes.scores >= of_fakes.threshold)),
        "threshold": of_reals.threshold,
    }
