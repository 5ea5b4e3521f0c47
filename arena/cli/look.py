"""Commands that look at the ledger: `matches`, `standings`, `show`, `contenders`, `verify`."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from arena import registry
from arena.cli.console import console as console_for
from arena.cli.console import emit, say, table
from arena.cli.display import COLOURS, rounds_table
from arena.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from arena.play import verify as verification
from arena.play.match import open_match
from arena.play.options import described
from arena.referee.blind import Tally, counted, visitors_tally
from arena.results import standings as ranking
from arena.results.showcase import sample_sheet
from arena.store.home import Home, MatchRow
from arena.store.record import without_curves
from arena.store.votes import votes_since
from arena.types import ROLES, ArenaError

MatchArgument = Annotated[str, typer.Argument(help="A match of `arena matches`.")]


def matches(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List all matches."""
    store = Home.open(home)
    rows = [_match_summary(store, row) for row in store.matches()]
    if as_json:
        emit(rows)
        return
    columns = ("match", "A", "B", ">rounds", ">A won", ">B won", "status", "started", "faces")
    keys = ("match", "generator", "detector", "played", "a_won", "b_won", "status", "started", "faces")
    console_for().print(table("", columns, [[escape(str(row[key])) for key in keys] for row in rows]))


def standings(
    match: Annotated[str | None, typer.Argument(help="Only this match; all of them by default.")] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Who wins how often, in one match or over all."""
    store = Home.open(home)
    names = [match] if match is not None else [row.name for row in store.matches()]
    records = [record for name in names if store.match(name) for record in store.records(name)]
    visitors = visitors_tally(counted(vote) for _, vote in votes_since(store) if vote.test.match in names)
    if as_json:
        emit(dataclasses.asdict(line) for line in ranking.standings(records))
        emit([{"team": "visitors"} | dataclasses.asdict(visitors)] if visitors.votes else [])
        return
    if not ranking.rounds_of(records):
        raise ArenaError("no round has been played yet")
    console_for().print(standings_table(records, f"Standings of {match or 'all matches'}", visitors))


def standings_table(records: list[dict[str, Any]], title: str, visitors: Tally | None = None) -> Table:
    """The standings of these rounds, for people; below them how people fared in blind tests, if any were taken."""
    columns = ("team", "contender", ">matches", ">rounds", ">won", ">clear", ">share", "95 %", ">accuracy", ">AUROC")
    rows = [
        (
            f"[{COLOURS[s.team]}]{s.team}[/]",
            s.contender,
            str(s.matches),
            str(s.rounds),
            str(s.won),
            str(s.clear),
            f"{s.share:.2f}",
            f"{s.share_low:.2f}-{s.share_high:.2f}",
            f"{s.accuracy:.3f}",
            f"{s.auroc:.3f}",
        )
        for s in ranking.standings(records)
    ]
    if visitors is not None and visitors.accuracy is not None:
        interval = f"{visitors.low:.2f}-{visitors.high:.2f}"  # of their accuracy: they have no share of rounds won
        rows.append(
            ("visitors", f"{visitors.votes} votes", "", "", "", "", "", interval, f"{visitors.accuracy:.3f}", "")
        )
    return table(title, columns, rows)


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
        emit(without_curves(record) for record in ranking.rounds_of(records))
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
    console.print(rounds_table(list(map(dict, ranking.rounds_of(records)))))
    for event in store.events(match):
        console.print(f"[yellow]round {event['round']}: {event['kind']}: {escape(event['detail'])}[/]")


def _show_round(store: Home, match: str, records: list[dict[str, Any]], number: int, as_json: bool) -> None:
    found = [record for record in records if record["round"] == number]
    if not found:
        raise ArenaError(f"{match} has rounds 0 to {len(records) - 1}, not {number}" if records else "no round yet")
    if as_json:
        emit(found)
        return
    console = console_for()
    for key, value in found[0].items():
        if key == "timings":
            for who, seconds in value.items():
                spent = ", ".join(f"{name} {second:.2f}" for name, second in seconds.items())
                console.print(f"{f'{who} seconds':<18} {spent}")
        elif key == "training":
            for role, report in value.items():
                losses = ", ".join(f"{name} {loss:.3f}" for name, loss in report["losses"].items())
                console.print(f"{role:<18} {report['steps']} steps in {report['seconds']:.1f} s; loss: {losses}")
        else:
            console.print(f"{key:<18} {value:.4g}" if isinstance(value, float) else f"{key:<18} {value}")
    console.print(f"{'samples':<18} {sample_sheet(store, match, number)}")


def contenders(as_json: JsonOption = False) -> None:
    """List who can play, with every option."""
    entries = [
        {
            "role": c.role,
            "name": c.name,
            "summary": c.summary,
            "module": c.cls.__module__,
            "options": described(c.cls.Options),
        }
        for c in registry.contenders()
    ]
    if as_json:
        emit(entries)
    else:
        console = console_for()
        for entry in entries:
            console.print(f"[bold]{entry['name']}[/] ({entry['role']}): {escape(entry['summary'])}")
            for name, option in entry["options"].items():
                console.print(f"    {name:<14} {option['default']!s:<8} [dim]{escape(option['help'])}[/]")
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
        rounds += 1
        wrong += len(findings)
        for finding in findings:
            what = f"{finding.file} " if finding.file else ""
            console.print(f"[red]round {number}: {what}{escape(finding.text)}[/]")
    if not wrong:
        console.print(f"{match}: {rounds} rounds, every file and every verdict is as acknowledged")
    if replay is not None:
        findings = verification.replay(opened, replay)
        wrong += len(findings)
        for finding in findings:
            console.print(f"[red]round {replay}: {finding.file} {escape(finding.text)}[/]")
        if not findings:
            console.print(f"round {replay}: sat again from the stored weights and seeds, every score is the same")
    if wrong:
        raise typer.Exit(1)


def _match_summary(store: Home, row: MatchRow) -> dict[str, Any]:
    rounds = ranking.rounds_of(store.records(row.name))
    winners = Counter(record["winner"] for record in rounds)
    played = len(rounds)
    status = "playing" if store.is_playing(row.name) else "finished" if played >= row.config["rounds"] else "stopped"
    return {
        "match": row.name,
        "generator": row.config["generator"]["name"],
        "detector": row.config["detector"]["name"],
        "rounds": row.config["rounds"],
        "played": played,
        "a_won": winners["A"],
        "b_won": winners["B"],
        "status": status,
        "seed": row.config["seed"],
        "started": datetime.fromtimestamp(row.created).isoformat(" ", timespec="minutes"),
        "faces": Path(row.config["faces"]).name,
    }
