"""Standings: pure functions of the ledger's records. Nothing here is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from arena.referee.metrics import wilson

Record = Mapping[str, Any]
TEAMS = {"A": "generator", "B": "detector"}


@dataclass(frozen=True)
class Standing:
    """How a team has fared. `share`: rounds won of rounds played, with its 95 % Wilson interval.

    `clear`: rounds won that chance does not explain. `forfeits`: rounds it could not play. `accuracy`, `auroc`: means
    of Team B's exams, the same numbers from both sides.
    """

    team: str
    role: str
    contender: str
    matches: int
    rounds: int
    won: int
    clear: int
    forfeits: int
    share: float
    share_low: float
    share_high: float
    accuracy: float
    auroc: float


def rounds_of(records: Iterable[Record]) -> list[Record]:
    """The records with a verdict: all but the opening."""
    return [record for record in records if record["round"] > 0]


def standings(records: Iterable[Record]) -> list[Standing]:
    """One line per team and contender over all given rounds, the largest share of rounds won first."""
    seen: dict[tuple[str, str], list[Record]] = {}
    for record in rounds_of(records):
        for team, role in TEAMS.items():
            seen.setdefault((team, record[role]), []).append(record)
    table = [_standing(team, contender, rounds) for (team, contender), rounds in seen.items()]
    return sorted(table, key=lambda s: (-s.share, s.team, s.contender))


def _standing(team: str, contender: str, rounds: list[Record]) -> Standing:
    won = sum(record["winner"] == team for record in rounds)
    low, high = wilson(won, len(rounds))
    return Standing(
        team=team,
        role=TEAMS[team],
        contender=contender,
        matches=len({record["match"] for record in rounds}),
        rounds=len(rounds),
        won=won,
        clear=sum(record["call"] == team for record in rounds),
        forfeits=sum(record["forfeit"] == TEAMS[team] for record in rounds),
        share=won / len(rounds),
        share_low=low,
        share_high=high,
        accuracy=sum(record["accuracy"] for record in rounds) / len(rounds),
        auroc=sum(record["auroc"] for record in rounds) / len(rounds),
    )
