"""`arena run` and `arena resume`."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.markup import escape

from arena.cli.console import console as console_for
from arena.cli.console import emit, tell
from arena.cli.display import Display, display
from arena.cli.look import standings_tables
from arena.cli.options import (
    DEFAULT_HOME,
    ConfigArgument,
    DetectorOption,
    DeviceOption,
    DryRunOption,
    FacesOption,
    GeneratorOption,
    HomeOption,
    JsonOption,
    LeaksOption,
    MatchArgument,
    MlflowOption,
    NameOption,
    PatienceOption,
    PortOption,
    PresetOption,
    RayOption,
    RoundsOption,
    SeedOption,
    SetOption,
    access,
)
from arena.cli.rehearsal import check_mlflow, gpus_here, rehearse
from arena.commandline import command
from arena.play.config import MatchConfig, read_settings, validate, with_absolute_faces
from arena.play.devices import Probe, check_device, choose_device, choose_precision
from arena.play.forecast import forecast, foretold
from arena.play.match import Match, new_match, open_match, play, play_more, prepare_faces, reserved_name
from arena.play.table import LocalTable, TableFactory
from arena.referee.verdict import Rule
from arena.results.animation import sample_sheet, write_animation
from arena.results.words import exams_to_come
from arena.store.home import Home
from arena.store.progress import kept_progress
from arena.store.record import rounds_of

INTERRUPTED = 130
SHIPPING_PATIENCE = 20.0
"""Most seconds that the end of a match waits for MLflow to be told the rest; `arena mlflow` tells what is left."""


def run(
    config: ConfigArgument = None,
    preset: PresetOption = None,
    rounds: RoundsOption = None,
    faces: FacesOption = None,
    generator: GeneratorOption = None,
    detector: DetectorOption = None,
    seed: SeedOption = None,
    name: NameOption = None,
    allow_leaks: LeaksOption = None,
    device: DeviceOption = None,
    settings: SetOption = None,
    home: HomeOption = DEFAULT_HOME,
    ray: RayOption = "local",
    patience: PatienceOption = None,
    mlflow: MlflowOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
    serve: Annotated[bool, typer.Option("--serve", help="With the page beside it, until Ctrl-C.")] = False,
    port: PortOption = "8000",
) -> None:
    """Play a match."""
    interrupt_at_sigterm()
    chosen = {"rounds": rounds, "faces": faces, "generator": generator, "detector": detector, "seed": seed}
    chosen |= {"device": device, "allow_leaks": allow_leaks}
    if serve and not dry_run:
        from arena.cli.together import NewMatch, play_beside_the_page
        from arena.service.starts import Terms

        new = NewMatch(name, read_settings(config, settings or (), preset, **chosen), preset)
        play_beside_the_page(home, access(port, show_token=False), Terms(ray, mlflow, patience=patience), new, as_json)
        return
    values = read_settings(config, settings or (), preset, **chosen)
    if ray not in ("local", "off"):  # a worker elsewhere must not be able to compute its exams
        values["exam"] = {"secret": "random", **values.get("exam", {})}
    resolved = with_absolute_faces(validate(values, str(config) if config is not None else "the settings"))
    check_mlflow(mlflow)
    if ray in ("local", "off"):
        choose_device(resolved, gpus_here(), "on this machine")  # before anything takes time
    if dry_run:
        _rehearse(resolved, name, home, as_json)
        return
    console = console_for(as_json)
    store = Home.create(home)
    with (
        reserved_name(store, resolved, name) as free,  # before anything takes time
        display(console, resolved.rounds, as_json) as screen,
    ):
        screen.on_stage(f"reading the faces: {resolved.faces}")
        face_set = prepare_faces(store, resolved, screen.on_decode)
        with _workers(ray, patience, screen) as workers:
            chosen_device = choose_device(resolved, workers.gpus, workers.where)
            precision = choose_precision(resolved, chosen_device, workers.probe)
            match = new_match(store, resolved, free, face_set, chosen_device, precision)
            if preset is not None and (chosen_device == "cpu" or gpus_here()):  # else others train
                screen.on_stage("timing a few steps of both teams")
                of_b = match.facts["faces"]["parts"]["b"]
                screen.pace.forecast = forecast(resolved, chosen_device, precision, of_b)
                console.print(foretold(screen.pace.forecast))
            _announce(console, match)
            finished = _play(match, workers.set_table, screen, mlflow)
    _farewell(console, match, finished, mlflow)


def _rehearse(config: MatchConfig, name: str | None, home: Path, as_json: bool) -> None:
    """Check what a run would check, and print the settings instead of playing."""
    tell(console_for(as_json=True), rehearse(config, name, home), "dim")
    if as_json:
        emit([config.dump()])
    else:
        typer.echo(yaml.safe_dump(config.dump(), sort_keys=False), nl=False)


def resume(
    match: MatchArgument,
    rounds: Annotated[int | None, typer.Option(help="Play this many rounds more than were played.")] = None,
    home: HomeOption = DEFAULT_HOME,
    ray: RayOption = "local",
    patience: PatienceOption = None,
    mlflow: MlflowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Continue a match after a crash or Ctrl-C, or play more rounds."""
    interrupt_at_sigterm()
    console = console_for(as_json)
    store = Home.open(home)
    store.match(match)  # one that is not there has nothing to lock
    with store.lock(match):
        opened = open_match(store, match)
        if rounds is not None:
            opened = play_more(opened, rounds)
        done = store.last_round(match)
        if done is not None and done >= opened.config.rounds:
            more = command("resume", match, "--rounds", done, home=home)
            tell(console, f"{match} has played its {done} rounds; play as many more with: {more}")
            return
        with display(console, opened.config.rounds, as_json) as screen:
            records = rounds_of(store.records(match))
            screen.pace.played(records)
            screen.records += records if not as_json else []
            with _workers(ray, patience, screen) as workers:
                check_device(opened.facts["device"], workers.gpus, workers.where)
                finished = _play(opened, workers.set_table, screen, mlflow)
    _farewell(console, opened, finished, mlflow)


def interrupt_at_sigterm() -> None:
    """Let SIGTERM count as one Ctrl-C. More of them do not disturb what an interrupt does on the way out."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@dataclass(frozen=True)
class _Workers:
    """Where a match is played. `probe`: whether bf16 pays there on a device."""

    set_table: TableFactory
    gpus: int
    where: str
    probe: Probe


@contextlib.contextmanager
def _workers(ray: str, patience: float | None, screen: Display) -> Iterator[_Workers]:
    """This process, or a Ray cluster for the length of the block. `patience`: seconds to wait for free places in it."""
    from arena.networks.training import bf16_pays

    if ray == "off":
        yield _Workers(lambda s: LocalTable(s, screen.on_progress), gpus_here(), "on this machine", bf16_pays)
        return

    screen.on_stage("starting Ray" if ray == "local" else f"joining Ray at {ray}")
    from arena.cluster.environment import prepare_environment

    prepare_environment(ray)
    from arena.cluster.table import RayTable, connected, on_worker
    from arena.cluster.waiting import Patience, gpu_share, gpus

    waiting = Patience(patience, screen.on_stage)

    def probe(device: str) -> bool:
        if ray == "local" and device == "cpu":  # this is the same machine, and a worker would cost its start
            return bf16_pays(device)
        share = gpu_share(gpus()) if device == "cuda" else 0.0
        return bool(on_worker(bf16_pays, device, num_gpus=share, patience=waiting))

    try:
        with connected(ray):
            interrupt_at_sigterm()
            screen.on_stage("seating the teams")
            yield _Workers(lambda s: RayTable(s, screen.on_progress, waiting), gpus(), "in this Ray cluster", probe)
    except SystemExit as ended:  # how Ray takes a SIGTERM while it starts
        raise KeyboardInterrupt from ended


def _play(match: Match, set_table: TableFactory, screen: Display, mlflow: str | None) -> bool:
    """Play a match whose lock is held, and say whether it came to its end: False after an interrupt."""
    interrupt_at_sigterm()  # once more: Ray has put its own way to take it in between
    folder = match.home.match_folder(match.name)
    with _told_to_mlflow(match, mlflow, screen) as nudge, kept_progress(folder, screen.pace.now):
        screen.on_commit = nudge
        try:
            play(match, set_table, screen)
        except KeyboardInterrupt:
            screen.on_warning("interrupted; no committed round is lost")
            return False
    return True


@contextlib.contextmanager
def _told_to_mlflow(match: Match, uri: str | None, screen: Display) -> Iterator[Callable[[], None]]:
    """Ship to MLflow in the background; what is not told by the end waits for the next run or `arena mlflow`."""
    if uri == "off":
        yield lambda: None
        return
    from arena.tracking.shipper import Shipper
    from arena.tracking.store import catching_up

    shipper = Shipper(match.home.root, uri, match.name, on_warning=screen.on_warning)
    shipper.start()
    try:
        yield shipper.nudge
    finally:
        screen.on_stage("telling MLflow the rest")
        try:
            waiting = shipper.stop(SHIPPING_PATIENCE)
        except KeyboardInterrupt:  # the match is safe, and what MLflow is not told now it is told later
            waiting = shipper.stop(0)
        if waiting:
            later = catching_up(match.home.root, shipper.uri)
            screen.on_warning(f"MLflow has not been told {waiting} things yet; this tells it: {later}")


def _announce(console: Console, match: Match) -> None:
    config, faces = match.config, match.facts["faces"]
    console.print(
        f"[bold]{match.name}[/]: A [magenta]{config.generator.name}[/] against B [cyan]{config.detector.name}[/], "
        f"{config.rounds} rounds, seed {config.seed}, on {match.facts['device']} in {match.facts['precision']}"
    )
    console.print(f"[dim]{faces['images']} faces of {faces['identities']} identities from {escape(faces['source'])}[/]")
    if "people" in faces:  # a match of the first arena does not say
        exam = config.exam
        console.print(f"[dim]{exams_to_come(Rule.of(exam.model_dump()), exam.size, faces['people']['exam'])}[/]")
    if faces["leaks"]:
        console.print(f"[yellow]{len(faces['leaks'])} leaks between the parts of the faces are allowed[/]")
    for reason, count in faces["skipped"].items():
        console.print(f"[yellow]{count} files skipped: {escape(reason)}[/]")


def _farewell(console: Console, match: Match, finished: bool, mlflow: str | None) -> None:
    from arena.tracking.store import catching_up, default_uri

    home, name = match.home, match.name
    pages = catching_up(home.root, default_uri(home.root) if mlflow in (None, "off") else mlflow)
    records = rounds_of(home.records(name))
    if records:
        for part in standings_tables([(home.match(name), records)], f"Standings of {name}"):
            console.print(part)
        console.print(f"samples    {sample_sheet(home, name, records[-1].round)}")
        console.print(f"animation  {write_animation(home, name)}")
    if finished:
        tell(console, "look further:", "dim")
        for way in (command("show", name, home=home.root), command("verify", name, home=home.root), pages):
            tell(console, f"    {way}", "dim")
        return
    kept = f"{len(records)} of {match.config.rounds} rounds are kept"
    tell(console, f"{kept}. Continue with: {command('resume', name, home=home.root)}", "yellow")
    raise typer.Exit(INTERRUPTED)
