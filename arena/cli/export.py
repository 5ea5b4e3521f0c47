"""`arena export`: a detector as a file that runs without the arena."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from arena.cli.console import console as console_for
from arena.cli.console import emit, say
from arena.cli.detect import chosen
from arena.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from arena.cli.probe import some_faces
from arena.types import ArenaError

if TYPE_CHECKING:
    from arena.export.card import Subject
    from arena.export.exporting import Shown

_DRAWN = "procedural:100"
_FORMAT = "onnx"


def export(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE.onnx", help="The file; FILE.json says all of it.")],
    snapshot: Annotated[Path | None, typer.Argument(help="A detector's snapshot instead of a match.")] = None,
    match: Annotated[
        str | None, typer.Option("--match", help="Whose detector; by default of the match that played last.")
    ] = None,
    round: Annotated[int | None, typer.Option("--round", help="After which round; by default the last.")] = None,
    form: Annotated[str, typer.Option("--format", metavar="onnx", help="What to write.")] = _FORMAT,
    int8: Annotated[bool, typer.Option("--int8", help="In 8 bits, and say what that costs.")] = False,
    check_on: Annotated[
        str | None,
        typer.Option(
            "--check-on", metavar="PATH", help="Real faces to compare it on: a folder, a zip; else drawn ones."
        ),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Export a detector as ONNX with its card, compared with the original on real images first."""
    if form != _FORMAT:
        raise ArenaError(f"a detector can be exported as {_FORMAT}, not as {form!r}")
    if out.suffix != ".onnx" or out.is_dir() or not out.parent.is_dir():
        raise ArenaError(f"the file {out} cannot be written: give a name that ends in .onnx, in a folder that exists")
    path, told = chosen(home, match, round, snapshot)
    from arena.export.exporting import Shown, exported, write
    from arena.networks.training import use_one_thread

    use_one_thread()
    subject = _subject(home, path, told)
    faces = some_faces(check_on or _DRAWN, home, subject.snapshot.image_size, 200)
    shown = Shown(faces.images, f"{len(faces)} {'real' if check_on else 'drawn'} faces")
    done = exported(subject, shown, _paper(home, told, shown) if int8 else None)
    beside = write(done, out)
    if as_json:
        emit([{"model": str(out), **done.card}])
        return
    console_for().print(f"{out}, {done.card['bytes'] / 2**20:.1f} MiB, and {beside}", markup=False)
    compared = done.card["compared"]
    say(f"on {compared['on']} no score is further than {compared['largest_difference']:.1g} from the original's")
    if int8:
        say(escape(_price(done.card["int8"])))


def _subject(home: Path, path: Path, told: dict[str, Any]) -> Subject:
    from arena.export.card import subject_of_file, subject_of_round
    from arena.store.home import Home

    if "match" in told:
        return subject_of_round(Home.open(home), told["match"], told["round"])
    return subject_of_file(path)


def _paper(home: Path, told: dict[str, Any], shown: Shown) -> Shown:
    """What the price of 8 bits is measured on: the exam of the detector's round, where it played one."""
    from arena.export.exams import exam_of
    from arena.store.home import Home

    return exam_of(Home.open(home), told["match"], told["round"]) if "match" in told else shown


def _price(cost: dict[str, Any]) -> str:
    """What 8 bits cost, for people."""
    verdicts = (
        f"{cost['verdicts_changed']:.1%} of the verdicts change, scores by up to {cost['largest_difference']:.2f}"
    )
    if cost["auroc"] is None:
        return f"int8 on {cost['on']}: {verdicts}; export from a match to learn the AUROC it costs"
    before, after = cost["auroc"]["fp32"], cost["auroc"]["int8"]
    return f"int8 on {cost['on']}: AUROC {before:.4f} becomes {after:.4f} ({after - before:+.4f}); {verdicts}"
