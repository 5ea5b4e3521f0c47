"""`arena score`: how good predictions are that somebody has made; `arena labels`: the truth they are held against."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arena.cli.console import console as console_for
from arena.cli.console import emit, say, table
from arena.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from arena.cli.probe import probe
from arena.types import ArenaError

if TYPE_CHECKING:
    from arena.results.predictions import Figure, Scored

_WIDTH = 40
_PLOTS = (".png", ".html", ".htm")


def score(
    predictions: Annotated[
        Path,
        typer.Argument(help="A CSV: id,probability; or id,label,probability. With --probes: SNAPSHOT or MATCH."),
    ],
    labels: Annotated[
        Path | None,
        typer.Argument(help="A CSV: id,label with 1 for fake; or DFDC's metadata.json. With --probes: real faces."),
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="From which probability on the accuracy takes an image for fake.")
    ] = 0.5,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png|FILE.html", help="Draw the ROC curve: a picture, or a page.")
    ] = None,
    probes: Annotated[
        bool,
        typer.Option("--probes", help="Does a detector go by framing or light? What `arena probe` does."),
    ] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Hold predictions against the truth: AUROC, AP, EER, fakes caught, accuracy, each with its 95 % interval."""
    from arena.results.predictions import figures, read_scored

    if probes:
        if labels is None:
            raise ArenaError("--probes needs real faces, too: arena score SNAPSHOT REALS --probes")
        probe(str(predictions), str(labels), home=home, as_json=as_json)
        return
    if plot is not None and plot.suffix.lower() not in _PLOTS:
        raise ArenaError(f"the ROC curve is drawn as one of {', '.join(_PLOTS)}, not as {plot.name!r}")
    scored = read_scored(predictions, labels)
    found = figures(scored, threshold)
    if plot is not None:
        _draw(scored, found[0], plot, predictions.name)
    if as_json:
        emit([asdict(one) for one in found])
    else:
        rows = [(one.name, f"{one.value:.4f}", f"{one.low:.4f}-{one.high:.4f}") for one in found]
        console_for().print(table("", ("", ">value", "95 %"), rows))
    fakes = int(scored.labels.sum())
    say(f"[dim]{fakes} fake and {len(scored.labels) - fakes} real images[/]")


def _draw(scored: Scored, area: Figure, plot: Path, name: str) -> None:
    from arena.faces.sources.tables import save_bytes, save_text
    from arena.results.chartbook import chart_book
    from arena.results.charts import roc_chart
    from arena.results.picture import roc_png

    title = f"AUROC {area.value:.3f} ({area.low:.3f}-{area.high:.3f})"
    if plot.suffix.lower() == ".png":
        save_bytes(plot, roc_png(scored, title))
    else:
        save_text(plot, chart_book(f"ROC of {name}", [roc_chart(scored, title)]))


def labels(
    reals: Annotated[Path | None, typer.Argument(metavar="REAL_DIR", help="A folder of real images.")] = None,
    fakes: Annotated[Path | None, typer.Argument(metavar="FAKE_DIR", help="A folder of fake ones.")] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="The CSV to write.")] = Path("labels.csv"),
    dfdc: Annotated[
        Path | None, typer.Option("--dfdc", metavar="DIR", help="A folder of videos with a metadata.json instead.")
    ] = None,
) -> None:
    """Write the labels of images or videos, seqid,img_url,label with 1 for fake, and count the classes."""
    from arena.faces.sources.labelling import of_dfdc, of_folders, write_labels

    if dfdc is not None and reals is None:
        found = of_dfdc(dfdc)
    elif reals is not None and fakes is not None and dfdc is None:
        found = of_folders(reals, fakes)
    else:
        raise ArenaError("give a folder of real and a folder of fake images, or --dfdc and a folder of videos")
    write_labels(found, out)
    counts = {name: sum(label == kind for _, label in found.rows) for kind, name in enumerate(("real", "fake"))}
    most = max(*counts.values(), 1)
    bars = [(name, f"{n}", "█" * max(round(_WIDTH * n / most), n > 0)) for name, n in counts.items()]
    console_for().print(table("", ("", ">files", ""), bars))
    for skipped in found.skipped:
        say(f"[yellow]left out: {skipped}[/]")
    say(f"[dim]{len(found.rows)} labels in {out}[/]")
