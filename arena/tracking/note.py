"""The description of a match's run, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from arena.store.home import MatchRow

ROWS = 30
"""Rounds in the table: MLflow keeps 8000 characters of a tag, and a row takes about 90."""


def note(match: MatchRow, latest: Iterable[Mapping[str, Any]], rounds: int, close: int, wins: Mapping[str, int]) -> str:
    """What the match is, how it stands, and the commands to go on.

    `latest`: the records of the last rounds of those played. `rounds`, `close`: how many those are, and too close.
    """
    config, faces = match.config, match.facts["faces"]
    played = [record for record in latest if "winner" in record]
    parts = [
        f"Generator `{config['generator']['name']}` (Team A) against detector `{config['detector']['name']}` (Team B), "
        f"seed {config['seed']}, on `{config['faces']}`: {faces['images']} faces of {faces['identities']} identities.",
        f"**A {wins['A']} : {wins['B']} B** after {rounds} of {config['rounds']} rounds"
        + (f", {close} too close to call." if close else "."),
    ]
    if faces["synthetic"]:
        parts.append("*The real faces are synthetic: a detector trained on them says nothing about photos.*")
    if played:
        parts.append(_table(played, rounds))
    parts.append(_commands(match.name, config["rounds"], rounds))
    return "\n\n".join(parts)


def _table(played: Sequence[Mapping[str, Any]], rounds: int) -> str:
    lines = ["| round | accuracy | AUROC (95 % interval) | fakes caught | reals passed | won by | call |"]
    lines.append("|---:|---:|---:|---:|---:|:---:|:---:|")
    for record in played:
        marks = "".join(f", {mark}" for mark in ("degenerate", "forfeit") if record[mark])
        auroc = f"{record['auroc']:.3f} ({record['auroc_low']:.3f} to {record['auroc_high']:.3f})"
        lines.append(
            f"| {record['round']} | {record['accuracy']:.1%} | {auroc} | {record['tpr']:.1%} | {record['tnr']:.1%} "
            f"| {record['winner']} | {record['call']}{marks} |"
        )
    table = "\n".join(lines)
    return table if rounds <= ROWS else f"The last {ROWS} rounds:\n\n{table}"


def _commands(name: str, rounds: int, played: int) -> str:
    further = f"arena resume {name}" + (f" --rounds {2 * rounds}" if played >= rounds else "")
    replay = f"arena verify {name}" + (f" --replay {played}" if played else "")
    return f"Continue: `{further}`. Check: `{replay}`. Look: `arena show {name}`."
