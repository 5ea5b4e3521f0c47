"""`arena measure`: how good fakes are, as numbers with intervals."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.markup import escape

from arena.cli.console import console as console_for
from arena.cli.console import emit, table
from arena.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from arena.faces.sets.cache import check_size, open_cache
from arena.faces.sets.pack import pack
from arena.faces.sources.opening import open_source
from arena.play.match import open_match
from arena.play.parts import split_match
from arena.quality import words
from arena.quality.measure import full_quality
from arena.quality.result import Quality
from arena.results.samples import Maker, check_room, draw, generator_of
from arena.store.home import Home
from arena.types import ArenaError, Images

DEFAULT_SIZE = 64


def measure(
    fakes: Annotated[
        str, typer.Argument(metavar="SNAPSHOT|FOLDER|MATCH", help="A generator's snapshot, images, or a match.")
    ],
    reals: Annotated[
        str | None,
        typer.Option(metavar="SRC", help="Real faces to compare with; of a match, by default what Team A trained on."),
    ] = None,
    n: Annotated[int, typer.Option("-n", help="Fakes to measure, and real faces at most.")] = 2000,
    search: Annotated[int, typer.Option(min=0, help="How many of them are searched for faces.")] = 1000,
    size: Annotated[
        int | None, typer.Option(help="Side in pixels of a folder's images, which are resized; 64 by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same fakes.")] = 0,
    round: Annotated[int | None, typer.Option("--round", help="After which round of the match; else the last.")] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Measure fakes against real faces: distances, faces found, diversity, copies, spectra; each with its interval."""
    from arena.networks.training import use_one_thread  # here, so that other commands start without torch

    use_one_thread()
    maker: Maker | None = None
    if _names_images(fakes, home):
        if reals is None:
            raise ArenaError("--reals SRC is missing: a folder, a zip or another source of real faces to compare with")
        if round is not None:
            raise ArenaError(f"{fakes} holds images and has no rounds; --round goes with a match")
        what, images = _images(fakes, size or DEFAULT_SIZE, n, fakes_too=True)
    else:
        maker = generator_of(home, fakes, round)
        if reals is None and maker.match is None:
            raise ArenaError("--reals SRC is missing: a folder, a zip or another source of real faces to compare with")
        if size not in (None, maker.snapshot.image_size):
            raise ArenaError(f"{maker.what} draws faces of {maker.snapshot.image_size} px, not of {size}")
        what = maker.what
        check_room(n, maker.snapshot.image_size)
        images = np.concatenate(list(draw(maker.snapshot, n, seed, coded=True)))
    if reals is not None:
        source, faces = _images(reals, images.shape[1], n)
    else:
        assert maker is not None
        assert maker.match is not None
        source, faces = _own_faces(home, maker.match, n)
    found = full_quality(images, faces, search=search)
    if as_json:
        emit([{"fakes": what, "compared_with": source, **found.to_json()}])
        return
    _print(f"{what} next to {source}", found)


def _names_images(word: str, home: Path) -> bool:
    """Whether a word names images rather than a snapshot or a match. Raises ArenaError when it names nothing."""
    path = Path(word)
    if path.exists():
        return path.suffix != ".safetensors"
    if (home / "arena.db").is_file() and Home.open(home).has_match(word):
        return False
    try:
        open_source(word)
    except ArenaError as error:
        raise ArenaError(f"there is no match named {word!r} in {home}, and {error}") from error
    return True


def _images(spec: str, size: int, n: int, fakes_too: bool = False) -> tuple[str, Images]:
    """At most `n` images of a source, evenly spread `[N, size, size, 3]`, and it in words, with what it lacks."""
    if n < 1:
        raise ArenaError(f"at least 1 image must be measured, not {n}")
    check_size(size)
    with tempfile.TemporaryDirectory() as folder:
        faces = pack(open_source(spec), Path(folder) / "faces.arena", size, lambda done, total: None, fakes=fakes_too)
        count = len(faces.images)
        index = np.linspace(0, count - 1, min(n, count)).round().astype(int)
        skipped = ", ".join(f"{len(names)} {reason}" for reason, names in faces.skipped.items())
        return faces.source + (f" (skipped: {skipped})" if skipped else ""), faces.images[index]


def _own_faces(home: Path, match: str, n: int) -> tuple[str, Images]:
    """At most `n` of the faces that Team A of a match trained on."""
    opened = open_match(Home.open(home), match)
    faces = open_cache(opened.faces)
    part = split_match(faces, opened.home.faces, opened.config.dump(), opened.facts["faces"]).a
    index = part[np.linspace(0, len(part) - 1, min(n, len(part))).round().astype(int)]
    return f"the faces that Team A of {match} trained on", faces.images[index]


def _print(title: str, found: Quality) -> None:
    console = console_for()
    rows = [
        (
            one.title,
            words.written(name, estimate),
            words.interval(name, estimate),
            f"{estimate.n}",
            one.best + (f"; {words.remark(name, found)}" if words.remark(name, found) else ""),
        )
        for name, one in words.MEASURES.items()
        if (estimate := found.estimates.get(name)) is not None
    ]
    console.print(table(escape(title), ("measure", ">value", "95 %", ">fakes", "good is"), rows))
    console.print(f"[dim]{found.images} fakes, {found.reals} real faces[/]")
    for line in words.missing_lines(found):
        console.print(f"[dim]{escape(line)}[/]")
