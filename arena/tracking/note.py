"""The description of a match's run, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from arena.commandline import command
from arena.referee.verdict import Rule
from arena.results.words import exam_in_words, how_won, in_use
from arena.store.home import MatchRow
from arena.store.record import RoundRecord, rounds_of

ROWS = 30
"""Rounds in the table: MLflow keeps 8000 characters of a tag, and a row takes about 90."""


def note(home: Path, match: MatchRow, latest: Iterable[RoundRecord], wins: Mapping[str, int], rounds: int) -> str:
    """What the match is, how it stands, and the commands to go on.

    `home`: its folder. `latest`: the records of the last rounds of those played. `wins`: clear ones by team. `rounds`:
    those played.
    """
    config, faces = match.config, match.facts["faces"]
    played, undecided = rounds_of(latest), rounds - sum(wins.values())
    parts = [
        f"Generator `{config['generator']['name']}` (Team A) against detector `{config['detector']['name']}` (Team B), "
        f"seed {config['seed']}, on `{config['faces']}`: {faces['images']} faces of {faces['identities']} identities.",
        f"**A {wins['A']} : {wins['B']} B** clear wins after {rounds} of {config['rounds']} rounds"
        + (f", {undecided} undecided." if undecided else "."),
    ]
    if faces["synthetic"]:
        parts.append("*The real faces are synthetic: a detector trained on them says nothing about photos.*")
    if match.fakes_show_people:
        parts.append(
            "*The fakes are made of photographs of people, or may be: their sheets are here only where the home's "
            "owner allows it, with `show_real_faces` in its settings.*"
        )
    if played:
        parts.append(_table(played, rounds))
        last, rule = played[-1].judged, Rule.of(config["exam"])
        parts.append(f"The last exam: {exam_in_words(last, rule.win_accuracy)}. In use B {in_use(last)}.")
    parts.append(_commands(home, match.name, config["rounds"], rounds))
    return "\n\n".join(parts)


def _table(played: Sequence[RoundRecord], rounds: int) -> str:
    lines = ["| round | accuracy | AUROC (95 % interval) | in use: fakes caught | false alarms | won by | how |"]
    lines.append("|---:|---:|---:|---:|---:|:---:|:---:|")
    for record in played:
        v = record.judged
        auroc = f"{v.auroc:.3f} ({v.auroc_low:.3f} to {v.auroc_high:.3f})"
        lines.append(
            f"| {record.round} | {v.accuracy:.1%} | {auroc} | {v.tpr:.1%} | {v.false_alarm_rate:.1%} "
            f"| {v.winner} | {how_won(v)} |"
        )
    table = "\n".join(lines)
    return table if rounds <= ROWS else f"The last {ROWS} rounds:\n\n{table}"


def _commands(home: Path, name: str, rounds: int, played: int) -> str:
    further = command("resume", name, *(["--rounds", rounds] if played >= rounds else []), home=home)
    replay = command("verify", name, *(["--replay", played] if played else []), home=home)
    return f"Continue: `{further}`. Check: `{replay}`. Look: `{command('show', name, home=home)}`."
