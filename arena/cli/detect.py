"""`arena detect`: put photos to a detector."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from arena.cli.console import console as console_for
from arena.cli.console import emit, say
from arena.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from arena.types import ArenaError

if TYPE_CHECKING:
    from arena.faces.decode import Pixels
    from arena.photo.judge import Judged, Judgement

COLOURS = {"real": "green", "fake": "red"}


def detect(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photos of faces.")],
    match: Annotated[
        str | None, typer.Option("--match", help="Whose detector judges; by default of the match that played last.")
    ] = None,
    round: Annotated[
        int | None, typer.Option("--round", help="After which round it is taken; by default the last.")
    ] = None,
    snapshot: Annotated[
        Path | None, typer.Option("--snapshot", metavar="FILE", help="A detector's snapshot instead of a match.")
    ] = None,
    heatmap: Annotated[
        Path | None, typer.Option("--heatmap", metavar="DIR", help="Draw where the detector looked, a PNG per face.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Find the faces in photos and say of each whether the detector takes it for real or fake."""
    from arena.faces.crop.finder import Finder
    from arena.networks.training import use_one_thread
    from arena.photo.judge import RECIPE, judge
    from arena.photo.likeness import Likeness
    from arena.snapshot import player, read_snapshot

    if heatmap is not None:
        _check_names(photos)
    path, judged_by = chosen(home, match, round, snapshot)
    weights = read_snapshot(path)
    if weights.role != "detector":
        raise ArenaError(f"{path} holds the weights of a generator; a detector's are needed to judge a photo")
    use_one_thread()
    detector, finder = player(weights), Finder("cpu", RECIPE.min_size)
    console = console_for(as_json)
    if words := Likeness.of(weights.origin, weights.image_size).words:
        say(f"[dim]{escape(words)}[/]")
    for photo in photos:
        judgement = judge(_read(photo), detector, weights.image_size, finder, heatmap is not None, weights.origin)
        if as_json:
            emit([{"photo": str(photo), "judge": judged_by, **judgement.summary()}])
        else:
            for line in _lines(photo, judgement):
                console.print(line)
        if heatmap is not None:
            _draw(judgement, heatmap, photo)


def chosen(home: Path, match: str | None, round: int | None, snapshot: Path | None) -> tuple[Path, dict[str, Any]]:
    """The file of a detector's snapshot, of a match or as it is given, and what to say of it."""
    from arena.photo.latest import chosen_detector
    from arena.store.follow import Follower

    if snapshot is not None:
        if match is not None or round is not None:
            raise ArenaError("give either --snapshot or a match, not both")
        return snapshot, {"snapshot": str(snapshot)}
    ledger = Follower(home)
    ledger.refresh()
    chosen = chosen_detector(ledger, match, round)
    ledger.close()
    say(f"[dim]judged by the {chosen.contender} of round {chosen.round} of {chosen.match}[/]")
    if chosen.synthetic:
        say("[yellow]it was trained on drawn faces and says nothing about photos[/]")
    told = {name: value for name, value in vars(chosen).items() if name not in ("snapshot", "threshold")}
    return chosen.snapshot, told


def _check_names(photos: list[Path]) -> None:
    names = [photo.name for photo in photos]
    for name in names:
        if names.count(name) > 1:
            raise ArenaError(f"two photos are called {name}, and so would be their heat maps; put them one by one")


def _read(photo: Path) -> Pixels:
    from arena.faces.decode import Unusable, decode

    try:
        with photo.open("rb") as file:
            return decode(file)
    except OSError as error:
        raise ArenaError(f"the photo {photo} cannot be read: {error.strerror}") from error
    except Unusable as unusable:
        raise ArenaError(f"the photo {photo} cannot be used: {unusable.reason}") from None


def _lines(photo: Path, judgement: Judgement) -> list[str]:
    lines = [f"{escape(str(photo))}: {_line(face, judgement.threshold)}" for face in judgement.faces]
    if not lines:
        call = f"[{COLOURS[judgement.verdict]}]{judgement.verdict}[/]" if judgement.verdict else "not judged"
        lines.append(f"{escape(str(photo))}: {call}")
    if judgement.note:
        lines[-1] += f"; {judgement.note}"
    return lines


def _line(face: Judged, threshold: float) -> str:
    left, top, right, bottom = face.box
    what = "the middle" if face.confidence is None else "a face"
    where = f"{what} of {right - left:.0f}x{bottom - top:.0f} pixels at {left:.0f},{top:.0f}"
    if face.verdict is None:
        return f"not judged: {where}: {face.refused}"
    return f"[{COLOURS[face.verdict]}]{face.verdict}[/] {face.score:.3f} (alarm from {threshold:.3f}), {where}"


def _draw(judgement: Judgement, folder: Path, photo: Path) -> None:
    """Each face as the detector was shown it, under its heat map."""
    from arena.detector.heatmap import heat_png
    from arena.store.disk import readable_errors

    with readable_errors(f"the folder {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        for i, face in enumerate(judgement.faces):
            if face.heat is not None:
                (folder / f"{photo.name}-{i}.png").write_bytes(heat_png(face.heat, face.crop))
