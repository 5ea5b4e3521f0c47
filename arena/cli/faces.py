"""`arena faces`: crop, split, pack, make, describe, collect. Thin: the work is done in `arena.faces`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from arena.cli.console import say
from arena.commandline import command
from arena.types import ArenaError

if TYPE_CHECKING:
    from arena.faces.crop.cropping import Progress as CropProgress

app = typer.Typer(
    name="faces", help="Get real faces into the arena: your photos, videos, or public sets.", no_args_is_help=True
)

_SHOWN = 3
_LINE_SECONDS = 15

Source = Annotated[str, typer.Argument(help="folder, zip, tar, labels.csv, packed file, procedural[:N], lfw or celeba")]
Seed = Annotated[int, typer.Option(min=0, help="the same seed draws the same")]
Size = Annotated[int, typer.Option(help="side of the square images in pixels")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda")]


@app.command()
def crop(
    places: Annotated[list[str], typer.Argument(help="photos, videos, folders or archives of them")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="folder for the crops; the same command goes on after a stop")
    ],
    size: Size = 64,
    margin: Annotated[float, typer.Option(help="part of the face added on every side")] = 0.3,
    min_score: Annotated[float, typer.Option(help="leave out faces that MTCNN is less sure of")] = 0.97,
    min_size: Annotated[float, typer.Option(help="leave out faces smaller than this in the photo, in pixels")] = 50,
    align: Annotated[
        bool, typer.Option("--align/--no-align", help="turn faces upright by eyes, nose and mouth")
    ] = False,
    all_faces: Annotated[bool, typer.Option("--all-faces/--largest", help="every face of a photo, or one")] = False,
    every: Annotated[int, typer.Option(help="of a video, every k-th frame")] = 10,
    max_frames: Annotated[int | None, typer.Option(help="of a video, at most this many frames")] = None,
    balance: Annotated[bool, typer.Option("--balance", help="of each person as many fake as real faces")] = False,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Cut the faces out of photos and videos."""
    from arena.faces.crop.cropping import CropPlan, crop_faces
    from arena.faces.crop.finder import Finder

    recipe = CropPlan(size, margin, min_score, min_size, align, all_faces, every, max_frames)
    finder = Finder(device, min_size)
    begin = time.monotonic()
    with bar("cropping") as show:

        def on_progress(now: CropProgress) -> None:
            rate = now.images / max(time.monotonic() - begin, 1e-9)
            show(now.done, now.total, f"{rate:.1f} images/s, {now.faces} faces")

        report = crop_faces(places, out, recipe, finder, seed if balance else None, on_progress)
    several = f", {report.several} of them with several in a picture" if report.several else ""
    typer.echo(f"{report.crops} faces in {out}: {report.found} of {report.inputs} files show one{several}")
    _list("no face", report.none)
    tell_skipped(report.unreadable)
    if report.set_aside:
        typer.echo(f"{report.set_aside} faces are left out of {out / 'labels.csv'} to balance real and fake")
    if not report.crops:
        raise ArenaError(
            "no face was found, so there is nothing to play with: give photos where faces are larger, or ask for less "
            "with --min-size and --min-score"
        )
    typer.echo(f"look at {out / 'contact-sheet.png'}, then play with: {command('run', '--faces', out)}")
    _say_if_too_few(out)


def _say_if_too_few(out: Path) -> None:
    """Say so when a match with these faces needs more of them, or other settings."""
    from arena.faces.sets.packed import number_identities
    from arena.faces.source import Face
    from arena.faces.sources.opening import open_source
    from arena.play.config import MatchConfig
    from arena.play.parts import split_faces

    found = [item.identity for item in open_source(str(out)).faces() if isinstance(item, Face)]
    try:
        split_faces(number_identities(found)[0], MatchConfig().dump())
    except ArenaError as error:
        say(f"[yellow]as they are, a match cannot be played with them: {escape(str(error))}[/]")


@app.command()
def split(
    source: Source,
    out: Annotated[Path, typer.Option("-o", "--out", help="folder for the parts")],
    parts: Annotated[str, typer.Option(help="names and shares")] = "a=0.6,b=0.3,exam=0.1",
    by: Annotated[str, typer.Option(help="identity (or person, the same), or image")] = "identity",
    seed: Seed = 0,
) -> None:
    """Split faces into folders that share no person and no photo."""
    from arena.faces.sets.parts import read_by, read_parts, split_into_folders
    from arena.faces.sources.opening import open_source

    shares, unit = read_parts(parts), read_by(by)
    with bar("splitting") as show:
        result = split_into_folders(open_source(source), out, shares, seed, unit, show)
    typer.echo("  ".join(f"{out / name}: {n} faces" for name, n in result.faces.items()))
    tell_skipped(result.skipped)


@app.command()
def pack(
    source: Source,
    out: Annotated[Path, typer.Option("-o", "--out", help="the file to write")] = Path("faces.arena"),
    size: Size = 64,
) -> None:
    """Pack faces into one file that opens at once."""
    from arena.faces.sets.cache import pack_file

    begin = time.monotonic()
    with bar("packing") as show:
        faces = pack_file(source, out, size, show)
    rate = len(faces.images) / max(time.monotonic() - begin, 1e-9)
    typer.echo(f"{len(faces.images)} faces of {size} pixels in {out} ({rate:.0f} a second)")
    tell_skipped(faces.skipped)


@app.command()
def make(
    out: Annotated[Path, typer.Argument(help="folder for the faces")],
    n: Annotated[int, typer.Option("-n", help="how many")] = 1000,
    size: Size = 64,
    seed: Seed = 20,
) -> None:
    """Draw synthetic faces, which show nobody."""
    from arena.faces.sets.report import SYNTHETIC
    from arena.faces.sources.drawn import make as draw

    with bar("drawing") as show:
        draw(out, n, size, seed, show)
    typer.echo(f"{n} synthetic faces in {out}. {SYNTHETIC}")


@app.command()
def describe(
    source: Source,
    html: Annotated[Path | None, typer.Option(help="write a report with charts and a contact sheet")] = None,
    search: Annotated[int, typer.Option(help="look for faces in so many of the images")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Count, measure and check a set of faces."""
    from arena.faces.sets.describe import describe as look
    from arena.faces.sets.report import SYNTHETIC, html_report, summary
    from arena.faces.sources.opening import open_source
    from arena.faces.sources.tables import save_text

    with bar("looking") as show:
        found, sample = look(open_source(source), search, show)
    if html is not None:
        save_text(html, html_report(found, sample))
    if as_json:
        how = {"coding": found.coding and found.coding.to_json(), "framing": found.framing and found.framing.to_json()}
        typer.echo(json.dumps(asdict(found) | how))
        return
    typer.echo(found.source + (f"\n{SYNTHETIC}" if found.synthetic else ""))
    for name, value in summary(found).items():
        typer.echo(f"  {name:22}{value}")
    _list("near-duplicates", [f"{one} = {two}" for one, two in found.near_duplicates])
    tell_skipped(found.skipped)


@app.command()
def collect(
    keywords: Annotated[list[str], typer.Argument(help="what to search for")],
    out: Annotated[Path, typer.Option("-o", "--out", help="folder for photos, manifest and crops")],
    search: Annotated[str, typer.Option("--from", help="openverse or commons")] = "openverse",
    most: Annotated[int, typer.Option(help="photos of each keyword")] = 100,
    licences: Annotated[str, typer.Option(help="licences to accept")] = "cc0,pdm,by,by-sa",
    people: Annotated[bool, typer.Option("--people", help="the keywords are names of people")] = False,
    contact: Annotated[str, typer.Option(help="your e-mail or home page, sent to the search")] = "",
    delay: Annotated[float, typer.Option(help="seconds between two requests to one server")] = 1.0,
    api: Annotated[str, typer.Option(help="another server that speaks like the search", hidden=True)] = "",
    then_crop: Annotated[bool, typer.Option("--crop/--no-crop", help="cut the faces out afterwards")] = True,
    size: Size = 64,
    device: Device = "auto",
) -> None:
    """Collect photos with known licences, then cut the faces out."""
    from arena.faces.collect.collect import collect as gather
    from arena.faces.collect.shelf import MANIFEST, PHOTOS, make_plan

    accepted = [licence.strip() for licence in licences.split(",")]
    plan = make_plan(keywords, search, accepted, most=most, people=people, contact=contact, delay=delay, api=api)
    with bar("collecting") as show:
        tally = gather(plan, out, lambda done: show(done, most * len(plan.keywords)))
    new = tally.pop("collected", 0)
    typer.echo(f"{new} new photos in {out / PHOTOS}, their licences in {out / MANIFEST}")
    for reason, n in tally.items():
        typer.echo(f"  not taken, {reason}: {n}")
    if not new and any(reason.startswith("search") for reason in tally):
        raise ArenaError(f"the search {search} could not be asked; the same command tries again")
    if then_crop and any((out / PHOTOS).rglob("*.*")):
        crop([str(out / PHOTOS)], out / "faces", size=size, device=device)


@contextmanager
def bar(title: str) -> Iterator[Callable[..., None]]:
    """Progress on stderr: a bar on a terminal, else a line now and then. What it yields takes (done, total, note)."""
    console = Console(stderr=True)
    columns = (
        TextColumn(title),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    off = not console.is_terminal
    above = sys.stdout.isatty()  # what is printed meanwhile goes above the bar, unless it goes elsewhere
    with Progress(*columns, console=console, transient=True, disable=off, redirect_stdout=above) as progress:
        task = progress.add_task(title, total=None, note="")
        begin = told = time.monotonic()

        def show(done: int, total: int | None, note: str = "") -> None:
            nonlocal told
            now = time.monotonic()
            note = note or f"{done / max(now - begin, 1e-9):.0f}/s"
            progress.update(task, completed=done, total=total, note=note)
            if not console.is_terminal and now - told > _LINE_SECONDS:
                told = now
                console.print(f"{title}: {done}{f' of {total}' if total else ''}, {note}")

        yield show


def tell_skipped(skipped: Mapping[str, list[str]]) -> None:
    """Print which files cannot be used, by reason; of many of them a few."""
    for reason, names in skipped.items():
        _list(f"skipped, {reason}", names)


def _list(title: str, names: list[str]) -> None:
    from arena.faces.source import printable

    if names:
        more = ", ..." if len(names) > _SHOWN else ""
        typer.echo(f"  {title}: {len(names)} ({', '.join(map(printable, names[:_SHOWN]))}{more})")
