"""`arena train` from its request to what it leaves: a detector's snapshot, its card, its curves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from arena import locks, registry
from arena.faces.crop.cropping import CropPlan
from arena.faces.sets.cache import check_size
from arena.faces.sources.labelling import of_dfdc
from arena.play.config import MatchConfig, load_config
from arena.play.devices import check_device, choose_device, choose_precision
from arena.store.disk import readable_errors
from arena.store.home import Home
from arena.training.course import STATE, Observer, Plan, Trained, fetched, train
from arena.training.families import Family, Stock
from arena.training.ground import Ground, Machine, Wanted, prepare_ground
from arena.training.judging import Report, judge
from arena.training.kept import digest_of, recall
from arena.training.labelled import crops_of_videos, labelled_ground, read_labelled
from arena.training.outputs import write_outputs
from arena.training.words import TEACHERS, Word, Workshop, read_words
from arena.types import ArenaError

SETTINGS = ("parts", "false_alarm_rate", "precision")
"""Settings of a match that a training has, too, beside the detector's options."""


@dataclass(frozen=True)
class Request:
    """What a person asks for. `out`: the snapshot's file. Real faces and fakes, or labels, or labelled videos.

    `fakes`, `against`, `judge_on`: words as on the command line. `every`: of the videos, every so many frames.
    `settings`: `key=value`.
    """

    detector: str
    out: Path
    real: str | None = None
    fakes: Sequence[str] = ()
    against: Sequence[str] = ()
    labels: Path | None = None
    dfdc: Path | None = None
    every: int = 10
    judge_on: Sequence[str] = ()
    size: int = 64
    seed: int = 0
    each_epoch: int = 2000
    epochs: int = 20
    patience: int = 5
    settings: Sequence[str] = ()
    device: str | None = None

    @property
    def folder(self) -> Path:
        """Where the training stands; it may be deleted when the training is over."""
        return self.out.with_suffix(".training")


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of it. `report`: None where nothing was to be judged. `files`: what was written, by what it is."""

    trained: Trained
    card: Mapping[str, Any]
    files: Mapping[str, Path]
    report: Report | None = None


@dataclass(frozen=True)
class _Sources:
    """What was asked for, found out before anything takes long."""

    settings: MatchConfig
    plan: Plan
    against: Sequence[Word]
    judge_on: Sequence[Word]
    wanted: Wanted = field(default_factory=Wanted)


def train_alone(request: Request, home: Home, observer: Observer = Observer()) -> Outcome:  # noqa: B008
    """Train, judge and write what came of it; the same request goes on where it was stopped. Raises ArenaError."""
    request = _with_faces(request, home)
    sources = _understood(request, home)
    folder = request.folder
    with readable_errors(f"the folder {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".lock").touch()
    with locks.hold(folder / ".lock", locks.A_LOOK) as is_ours:
        if not is_ours:
            raise ArenaError(f"{request.out} is being trained by another process; wait or stop that one")
        machine = _machine(sources.settings, folder, observer)
        ground, families = _opened(request, sources, home, machine, observer)
        workshop = Workshop(ground, home, home.generators, observer.on_progress, observer.on_stage)
        families += workshop.open(sources.against)
        # Before the training, because something may be wrong with them.
        unseen = [_unseen(family, families) for family in workshop.open(sources.judge_on)]
        trained = train(ground, sources.plan, families, folder, observer)
        report = None
        if unseen:
            observer.on_stage("judging")
            report = judge(ground, trained.best, unseen)
        card, files = write_outputs(request.out, ground, sources.plan, families, trained, report)
    return Outcome(trained, card, files, report)


def _with_faces(request: Request, home: Home) -> Request:
    """The same on the real faces of the match that is trained against, where no others are named."""
    if (request.real, request.labels, request.dfdc) != (None, None, None):
        return request
    words = read_words(request.against, home)
    matches = [word.name for word in words if word.kind == "match"]
    return replace(request, real=home.match(matches[0]).config["faces"]) if matches else request


def _unseen(family: Family, trained_on: Sequence[Family]) -> Family:
    """A family to be judged on: all of a stock, unless some of it is trained on."""
    known = {one.mark for one in trained_on}
    return family.untouched() if isinstance(family, Stock) and family.mark not in known else family


def _understood(request: Request, home: Home) -> _Sources:
    """Raises ArenaError for what can be seen to be wrong before a face is read."""
    _check_sources(request)
    check_size(request.size)
    if request.out.suffix != ".safetensors":
        raise ArenaError(f"a detector's snapshot is a .safetensors file, not {request.out.name!r}")
    settings = _settings(request)
    choice = settings.detector
    contender = registry.find("detector", choice.name)
    plan = Plan(choice.name, choice.options, request.each_epoch, request.epochs, request.patience)
    fetched(plan)
    folders = [Word(text, "folder", text) for text in request.fakes]
    against = [*folders, *read_words(request.against, home)]
    judge_on = read_words(request.judge_on, home)
    words = [*against, *judge_on]
    if request.real is None and any(word.side for word in words):
        raise ArenaError("only faces of --real can be drawn larger than the training sees them; leave out @SIDE")
    points = contender.cls.needs_points or any(word.needs_points for word in words)
    makers = any(word.is_made for word in words)
    if request.labels is not None:
        read_labelled(request.labels)
    if request.dfdc is not None:
        of_dfdc(request.dfdc)
    return _Sources(settings, plan, against, judge_on, Wanted(makers, bool(judge_on), bool(points)))


def _check_sources(request: Request) -> None:
    whole = [name for name in ("real", "labels", "dfdc") if getattr(request, name) is not None]
    fakes = bool(request.fakes or request.against)
    if len(whole) != 1:
        raise ArenaError("give real faces with --real, or labelled images with --labels, or videos with --dfdc: one")
    if whole == ["real"] and not fakes:
        raise ArenaError(
            "--real needs fakes to tell from: --fake SRC, or --against a match, a gallery or a contender, or "
            f"--against {TEACHERS} for the kinds of fakes that are recommended"
        )
    if whole != ["real"] and fakes:
        raise ArenaError(f"--{whole[0]} has fakes of its own; --fake and --against go with --real")


def _settings(request: Request) -> MatchConfig:
    others = [contender.name for contender in registry.contenders("generator")]
    known = [contender.name for contender in registry.contenders("detector")]
    if request.detector in others and request.detector not in known:
        raise ArenaError(f"{request.detector} is a generator, and it is a detector that is trained: {', '.join(known)}")
    alone = registry.find("detector", request.detector).alone
    given = [f"detector.options.{name}={json.dumps(value)}" for name, value in alone.items()]
    for setting in request.settings:
        key = setting.partition("=")[0]
        if key not in SETTINGS and not key.startswith("options."):
            raise ArenaError(f"--set takes options.NAME=value, or one of {', '.join(SETTINGS)}, not {setting!r}")
        given.append(setting if key in SETTINGS else f"detector.{setting}")
    chosen = {"detector": request.detector, "seed": request.seed, "device": request.device}
    faces = request.real or str(request.labels or request.dfdc)
    return load_config(None, given, image_size=request.size, faces=faces, **chosen)


def _machine(settings: MatchConfig, folder: Path, observer: Observer) -> Machine:
    """Where to compute: where it was begun, so that it goes on to the bit."""
    import torch

    from arena.networks.training import bf16_pays

    gpus, here = torch.cuda.device_count(), "on this machine"
    if known := recall(folder / STATE):
        check_device(known.about["device"], gpus, here)
        observer.on_stage(f"going on after epoch {len(known.about['epochs'])}")
        return Machine(known.about["device"], known.about["precision"])
    device = choose_device(settings, gpus, here)
    return Machine(device, choose_precision(settings, device, bf16_pays))


def _opened(
    request: Request, sources: _Sources, home: Home, machine: Machine, observer: Observer
) -> tuple[Ground, list[Family]]:
    """The real faces in parts, and the fakes that came with them."""
    settings, wanted, decode = sources.settings, sources.wanted, observer.on_decode
    observer.on_stage(f"reading the faces: {settings.faces}")
    if request.real is None:
        table = request.labels
        if request.dfdc is not None:
            plan = CropPlan(settings.image_size, every=request.every)
            crops = request.folder / f"crops-{digest_of(str(request.dfdc.resolve()), asdict(plan))}"
            table = crops_of_videos(request.dfdc, crops, plan, decode)
        assert table is not None
        ground, stock = labelled_ground(home, settings, table, request.folder, wanted, machine, decode)
        return ground, [stock]
    return prepare_ground(home, settings, wanted, machine, decode), []
