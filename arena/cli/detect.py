"""`arena detect`: put photos to a detector."""

from __future__ import annotations

import csv
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from arena.cli import findings
from arena.cli.console import console as console_for
from arena.cli.console import emit, say, table
from arena.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from arena.types import ArenaError

if TYPE_CHECKING:
    from arena.photo.judge import Judgement


class Format(StrEnum):
    """How findings are printed."""

    LINES = "lines"
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def detect(
    photos: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Photos of faces, folders and zips of them.")],
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
    format: Annotated[
        Format, typer.Option("--format", help="A line per face; a row per photo and per face; or an object per photo.")
    ] = Format.LINES,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Find the faces in photos and say of each whether the detector takes it for real or fake."""
    from arena.faces.crop.finder import Finder
    from arena.networks.training import use_one_thread
    from arena.photo.gather import is_many
    from arena.photo.gather import photos as gathered
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
    if words := Likeness.of(weights.origin, weights.image_size).words:
        say(f"[dim]{escape(words)}[/]")
    report = _Report(Format.JSON if as_json else format, judged_by)
    failed, faces, count = list[str](), 0, 0
    for photo in gathered(photos):
        count += 1
        if photo.image is None:
            failed.append(f"the photo {photo.name} {photo.reason}")
            report.failed(photo.name, photo.reason)
            continue
        judgement = judge(photo.image, detector, weights.image_size, finder, heatmap is not None, weights.origin)
        faces += len(judgement.faces)
        report.judged(photo.name, judgement)
        if heatmap is not None:
            _draw(judgement, heatmap, _drawn_name(photo.name, photos))
    report.end()
    _sum_up(failed, faces, count, any(is_many(place) for place in photos))


def _sum_up(failed: list[str], faces: int, count: int, of_many: bool) -> None:
    """Say what came of it all. Raises ArenaError where something could not be judged."""
    if not count:
        raise ArenaError("there are no photos there")
    if failed == [] and not of_many:
        return
    if count == 1 and failed:
        raise ArenaError(failed[0])
    for reason in failed:
        say(f"[yellow]{escape(reason)}[/]")
    done = f"{faces} faces in {count - len(failed)} photos"
    if failed:
        raise ArenaError(f"{len(failed)} of {count} photos cannot be used; the others were judged: {done}")
    say(f"[dim]{done}[/]")


class _Report:
    """Prints findings as they come; a table at the end, because its columns fit what is in them."""

    def __init__(self, format: Format, judged_by: dict[str, Any]) -> None:
        self.format, self.judged_by = format, judged_by
        self.console = console_for(format == Format.JSON)
        self.rows = list[dict[str, Any]]()
        self.csv = csv.DictWriter(sys.stdout, findings.COLUMNS, lineterminator="\n")
        if format == Format.CSV:
            self.csv.writeheader()

    def judged(self, photo: str, judgement: Judgement) -> None:
        """A photo that could be judged."""
        if self.format == Format.JSON:
            emit([{"photo": photo, "judge": self.judged_by, **judgement.summary()}])
        elif self.format == Format.LINES:
            for line in findings.lines(photo, judgement):
                self.console.print(line)
        else:
            self._add(findings.rows(photo, judgement))

    def failed(self, photo: str, reason: str) -> None:
        """One that could not."""
        if self.format == Format.JSON:
            emit([{"photo": photo, "error": reason}])
        elif self.format != Format.LINES:
            self._add([findings.unusable(photo, reason)])

    def end(self) -> None:
        """After the last one."""
        if self.format == Format.TABLE:
            written = [[escape(str(row[name])) for name in findings.SHORT] for row in self.rows]
            self.console.print(table("", findings.SHORT, written))

    def _add(self, rows: list[dict[str, Any]]) -> None:
        if self.format == Format.CSV:
            self.csv.writerows(rows)
            sys.stdout.flush()
        self.rows += rows if self.format == Format.TABLE else []


def chosen(home: Path, match: str | None, round: int | None, snapshot: Path | None) -> tuple[Path, dict[str, Any]]:
    """The file of a detector's snapshot, of a match or as it is given, and what to say of it."""
    from arena.photo.latest import chosen_detector
    from arena.store.follow import Follower

    if snapshot is not None:
        if match is not None or round is not None:
            raise ArenaError("give either a snapshot or a match, not both")
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


def _drawn_name(photo: str, places: list[Path]) -> str:
    """What a photo's heat maps are called: like itself, or in a folder or a zip like its way there."""
    for place in places:
        if photo.startswith(f"{place}/"):
            return "-".join(Path(photo).relative_to(place).parts)
    return Path(photo).name


def _draw(judgement: Judgement, folder: Path, name: str) -> None:
    """Each face as the detector was shown it, under its heat map."""
    from arena.detector.heatmap import heat_png
    from arena.store.disk import readable_errors

    with readable_errors(f"the folder {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        for i, face in enumerate(judgement.faces):
            if face.heat is not None:
                (folder / f"{name}-{i}.png").write_bytes(heat_png(face.heat, face.crop))
