"""The ROC curve as a picture, for papers and mails: what `charts.roc_chart` is where nothing runs a page."""

from __future__ import annotations

import io

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from arena.results.charts import COLOUR_B, GREY, Marked, roc_points


def roc_png(paper: Marked, title: str) -> bytes:
    """The ROC curve of scores and the line of chance as a PNG of 1080 x 1080 pixels, dark on white."""
    figure = Figure(figsize=(6, 6), dpi=180, layout="constrained")
    axes = figure.add_subplot(xlim=(0, 1), ylim=(0, 1), aspect="equal", title=title)
    axes.set(xlabel="reals called fake", ylabel="fakes called fake")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    axes.grid(alpha=0.3)
    axes.plot((0, 1), (0, 1), ":", color=GREY)
    axes.plot(*roc_points(paper), color=COLOUR_B, linewidth=2.5, clip_on=False)
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
