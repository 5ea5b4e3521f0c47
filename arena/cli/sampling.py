"""What a generator draws: `arena sample`, `arena animate`, `arena interpolate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from arena.cli.console import console as console_for
from arena.cli.options import DEFAULT_HOME, HomeOption, MatchArgument
from arena.results import animation as films
from arena.results.samples import generator_of, walk_film, write_samples
from arena.store.disk import readable_errors
from arena.store.home import Home
from arena.types import ArenaError

MakerArgument = Annotated[
    str, typer.Argument(metavar="SNAPSHOT|MATCH", help="A generator's snapshot file, or a match of `arena matches`.")
]
RoundOfOption = Annotated[int | None, typer.Option("--round", help="After which round of the match; else the last.")]
SamplingSeed = Annotated[int, typer.Option(min=0, help="The same seed draws the same faces.")]
FilmOption = Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE", help="A .gif or .webp.")]


def sample(
    source: MakerArgument,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR|FILE.zip", help="A new folder, or a new zip.")],
    n: Annotated[int, typer.Option("-n", help="How many faces.")] = 1000,
    seed: SamplingSeed = 0,
    round: RoundOfOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Draw fakes as PNGs that say what they are."""
    from arena.networks.training import use_one_thread  # here, so that other commands start without torch

    maker = generator_of(home, source, round)
    use_one_thread()
    write_samples(maker, n, seed, out)
    console_for().print(f"{n} faces by {maker.what} in {out}", markup=False)


def animate(
    match: MatchArgument,
    out: FilmOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show the same latents over the rounds of a match as an animation; by default beside its rounds."""
    store = Home.open(home)
    row = store.match(match)
    numbers = [record.round for record in store.records(match)]
    if not numbers:
        raise ArenaError(f"{match} has no round yet; play one first")
    if out is None:
        console_for().print(f"{films.write_animation(store, match)}", markup=False)
        return
    kind = _kind(out)
    sheets = {number: films.sample_sheet(store, match, number) for number in numbers}
    _write(out, films.animation(sheets, row.fakes_are, kind))


def interpolate(
    source: MakerArgument,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="A .gif or .webp.")],
    faces: Annotated[int, typer.Option(help="Faces side by side.")] = 16,
    stops: Annotated[int, typer.Option(help="Latents that each of them visits.")] = 4,
    frames: Annotated[int, typer.Option(help="Frames from one to the next.")] = 12,
    seed: SamplingSeed = 0,
    round: RoundOfOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Film a walk through a generator's latents, along great circles and back to where it began."""
    from arena.networks.training import use_one_thread

    kind = _kind(out)
    maker = generator_of(home, source, round)
    use_one_thread()
    _write(out, walk_film(maker.snapshot, faces, stops, frames, seed, maker.fakes_are, kind))


def _kind(out: Path) -> Literal["gif", "webp"]:
    kinds: dict[str, Literal["gif", "webp"]] = {".gif": "gif", ".webp": "webp"}
    if out.suffix.lower() not in kinds:
        raise ArenaError(f"an animation is a .gif or a .webp, not {out.name!r}")
    return kinds[out.suffix.lower()]


def _write(out: Path, data: bytes) -> None:
    with readable_errors(f"the file {out}"):
        out.write_bytes(data)
    console_for().print(str(out), markup=False)
