"""The charts of a match as one HTML file that needs nothing else: no server, no network, no Plotly at the reader's.

Plotly's script is in it, compressed to 2 MB, which the reader's browser unpacks. The file forbids itself to load
anything, and it draws in a frame that may do nothing but run scripts, such as the one MLflow shows HTML in.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from string import Template

from arena.referee.exam import ExamRecord
from arena.referee.verdict import Verdict
from arena.results.charts import Figure, confusion, roc_figure, score_figure
from arena.types import ArenaError

TEMPLATE = Path(__file__).with_name("chartbook.html")


def plotly_script() -> Path:
    """Where the Plotly package keeps its script. Raises ArenaError when the package is not installed."""
    spec = find_spec("plotly")  # not imported: only its script is wanted
    if spec is None or not spec.submodule_search_locations:
        raise ArenaError("the charts need Plotly's script: install the package plotly")
    return Path(spec.submodule_search_locations[0], "package_data", "plotly.min.js")


@dataclass(frozen=True)
class Frame:
    """What stands around charts. `before`, `after`: HTML, escaped already. `sheets`: addresses of pictures by round."""

    before: str = ""
    after: str = ""
    sheets: Mapping[int, str] = field(default_factory=dict)


def chart_book(
    title: str,
    figures: Sequence[Figure],
    exams: Mapping[int, tuple[ExamRecord, Verdict]] | None = None,
    frame: Frame = Frame(),
) -> str:
    """An HTML file with these figures and, below them, those of one exam at a time with its counts.

    `exams`: what was answered and how it was judged, by round; the reader chooses, the last one is shown first.
    """
    content = {
        "sheets": [{"round": number, "image": image} for number, image in sorted(frame.sheets.items())],
        "figures": figures,
        "exams": [
            {"round": number, "figures": [score_figure(exam), roc_figure(exam, verdict)], "called": confusion(exam)}
            for number, (exam, verdict) in sorted((exams or {}).items())
        ],
    }
    # Inside a script element only "<" could end it.
    data = json.dumps(content, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    page = Template(TEMPLATE.read_text(encoding="utf-8"))
    around = {"before": frame.before, "after": frame.after}
    return page.substitute(title=html.escape(title), plotly=_packed_plotly(), content=data, **around)


@cache
def _packed_plotly() -> str:
    return base64.b64encode(gzip.compress(plotly_script().read_bytes(), mtime=0)).decode()
