"""Commands that look at the ledger: `matches`, `standings`, `show`, `contenders`, `verify`."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from arena import registry
from arena.cli.bars import COLOURS
from arena.cli.console import console as console_for
from arena.cli.console import emit, say, table
from arena.cli.display import rounds_table
from arena.cli.options import DEFAULT_HOME, HomeOption, JsonOption, MatchArgument
from arena.play import verify as verification
from arena.play.match import open_match
from arena.play.options import described
from arena.quality.result import Quality
from arena.quality.words import in_lines
from arena.referee.blind import Tally, counted, visitors_tally
from arena.referee.verdict import Rule
from arena.results import standings as ranking
from arena.results.animation import sample_sheet
from arena.results.story import tell_match, tell_round
from arena.results.words import exam_in_words, in_use
from arena.store.home import Home, MatchRow
from arena.store.names import GALLERY
from arena.store.prune import in_words, pruned_files
from arena.store.record import RoundRecord, rounds_of
from arena.store.votes import votes_since
from arena.types import ROLES, ArenaError


def matches(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List all matches."""
    store = Home.open(home)
    rows = [_match_summary(store, row) for row in store.matches()]
    if as_json:
        emit(rows)
        return
    columns = ("match", "A", "B", ">rounds", ">A clear", ">B clear", "status", "started", "faces")
    keys = ("match", "generator", "detector", "played", "a_clear", "b_clear", "status", "started", "faces")
    console_for().print(table("", columns, [[escape(str(row[key])) for key in keys] for row in rows]))


def standings(
    match: Annotated[str | None, typer.Argument(help="Only this match; all of them by default.")] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Who wins how often, in one match or over all."""
    store = Home.open(home)
    names = [match] if match is not None else [row.name for row in store.matches()]
    played = [(store.match(name), store.records(name)) for name in names]
    visitors = visitors_tally(counted(vote) for _, vote in votes_since(store) if vote.test.match in names)
    if as_json:
        emit(dataclasses.asdict(line) for line in ranking.standings(played))
        emit([{"team": "visitors"} | dataclasses.asdict(visitors)] if visitors.votes else [])
        return
    if not any(rounds_of(records) for _, records in played):
        raise ArenaError("no round has been played yet")
    for part in standings_tables(played, f"Standings of {match or 'all matches'}", visitors):
        console_for().print(part)


def standings_tables(
    played: Sequence[tuple[MatchRow, Sequence[RoundRecord]]], title: str, visitors: Tally | None = None
) -> Iterator[Table | str]:
    """The standings of these matches, for people: a table for each terms on which they were played.

    Below them how people fared in blind tests, if any were taken.
    """
    columns = ["contender", ">matches", ">clear", ">lost", ">close", ">void", ">share", "95 %", ">accuracy", ">AUROC"]
    lines = ranking.standings(played)
    groups = [(terms, list(part)) for terms, part in groupby(lines, key=lambda s: (s.faces, s.digest, s.rule))]
    for (faces, digest, rule), part in groups:
        drawn = table(title, columns, map(_standing_row, part))
        drawn.caption, drawn.caption_justify = f"{faces} ({digest}): {rule}" if digest else f"{faces}: {rule}", "left"
        yield drawn
    yield "[dim]clear, lost: rounds won and lost clearly; close: chance explains it; void: degenerate or forfeited[/]"
    if len(groups) > 1:
        yield "[dim]matches with other faces or by other rules are not thrown together[/]"
    if visitors is not None and visitors.accuracy is not None:
        interval = f"{visitors.low:.2f}-{visitors.high:.2f}"
        yield f"visitors: {visitors.right} of {visitors.votes} faces called right, {visitors.accuracy:.3f} ({interval})"


def _standing_row(s: ranking.Standing) -> tuple[str, ...]:
    interval = "one match" if s.share_low is None or s.share_high is None else f"{s.share_low:.2f}-{s.share_high:.2f}"
    return (
        f"[{COLOURS[s.team]}]{s.team}[/] {s.contender}",
        str(s.matches),
        str(s.won),
        str(s.lost),
        str(s.close),
        str(s.degenerate + s.forfeits + s.walkovers),
        "-" if s.share is None else f"{s.share:.2f}",
        interval,
        "-" if s.accuracy is None else f"{s.accuracy:.3f}",
        "-" if s.auroc is None else f"{s.auroc:.3f}",
    )


def show(
    match: MatchArgument,
    round: Annotated[int | None, typer.Option("--round", help="Everything about one round.")] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show a match: its settings, rounds and events, or one round in full."""
    store = Home.open(home)
    row = store.match(match)
    records = store.records(match)
    if round is not None:
        _show_round(store, match, records, round, as_json)
        return
    if as_json:
        emit([_match_summary(store, row) | {"config": row.config, "facts": row.facts, "events": store.events(match)}])
        emit(record.to_json(curves=False) for record in rounds_of(records))
        return
    console = console_for()
    summary = _match_summary(store, row)
    console.print(f"[bold]{match}[/] {summary['status']}, {summary['played']} of {row.config['rounds']} rounds")
    for key in ROLES:
        options = ", ".join(f"{name} {value}" for name, value in row.config[key]["options"].items())
        console.print(f"{key:<10} {row.config[key]['name']}: [dim]{escape(options)}[/]")
    rest = {k: v for k, v in row.config.items() if k not in (*ROLES, "rounds")}
    console.print(f"settings   [dim]{escape(', '.join(f'{k} {json.dumps(v)}' for k, v in rest.items()))}[/]")
    faces = row.facts["faces"]
    parts = ", ".join(f"{part} {count}" for part, count in faces["parts"].items())
    console.print(f"faces      [dim]{faces['images']} of {faces['identities']} identities; {parts}[/]")
    if rounds_of(records):
        last = rounds_of(records)[-1].judged
        console.print(f"exams      [dim]{exam_in_words(last, Rule.of(row.config['exam']).win_accuracy)}[/]")
        console.print(rounds_table(rounds_of(records)))
    for event in store.events(match):
        console.print(f"[yellow]round {event['round']}: {event['kind']}: {escape(event['detail'])}[/]")
    console.print(f"[bold]{tell_match(records, row.config['rounds']).headline}[/]")


def _show_round(store: Home, match: str, records: list[RoundRecord], number: int, as_json: bool) -> None:
    found = [record.to_json() for record in records if record.round == number]
    if not found:
        raise ArenaError(f"{match} has rounds 0 to {len(records) - 1}, not {number}" if records else "no round yet")
    if as_json:
        emit(found)
        return
    console = console_for()
    console.print(f"[bold]{tell_round(records[number], records[:number])}[/]")
    for key, value in found[0].items():
        if key == "timings":
            for who, seconds in value.items():
                spent = ", ".join(f"{name} {second:.2f}" for name, second in seconds.items())
                console.print(f"{f'{who} seconds':<18} {spent}")
        elif key == "usage":
            for who, used in value.items():
                told = ", ".join(f"{name.replace('_', ' ')} {amount:.4g}" for name, amount in used.items())
                console.print(f"{f'{who} used':<18} {told}")
        elif key == "quality":
            for line in in_lines(Quality.from_json(value)):
                console.print(f"{key:<18} {escape(line)}")
        elif key == "training":
            for role, report in value.items():
                losses = ", ".join(f"{name} {loss:.3f}" for name, loss in report["losses"].items())
                grown = report["grown"] and f", grown to {report['grown']}"
                lost = f"; loss: {losses}" if losses else ""
                console.print(f"{role:<18} {report['steps']} steps in {report['seconds']:.1f} s{grown}{lost}")
        elif value is not None:  # such as the team that forfeits a round, where none does
            console.print(f"{key:<18} {value:.4g}" if isinstance(value, float) else f"{key:<18} {value}")
    verdict = next(record for record in records if record.round == number).verdict
    if verdict is not None:
        console.print(f"{'in use':<18} {in_use(verdict)}")
    console.print(f"{'samples':<18} {sample_sheet(store, match, number)}")


def contenders(as_json: JsonOption = False) -> None:
    """List who can play, with every option."""
    found = registry.contenders()
    if as_json:
        emit(
            {"role": c.role, "name": c.name, "summary": c.summary, "module": c.module, "options": described(c)}
            for c in found
        )
    else:
        console = console_for()
        for contender in found:
            console.print(f"[bold]{contender.name}[/] ({contender.role}): {escape(contender.summary)}")
            for option in contender.declared:
                console.print(f"    {option.name:<14} {option.default!s:<8} [dim]{escape(option.help)}[/]")
    for module, reason in registry.broken().items():
        say(f"[yellow]could not be loaded: {module}: {escape(reason)}[/]")


def verify(
    match: MatchArgument,
    replay: Annotated[int | None, typer.Option("--replay", metavar="R", help="Sit the exam of round R again.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Check a match: every file's hash, every verdict from its exam's scores, and on request an exam anew."""
    store = Home.open(home)
    opened = open_match(store, match)
    console = console_for()
    rounds, wrong = 0, 0
    for number, findings in verification.verify(opened):
        rounds += number > 0  # nobody counts the opening, but its files are checked, too
        wrong += len(findings)
        for finding in findings:
            what = f"{finding.file} " if finding.file else ""
            console.print(f"[red]round {number}: {what}{escape(finding.text)}[/]")
    for gone, numbers in _pruned(store, match).items():
        console.print(f"rounds {in_words(numbers)} were pruned: {gone} are gone, as the ledger says")
    if not verification.has_device(opened):
        console.print(f"[dim]{match} was played on a GPU and there is none here; hashes and verdicts need none[/]")
    if not wrong:
        console.print(f"{match}: {rounds} rounds, every file and every verdict is as acknowledged")
    if replay is not None:
        findings = verification.replay(opened, replay)
        wrong += len(findings)
        for finding in findings:
            console.print(f"[red]round {replay}: {finding.file} {escape(finding.text)}[/]")
        if not findings:
            bench = verification.bench(opened)
            console.print(f"round {replay}: sat again from the stored weights and seeds; {bench}")
    if wrong:
        raise typer.Exit(1)


def _pruned(store: Home, match: str) -> dict[str, list[int]]:
    """Which rounds have lost what."""
    found: dict[str, list[int]] = {}
    for number, files in pruned_files(store, match).items():
        what = "weights and galleries" if GALLERY in files else "weights"
        found.setdefault(what, []).append(number)
    return found


def _match_summary(store: Home, row: MatchRow) -> dict[str, Any]:
    verdicts = [record.judged for record in rounds_of(store.records(row.name))]
    winners, clear = (Counter(getattr(v, name) for v in verdicts) for name in ("winner", "clear_winner"))
    played = len(verdicts)
    status = "playing" if store.is_playing(row.name) else "finished" if played >= row.config["rounds"] else "stopped"
    return {
        "match": row.name,
        "generator": row.config["generator"]["name"],
        "detector": row.config["detector"]["name"],
        "rounds": row.config["rounds"],
        "played": played,
        "a_won": winners["A"],
        "b_won": winners["B"],
        "a_clear": clear["A"],
        "b_clear": clear["B"],
        "status": status,
        "seed": row.config["seed"],
        "started": datetime.fromtimestamp(row.created).isoformat(" ", timespec="minutes"),
        "faces": Path(row.config["faces"]).name,
    }
