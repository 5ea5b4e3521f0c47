"""A match as one HTML file to hand on: story, faces, charts, verdicts, settings. It asks nobody for anything."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import PurePath
from typing import Any

import numpy as np
import safetensors.numpy
import yaml
from PIL import Image

from arena import __version__
from arena.commandline import command
from arena.images import animation
from arena.referee.exam import ExamRecord
from arena.referee.verdict import Verdict
from arena.results.animation import sample_sheet
from arena.results.chartbook import Frame, chart_book
from arena.results.charts import accuracy_figure, auroc_figure, faces_figure, thinned
from arena.results.magnitudes import losses_figure
from arena.results.shortcuts import kept
from arena.results.story import tell_match, tell_round
from arena.results.words import how_won
from arena.store.home import Home, MatchRow
from arena.store.names import EXAM
from arena.store.record import RoundRecord, rounds_of
from arena.store.settings import read_settings
from arena.types import ArenaError

MOST_SHEETS, MOST_EXAMS = 60, 40
"""Of a long match evenly chosen ones, so that a hundred rounds take less than 10 MB."""
LARGEST_SHEET = 512
"""Pixels a side."""


def match_report(home: Home, match: str, unprobed: str = "") -> str:
    """The report of a match that has a round. `unprobed`: why its last detector could not be probed. Raises ArenaError.

    Its fakes are in it unless they are made of photographs, or may be, and the home's owner has not allowed to show
    such. Real faces never are.
    """
    row, records = home.match(match), home.records(match)
    if not records:
        raise ArenaError(f"{match} has no round yet; play one first")
    story = tell_match(records, row.config["rounds"])
    is_shown = not row.fakes_show_people or read_settings(home.root).show_real_faces
    sheets = _sheets(home, row, records) if is_shown else {}
    told = escape(" ".join(story.lines))
    before = (
        f"<p class=headline>{escape(story.headline)}</p><p>{told}</p>{_strip(records)}{_about_faces(row, is_shown)}"
    )
    last = records[-1].round
    parts = (_verdicts(records), _shortcuts(home, match, last, unprobed), _settings(row), _replaying(row, last))
    after = "".join(parts)
    return chart_book(match, _figures(row, records), _exams(home, match, records), Frame(before, after, sheets))


def _figures(row: MatchRow, records: Sequence[RoundRecord]) -> list[dict[str, Any]]:
    figures = [losses_figure(records)]
    if any(record.quality and record.quality.one_face for record in records):
        figures.insert(0, faces_figure(records))
    if rounds_of(records):
        win = float(row.config.get("exam", {}).get("win_accuracy", 0.5))
        figures[:0] = [accuracy_figure(records, win), auroc_figure(records)]
    return figures


def _sheets(home: Home, row: MatchRow, records: Sequence[RoundRecord]) -> dict[int, str]:
    """The sheets of samples by round, as data addresses of small pictures that say what they are."""
    found = {}
    for record in thinned(records, MOST_SHEETS):
        path = sample_sheet(home, row.name, record.round)
        if path.exists():
            with Image.open(path) as page:
                page.thumbnail((LARGEST_SHEET, LARGEST_SHEET))
                pixels = np.asarray(page.convert("RGB"))[None]
            data = base64.b64encode(animation([pixels], row.fakes_are, "webp")).decode()
            found[record.round] = f"data:image/webp;base64,{data}"
    return found


def _exams(home: Home, match: str, records: Sequence[RoundRecord]) -> dict[int, tuple[ExamRecord, Verdict]]:
    found = {}
    for record in thinned(rounds_of(records), MOST_EXAMS):
        path = home.round_folder(match, record.round) / EXAM
        if path.exists():
            found[record.round] = ExamRecord.from_arrays(safetensors.numpy.load_file(path)), record.judged
    return found


def _about_faces(row: MatchRow, is_shown: bool) -> str:
    if not is_shown:
        return "<p>Its fakes are made of photographs of people, or may be, so none of them is in this file.</p>"
    made = {
        "generated": "AI-generated: a network drew these faces",
        "composite": "Manipulated: a program put them together",
    }
    said = made.get(row.fakes_are, "Fakes of unknown making")
    return f"<h2>The same latents, round by round</h2><p>{said}; they show nobody. No real face is in this file.</p>"


def _strip(records: Sequence[RoundRecord]) -> str:
    """A cell for each round in its winner's colour, paler where luck explains it; each leads to its line below."""
    cells = []
    for record in rounds_of(records):
        v = record.judged
        kind = f"{v.winner.lower()}{'' if v.clear_winner else ' close'}"
        name = escape(f"Round {record.round}: {v.winner} wins, {'clear' if v.clear_winner else 'too close'}")
        style = f"--accuracy:{v.accuracy:.3f}"
        cells.append(
            f'<a class="{kind}" style="{style}" href="#round-{record.round}" title="{name}">{record.round}</a>'
        )
    return f'<nav class="strip" aria-label="Rounds">{"".join(cells)}</nav>' if cells else ""


def _verdicts(records: Sequence[RoundRecord]) -> str:
    names = ("Round", "Winner", "Accuracy, 95 %", "AUROC, 95 %", "Caught in use", "False alarms", "p", "What happened")
    rows = "".join(_line(records, i) for i in range(len(records)))
    head = "".join(f"<th scope=col>{name}</th>" for name in names)
    return (
        f"<h2>All rounds</h2><div class=wide><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _line(records: Sequence[RoundRecord], i: int) -> str:
    record, v = records[i], records[i].verdict
    said = f"<td class=said>{escape(tell_round(record, records[:i]))}</td>"
    first = f'<tr id="round-{record.round}"><th scope=row>{record.round or "opening"}</th>'
    if v is None:
        return f"{first}{'<td>–</td>' * 6}{said}</tr>"
    cells = (
        f"{v.winner}, {how_won(v)}",
        f"{v.accuracy:.3f} ({v.accuracy_low:.2f}–{v.accuracy_high:.2f})",
        f"{v.auroc:.3f} ({v.auroc_low:.2f}–{v.auroc_high:.2f})",
        f"{v.tpr:.0%}",
        f"{v.false_alarm_rate:.1%}",
        "&lt; 0.001" if v.p_value < 0.001 else f"{v.p_value:.3f}",
    )
    return first + "".join(f"<td>{cell}</td>" for cell in cells) + f"{said}</tr>"


def _shortcuts(home: Home, match: str, last: int, unprobed: str) -> str:
    """What shortcut probes made of the last detector, or why nobody knows; the opening has no detector."""
    if not last:
        return ""
    found, title = kept(home, match, last), "<h2>Does the detector go by framing or light?</h2>"
    if found is None:
        ask = command("report", match, "-o", f"{match}.html")
        why = f"Nobody knows: {escape(unprobed)}." if unprobed else f"Not asked yet; <code>{escape(ask)}</code> asks."
        return f"{title}<p>{why}</p>"
    head = "".join(f"<th scope=col>{name}</th>" for name in ("The same faces", "AUROC, 95 %", ""))
    rows = "".join(
        f"<tr><th scope=row>{escape(one.name)}</th><td>{one.auroc:.3f} ({one.interval[0]:.2f}–{one.interval[1]:.2f})"
        f"</td><td>{'a shortcut' if one.is_shortcut else ''}</td></tr>"
        for one in found.probed
    )
    table = f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    return f"{title}<p>{escape(found.sentence)}</p><details><summary>All probes</summary>{table}</details>"


def _settings(row: MatchRow) -> str:
    versions = row.facts.get("versions", {})
    lines = [*_leaves(_without_folders(row.config)), *(_leaves(versions, "version of "))]
    cells = "".join(f"<tr><th scope=row>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in lines)
    return f"<details><summary><h2>Settings and versions</h2></summary><table>{cells}</table></details>"


def _without_folders(value: Any) -> Any:
    """Settings as a stranger may see them: of files and folders of this machine their names alone."""
    if isinstance(value, Mapping):
        return {key: _without_folders(inner) for key, inner in value.items()}
    return PurePath(value).name if isinstance(value, str) and PurePath(value).is_absolute() else value


def _leaves(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", str(value)


def _replaying(row: MatchRow, last: int) -> str:
    """How to play it again, and how to check what was played."""
    config = _without_folders(row.config)
    again = command("run", "match.yaml", "--name", f"{row.name}-again")
    check = command("verify", row.name, "--replay", last)
    return (
        f"<h2>Play it again</h2><p>Where the match is kept, <code>{escape(check)}</code> checks every file and sits "
        f"the last exam once more. Elsewhere: save these lines as <code>match.yaml</code>, set <code>faces</code> to "
        f"where the real faces are, and <code>{escape(again)}</code> plays it with the same seed.</p>"
        f"<details><summary>match.yaml</summary><pre>{escape(yaml.safe_dump(config, sort_keys=False))}</pre></details>"
        f"<p class=muted>Made by arena {__version__}.</p>"
    )
