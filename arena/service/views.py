"""From the ledger to answers: pure functions of what a follower has read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

from arena import __version__
from arena.play.pace import left_in_words
from arena.quality import words
from arena.quality.result import Quality
from arena.referee.blind import visitors_tally
from arena.results import standings as ranking
from arena.results import story
from arena.service import models
from arena.store.follow import CommittedRound, Cursor, Follower, Happening
from arena.store.home import MatchRow
from arena.store.progress import Underway
from arena.store.record import RoundRecord, rounds_of
from arena.types import ArenaError

VERSION_LENGTH = 16
"""Characters of a round's manifest hash that name its version: 64 bits."""


Playing = Mapping[str, str]
"""The matches that a process is at, and whether each is starting or playing."""


class NotFound(ArenaError):  # noqa: N818 - an answer, not a mistake
    """There is no such match, round or picture."""


def find_match(ledger: Follower, name: str) -> MatchRow:
    """A match of the ledger, which is the only way to a path in the home. Raises NotFound."""
    row = ledger.matches.get(name)
    if row is None:
        raise NotFound(f"there is no match named {name!r} here")
    return row


def find_round(ledger: Follower, name: str, number: int) -> CommittedRound:
    """A committed round. Raises NotFound."""
    find_match(ledger, name)
    rounds = ledger.rounds.get(name, [])
    if number >= len(rounds):
        known = f"it has rounds 0 to {len(rounds) - 1}" if rounds else "none is committed yet"
        raise NotFound(f"{name} has no round {number}: {known}")
    return rounds[number]


def cursor_text(cursor: Cursor) -> str:
    """A cursor as the id of an event."""
    return f"{cursor.errand}-{cursor.event}"


def is_finished(ledger: Follower, row: MatchRow) -> bool:
    """Whether all rounds are played."""
    return played(ledger, row.name) >= int(row.config["rounds"])


def played(ledger: Follower, name: str) -> int:
    """Rounds with a verdict."""
    return sum(round.number > 0 for round in ledger.rounds.get(name, []))


def match_view(ledger: Follower, row: MatchRow, playing: Playing, problems: Mapping[str, str]) -> models.Match:
    """A match at a glance. `playing`: what a process is at. `problems`: why other matches have stopped."""
    return models.Match.model_validate(_summary(ledger, row, playing, problems))


def match_detail(
    ledger: Follower, row: MatchRow, playing: Playing, problems: Mapping[str, str], fakes_refused: str | None
) -> models.MatchDetail:
    """Everything about a match but its rounds; folders of this machine stay on it."""
    faces = {key: value for key, value in row.facts.get("faces", {}).items() if key not in ("path", "source")}
    notes = [note_view(entry) for entry in ledger.log if entry.match == row.name and entry.note]
    return models.MatchDetail.model_validate(
        _summary(ledger, row, playing, problems)
        | {
            "config": row.config | {"faces": _file_name(row.config["faces"])},
            "facts": row.facts | {"faces": faces},
            "notes": notes,
            "story": story.tell_match(_records(ledger, row.name), row.config["rounds"]),
            "fakes_refused": fakes_refused,
            "cursor": cursor_text(ledger.cursor),
        }
    )


def _summary(ledger: Follower, row: MatchRow, playing: Playing, problems: Mapping[str, str]) -> dict[str, Any]:
    verdicts = [record.judged for record in rounds_of(_records(ledger, row.name))]
    winners = Counter(verdict.winner for verdict in verdicts)
    clear = Counter(verdict.clear_winner for verdict in verdicts)
    status = playing.get(row.name) or ("finished" if is_finished(ledger, row) else "stopped")
    return {
        "name": row.name,
        "status": status,
        "created": row.created,
        "generator": row.config["generator"]["name"],
        "detector": row.config["detector"]["name"],
        "faces": _file_name(row.config["faces"]),
        "seed": row.config["seed"],
        "rounds": row.config["rounds"],
        "played": len(verdicts),
        "a_won": winners["A"],
        "b_won": winners["B"],
        "a_clear": clear["A"],
        "b_clear": clear["B"],
        "problem": problems.get(row.name),
    }


def _file_name(source: str) -> str:
    return PurePath(source).name


def round_view(ledger: Follower, round: CommittedRound) -> models.Round:
    """A round without its curves."""
    return models.Round.model_validate(_round(ledger, round, round.record))


def round_detail(ledger: Follower, round: CommittedRound) -> models.RoundDetail:
    """A round with its curves, which only the ledger keeps."""
    query = "SELECT record FROM round WHERE match = ? AND number = ?"
    ((text,),) = ledger.home.rows(query, round.match, round.number)
    record = RoundRecord.from_json(json.loads(text))
    curves = {role: [asdict(point) for point in report.curve] for role, report in record.training.items()}
    return models.RoundDetail.model_validate(
        _round(ledger, round, record) | {"curves": curves, "timings": record.timings}
    )


def _round(ledger: Follower, round: CommittedRound, record: RoundRecord) -> dict[str, Any]:
    verdict = record.verdict
    in_use = verdict and {"fakes_caught": verdict.tpr, "false_alarm_rate": verdict.false_alarm_rate}
    return {
        "match": round.match,
        "round": round.number,
        "committed": round.committed,
        "seconds": record.seconds,
        "version": version_of(round),
        "sentence": story.tell_round(record, _records(ledger, round.match)[: round.number]),
        "verdict": verdict,
        "in_use": in_use,
        "quality": record.quality and _quality(record.quality),
        "training": {role: asdict(report) for role, report in record.training.items()},
    }


def _quality(quality: Quality) -> dict[str, Any]:
    measures = [
        {
            "name": name,
            **vars(estimate),
            "title": words.MEASURES[name].title,
            "text": f"{words.written(name, estimate)} ({words.interval(name, estimate)})",
            "best": words.MEASURES[name].best,
            "remark": words.remark(name, quality),
        }
        for name, estimate in quality.estimates.items()
    ]
    missing = words.missing_lines(quality)
    return {"images": quality.images, "reals": quality.reals, "measures": measures, "missing": missing}


def version_of(round: CommittedRound) -> str:
    """Names the content of a round's files and how this arena shows them."""
    return f"{round.manifest[:VERSION_LENGTH]}-{__version__}"


def standings_view(ledger: Follower, names: Collection[str]) -> models.Standings:
    """Standings over all rounds of these matches."""
    visitors = visitors_tally(count for count in ledger.votes if count.match in names)
    return models.Standings(
        items=ranking.standings((ledger.matches[name], _records(ledger, name)) for name in names), visitors=visitors
    )


def _records(ledger: Follower, name: str) -> list[RoundRecord]:
    return [round.record for round in ledger.rounds.get(name, [])]


def examined(ledger: Follower, match: str | None, number: int | None) -> list[tuple[MatchRow, CommittedRound]]:
    """Rounds that have an exam: the given or else the last one, of the match or else of all, the newest match first.

    Raises NotFound when there is none.
    """
    rows = list(reversed(ledger.matches.values())) if match is None else [find_match(ledger, match)]
    if match is not None and number is not None:
        return [(rows[0], find_round(ledger, match, number))]
    rounds = [(row, ledger.rounds.get(row.name, [])) for row in rows]
    wanted = 1 if number is None else number
    found = [(row, them[-1 if number is None else number]) for row, them in rounds if len(them) > wanted]
    if not found:
        raise NotFound(f"{match or 'no match'} has {'no' if match else 'an'} exam yet; play a round first")
    return found


def note_view(entry: Happening) -> models.Note:
    """An event of the ledger."""
    assert entry.note is not None
    kind, detail = entry.note
    return models.Note(match=entry.match, round=entry.round, at=entry.at, kind=kind, detail=detail)


def entry_view(ledger: Follower, entry: Happening) -> models.Model:
    """What happened, as the data of the event that is called `entry.kind`."""
    if entry.kind == "note":
        return note_view(entry)
    if entry.kind == "round":
        assert entry.round is not None
        committed = find_round(ledger, entry.match, entry.round)
        return models.RoundCommitted(match=entry.match, at=entry.at, round=round_view(ledger, committed))
    return models.EVENTS[entry.kind].model_validate({"match": entry.match, "at": entry.at})


def progress_view(ledger: Follower, match: str, found: Underway | None) -> models.Progress | None:
    """Where the training stands, if `found` is about the round that is being played: a dead driver leaves its last."""
    if found is None or found.round != len(ledger.rounds.get(match, [])):
        return None
    return models.Progress.model_validate({"match": match, **asdict(found), "left": left_in_words(found)})
