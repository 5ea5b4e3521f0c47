"""`arena train`: a detector trained alone, for whoever wants an answer and no match."""

from __future__ import annotations

import dataclasses
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer
from rich.console import Console
from rich.markup import escape

from arena.cli import completing
from arena.cli.console import console as console_for
from arena.cli.console import emit, say, table
from arena.cli.faces import bar
from arena.cli.options import DEFAULT_HOME, DeviceOption, HomeOption, JsonOption, MlflowOption
from arena.cli.play import INTERRUPTED, interrupt_at_sigterm
from arena.cli.probe import probes_table
from arena.store.home import Home
from arena.training.course import Epoch, Observer
from arena.types import Progress

if TYPE_CHECKING:
    from arena.training.alone import Outcome, Request
    from arena.training.judging import Report


Name = Annotated[str, typer.Argument(help="A detector of `arena contenders`.", autocompletion=completing.detectors)]
Real = Annotated[
    str | None,
    typer.Option(metavar="SRC", help="Real faces: a folder, a zip, procedural:N, ...; else those of --against MATCH."),
]
Fake = Annotated[list[str] | None, typer.Option(metavar="SRC", help="Fakes: a folder, a zip, ...; again for more.")]
Against = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WHAT",
        help="Fakes of a folder, a match, a gallery.npy, a generator's snapshot or a contender; one that has to be "
        "trained first with a number of images, such as resgan:50000, or resgan:50000@128 to draw at 128 px what is "
        "shrunk to the size of the training. Again for more, evenly mixed; teachers names all that are recommended.",
    ),
]
LabelsFile = Annotated[
    Path | None, typer.Option(metavar="FILE.csv", help="Both from a table instead: seqid,img_url,label; 1 is fake.")
]
Dfdc = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Both from videos with a metadata.json; faces are cut out.")
]
Every = Annotated[int, typer.Option(min=1, help="Of the videos of --dfdc, every k-th frame.")]
JudgeOn = Annotated[
    list[str] | None,
    typer.Option(metavar="WHAT", help="Judge it in the end on fakes it has not met; words as for --against."),
]
Out = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="FILE", help="The snapshot; by default DETECTOR.safetensors.")
]
Size = Annotated[int, typer.Option(help="Side of the square images in pixels.")]
Epochs = Annotated[int, typer.Option(help="At most so many; each trains as long as a round of a match.")]
Patience = Annotated[int, typer.Option(help="Stop after so many without a better AUROC in validation.")]
FakesEach = Annotated[int, typer.Option(help="Fakes drawn or made for each epoch, all kinds together.")]
Seed = Annotated[int, typer.Option(min=0, help="Every random choice follows from it.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="options.NAME=VALUE", help="An option of the detector.")
]
NoMlflow = Annotated[bool, typer.Option("--no-mlflow", help="Tell MLflow nothing.")]


def train(
    detector: Name,
    real: Real = None,
    fake: Fake = None,
    against: Against = None,
    labels: LabelsFile = None,
    dfdc: Dfdc = None,
    every: Every = 10,
    judge_on: JudgeOn = None,
    out: Out = None,
    size: Size = 64,
    epochs: Epochs = 20,
    patience: Patience = 5,
    fakes: FakesEach = 2000,
    seed: Seed = 0,
    settings: Settings = None,
    device: DeviceOption = None,
    home: HomeOption = DEFAULT_HOME,
    mlflow: MlflowOption = None,
    no_mlflow: NoMlflow = False,
    as_json: JsonOption = False,
) -> None:
    """Train a detector alone, on real faces and fakes of yours. The same command goes on after a stop."""
    from arena.training.alone import Request

    request = Request(
        detector,
        out or Path(f"{detector}.safetensors"),
        real=real,
        fakes=fake or (),
        against=against or (),
        labels=labels,
        dfdc=dfdc,
        every=every,
        judge_on=judge_on or (),
        size=size,
        seed=seed,
        each_epoch=fakes,
        epochs=epochs,
        patience=patience,
        settings=settings or (),
        device=device,
    )
    outcome = _trained(request, home, as_json)
    if as_json:
        emit([outcome.card])
    else:
        _print(outcome)
    if not no_mlflow and mlflow != "off":
        _tell_mlflow(outcome, home, mlflow)


def _trained(request: Request, home: Path, as_json: bool) -> Outcome:
    """Train with a bar to look at; a Ctrl-C ends it in a sentence."""
    from arena.networks.training import use_one_thread
    from arena.training.alone import train_alone

    interrupt_at_sigterm()
    use_one_thread()
    try:
        with _Display(console_for(as_json), request.epochs) as screen:
            return train_alone(request, Home.create(home), screen)
    except KeyboardInterrupt:
        say(f"[yellow]interrupted; the same command goes on where {escape(str(request.folder))} stands[/]")
        raise typer.Exit(INTERRUPTED) from None


class _Display(Observer):
    """A bar with the time left, and a line for each epoch."""

    def __init__(self, console: Console, epochs: int) -> None:
        self._console, self._epochs = console, epochs
        self._bar, self._title = ExitStack(), ""
        self._show: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._bar.close()

    def on_stage(self, text: str) -> None:
        """See Observer."""
        self._titled("")
        say(f"[dim]{escape(text)}[/]")

    def on_decode(self, done: int, total: int | None) -> None:
        """See Observer."""
        self._titled("reading")
        self._show(done, total)

    def on_progress(self, progress: Progress) -> None:
        """See Observer."""
        losses = ", ".join(f"{name} {value:.2f}" for name, value in progress.losses.items())
        speed = f"{progress.images_per_second:.0f} images/s{', ' if losses else ''}{losses}"
        if progress.role == "detector":
            self._titled("training")
            done = (progress.round - 1) * progress.steps + progress.step
            self._show(done, self._epochs * progress.steps, f"epoch {progress.round}, {speed}")
        else:
            self._titled(f"training the generator, part {progress.round}")
            self._show(progress.step, progress.steps, speed)

    def on_epoch(self, epoch: Epoch, is_best: bool) -> None:
        """See Observer."""
        best = ", the best so far" if is_best else ""
        self._console.print(
            f"epoch {epoch.epoch}: AUROC {epoch.auroc:.3f} ({epoch.low:.3f}-{epoch.high:.3f}), catches "
            f"{epoch.caught:.0%} at {epoch.alarms:.1%} false alarms, {epoch.seconds:.0f} s{best}"
        )

    def _titled(self, title: str) -> None:
        """Show another bar, or none."""
        if title != self._title:
            self._bar.close()
            self._title = title
            self._show = self._bar.enter_context(bar(title)) if title else None


def _print(outcome: Outcome) -> None:
    best, console = outcome.trained.best_epoch, console_for()
    if outcome.report is not None:
        _print_report(outcome.report)
    console.print(
        f"the best of {len(outcome.trained.epochs)} epochs is {best.epoch}: AUROC {best.auroc:.3f} "
        f"({best.low:.3f}-{best.high:.3f}) on people and fakes it did not train on"
    )
    for kind, path in outcome.files.items():
        console.print(f"{kind:10} {path}", markup=False)
    console.print(f"[dim]put it to work: arena detect PHOTO --snapshot {outcome.files['detector']}[/]")


def _print_report(report: Report) -> None:
    columns = ("unseen fakes", "judged by", ">AUROC", "95 %", ">caught")
    rows = [
        (
            row.family,
            row.by,
            f"{row.auroc:.3f}",
            f"{row.low:.3f}-{row.high:.3f}",
            "" if row.caught is None else f"{row.caught:.0%}",
        )
        for row in report.rows
    ]
    console = console_for()
    console.print(table("", columns, rows))
    console.print(
        f"false alarms {report.alarms:.1%} ({report.low:.1%}-{report.high:.1%}) on {report.reals} real faces of "
        f"{report.people} people that nobody has trained on"
    )
    if report.probes:
        console.print(probes_table(report.probes))


def _tell_mlflow(outcome: Outcome, home: Path, uri: str | None) -> None:
    """Tell MLflow of the training; whatever goes wrong there is a warning."""
    from arena.tracking.trainings import Told, tell

    epochs = [dataclasses.asdict(epoch) for epoch in outcome.trained.epochs]
    if problem := tell(Told(outcome.card, epochs, outcome.files), home, uri):
        say(f"[yellow]{escape(problem)}[/]")
