"""`arena detect`: put photos and videos to a detector."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from arena.cli.console import say
from arena.cli.faces import bar
from arena.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from arena.cli.reports import Aggregate, Format, Printed, Report, Scores
from arena.types import ArenaError

if TYPE_CHECKING:
    from arena.photo.film import Seen
    from arena.photo.gather import Film, Photo
    from arena.photo.judge import Judgement
    from arena.types import Snapshot

Places = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Photos, videos, folders and zips of them.")]
Match = Annotated[
    str | None, typer.Option("--match", help="Whose detector judges; by default of the match that played last.")
]
Round = Annotated[int | None, typer.Option("--round", help="After which round it is taken; by default the last.")]
SnapshotFile = Annotated[
    Path | None,
    typer.Option("--snapshot", "--detector", metavar="FILE", help="A detector's snapshot instead of a match."),
]
Heatmaps = Annotated[
    Path | None,
    typer.Option(
        "--heatmap", "--heatmaps", metavar="DIR", help="Draw where the detector looked, a PNG per face of a photo."
    ),
]
Every = Annotated[int, typer.Option("--every", min=1, help="Of a video, every k-th frame.")]
VideoAggregate = Annotated[
    Aggregate,
    typer.Option(
        "--video-aggregate",
        help="A video's score from those of its faces; trimmed-mean leaves out the 5 lowest and the 5 highest.",
    ),
]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="|".join((*Format, "SAMPLE.csv")),
        help="lines: for each face and video. table, csv: a row for each file and each face of a photo. json: objects. "
        "results: id,probability, sorted. The file of a sample submission: its second column is filled.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("-o", "--out", metavar="FILE", help="Where results go (stdout), or a submission (SAMPLE_out.csv)."),
]


def detect(
    photos: Places,
    match: Match = None,
    round: Round = None,
    snapshot: SnapshotFile = None,
    heatmap: Heatmaps = None,
    every: Every = 1,
    aggregate: VideoAggregate = Aggregate.TRIMMED_MEAN,
    format: FormatOption = Format.LINES,
    out: Out = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Find the faces in photos and videos and say whether the detector takes them for real or fake."""
    from arena.networks.training import use_one_thread
    from arena.photo.gather import Photo, files, gathered, is_many
    from arena.snapshot import read_snapshot

    if heatmap is not None:
        _prepare(heatmap, photos)
    path, judged_by = chosen(home, match, round, snapshot)
    weights = read_snapshot(path)
    if weights.role != "detector":
        raise ArenaError(f"{path} holds the weights of a generator; a detector's are needed to judge a photo")
    use_one_thread()
    known = files(photos)
    with bar("judging") as show:
        report = _report(_form(format, as_json), judged_by, known, out)
        job = _Job(weights, report, lambda done, note: show(done, len(known), note))
        for one in gathered(photos):
            if isinstance(one, Photo):
                job.photo(one, heatmap, known.get(one.name, ""))
            else:
                job.film(one, every, aggregate)
        report.end()
    job.sum_up(any(is_many(place) for place in photos))


def _form(written: str, as_json: bool) -> Format | Path:
    """A way of printing, or a sample submission. Raises ArenaError for anything else, and for two of them."""
    if as_json and written not in (Format.LINES, Format.JSON):
        raise ArenaError(f"give either --json or --format {written}")
    if Path(written).suffix.lower() == ".csv":
        return Path(written)
    if written not in list(Format):
        raise ArenaError(f"--format takes {', '.join(Format)} or a sample submission SAMPLE.csv, not {written!r}")
    return Format.JSON if as_json else Format(written)


def _report(form: Format | Path, judged_by: Mapping[str, Any], files: Mapping[str, str], out: Path | None) -> Report:
    """Where findings go. Raises ArenaError for options that do not go together and for a sample that cannot be used."""
    from arena.results.submission import Submission

    if isinstance(form, Path):
        return Scores(files, Submission.read(form, files), out or form.with_name(f"{form.stem}_out.csv"))
    if form == Format.RESULTS:
        return Scores(files, None, out)
    if out is not None:
        raise ArenaError("-o is for --format results and SAMPLE.csv; the others are printed, to be redirected")
    return Printed(form, judged_by)


class _Job:
    """Judges one file after the other and counts. `show`: told how many are done, and what came of them."""

    def __init__(self, weights: Snapshot, report: Report, show: Callable[[int, str], None]) -> None:
        from arena.faces.crop.finder import Finder
        from arena.photo.judge import RECIPE
        from arena.photo.likeness import Likeness
        from arena.snapshot import player

        self.weights, self.report, self.show = weights, report, show
        self.detector, self.begin = player(weights), time.monotonic()
        self.finder, self.quick = (Finder("cpu", RECIPE.min_size, quick) for quick in (False, True))
        self.problems = list[str]()
        self.faces = self.photos = self.films = self.frames = self.unused = 0
        if words := Likeness.of(weights.origin, weights.image_size).words:
            say(f"[dim]{escape(words)}[/]")

    def photo(self, photo: Photo, heatmap: Path | None, called: str) -> None:
        """Judge a photo. `heatmap`: a folder for pictures of where the detector looked, named as it is `called`."""
        from arena.photo.judge import judge

        self.photos += 1
        if photo.image is None:
            self._failed("photo", photo.name, photo.reason)
            return
        size, origin = self.weights.image_size, self.weights.origin
        judgement = judge(photo.image, self.detector, size, self.finder, heatmap is not None, origin)
        self.faces += len(judgement.faces)
        self.report.judged(photo.name, judgement)
        if heatmap is not None:
            _draw(judgement, heatmap, "-".join(Path(called).parts))
        self._tell()

    def film(self, film: Film, every: int, rule: Aggregate) -> None:
        """Judge every `every`-th frame of a video."""
        from arena.faces.crop.video import frames
        from arena.faces.decode import Unusable
        from arena.photo.film import judge_film

        self.films += 1
        if film.path is None:
            self._failed("video", film.name, film.reason)
            return

        def on_seen(seen: Sequence[Seen], count: int) -> None:
            self.faces += len(seen)
            self.frames += count
            self.report.seen(film.name, seen)
            self._tell(f" of {film.name}", before=1)

        size, origin = self.weights.image_size, self.weights.origin
        try:
            found = judge_film(frames(film.path, every), self.detector, size, self.quick, origin, rule.value, on_seen)
        except Unusable as unusable:
            self._failed("video", film.name, f"cannot be used: {unusable.reason}")
            return
        self.report.film(film.name, found)
        if found.broken:
            self.problems.append(f"the video {film.name} is {found.broken}: only its first frames were judged")
        elif not found.faces:
            self.problems.append(f"the video {film.name} shows no face in {found.frames} frames")
        self._tell()

    def _failed(self, what: str, name: str, reason: str) -> None:
        self.unused += 1
        self.problems.append(f"the {what} {name} {reason}")
        self.report.failed(what, name, reason)
        self._tell()

    def _tell(self, of: str = "", before: int = 0) -> None:
        rate = self.faces / max(time.monotonic() - self.begin, 1e-9)
        frames = f" in {self.frames} frames{of}" if self.frames else ""
        self.show(self.photos + self.films - before, f"{self.faces} faces{frames}, {rate:.1f} faces/s")

    def sum_up(self, of_many: bool) -> None:
        """Say what came of it all. Raises ArenaError where something could not be judged, or only in part."""
        count = self.photos + self.films
        if not count:
            raise ArenaError("there are no photos or videos there")
        if not self.problems and not of_many:
            return
        if count == 1 and self.problems:
            raise ArenaError(self.problems[0])
        for problem in self.problems:
            say(f"[yellow]{escape(problem)}[/]")
        kinds = " and ".join(kind for kind, n in (("photos", self.photos), ("videos", self.films)) if n)
        done = f"{self.faces} faces in {count - self.unused} {kinds}"
        if self.problems:
            whole = " whole" if self.unused < len(self.problems) else ""
            raise ArenaError(f"{len(self.problems)} of {count} {kinds} cannot be used{whole}; judged were {done}")
        say(f"[dim]{done}[/]")


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


def _prepare(folder: Path, photos: list[Path]) -> None:
    """Make the folder of heat maps before anything is judged. Raises ArenaError; also where two would have one name."""
    from arena.store.disk import readable_errors

    names = [photo.name for photo in photos]
    for name in names:
        if names.count(name) > 1:
            raise ArenaError(f"two photos are named {name}, and so would be their heat maps; put them one by one")
    with readable_errors(f"the folder {folder}"):
        folder.mkdir(parents=True, exist_ok=True)


def _draw(judgement: Judgement, folder: Path, name: str) -> None:
    """Each face as the detector was shown it, under its heat map."""
    from arena.detector.heatmap import heat_png
    from arena.store.disk import readable_errors

    with readable_errors(f"the folder {folder}"):
        for i, face in enumerate(judgement.faces):
            if face.heat is not None:
                (folder / f"{name}-{i}.png").write_bytes(heat_png(face.heat, face.crop))
