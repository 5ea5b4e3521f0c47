"""`arena forge`: fakes from a set of faces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from arena.cli.faces import Device, Seed, Size, Source, bar, tell_skipped
from arena.cli.options import DEFAULT_HOME, HomeOption


def forge(
    source: Source,
    out: Annotated[Path, typer.Option("-o", "--out", help="folder for fakes, labels and record; must be empty")],
    part: Annotated[
        list[str] | None,
        typer.Option(
            help="MOUTH, NOSE, EYES, LEFT_EYE, RIGHT_EYE, LEFT_BROW, RIGHT_BROW or INFACE; given more than once, one "
            "is drawn for each fake"
        ),
    ] = None,
    edge: Annotated[list[str] | None, typer.Option(help="cut (a hard edge) or blur (a feathered one)")] = None,
    n: Annotated[int, typer.Option("-n", help="how many fakes")] = 100,
    size: Size = 64,
    colour: Annotated[
        bool, typer.Option("--colour/--no-colour", help="give the part the colours of what it covers")
    ] = True,
    poisson: Annotated[bool, typer.Option("--poisson", help="keep the part's gradients, level it to its edge")] = False,
    candidates: Annotated[int, typer.Option(min=1, help="donors drawn for each fake; the likest pose is taken")] = 8,
    seed: Seed = 0,
    device: Device = "auto",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Forge faces: put a part of one person's face into another's."""
    from arena.faces.crop.finder import Finder
    from arena.faces.parts.forge import RECORD, ForgePlan, ways_of
    from arena.faces.parts.forge import forge as make
    from arena.faces.sources.tables import TABLE
    from arena.store.home import Home

    plan = ForgePlan(ways_of(part or ["MOUTH"], edge or ["blur"], colour, poisson), n, size, seed, candidates)
    with bar("forging") as show:
        done = make(source, out, plan, Home.create(home).faces, lambda: Finder(device, 50), show)
    typer.echo(
        f"{done.fakes} fakes in {out}, made of {done.usable} faces of {done.people} people"
        + (f"; in {done.faces - done.usable} more no face was found" if done.faces > done.usable else "")
    )
    tell_skipped(done.skipped)
    typer.echo(f"labels in {out / TABLE}, donor and target of each in {out / RECORD}")
