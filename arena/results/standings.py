"""Standings: pure functions of the ledger's records. Nothing here is stored.

What counts is the clear win: by merit and beyond chance. Rounds that were degenerate or forfeited count for nobody, and
matches that were played with other faces or by other rules are never thrown together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np

from arena.referee.metrics import clustered_wilson
from arena.referee.verdict import Rule
from arena.store.home import MatchRow
from arena.store.record import RoundRecord, rounds_of
from arena.types import Role

TEAMS: dict[str, Role] = {"A": "generator", "B": "detector"}


@dataclass(frozen=True, order=True)
class Terms:
    """On what terms matches were played: only those with equal terms can be compared.

    `faces`: where they came from, without the folders above. `digest`: of the faces themselves.
    """

    faces: str
    digest: str
    image_size: int
    knowledge: str
    size: int
    marking: str
    win_accuracy: float
    significance: float

    @property
    def rule(self) -> str:
        """How it was played, in words."""
        marking = "upper half called fake" if self.marking == "half" else "B's threshold"
        words = [f"{self.image_size} px", self.knowledge, f"exams of {self.size}", marking]
        words += [f"B from {self.win_accuracy:g}"] if self.win_accuracy != 0.5 else []
        words += [f"clear below p {self.significance:g}"] if self.significance != 0.05 else []
        return ", ".join(words)


@dataclass(frozen=True)
class Standing:
    """How a team has fared in matches with the same `faces` (`digest` tells sets of one name apart) and `rule`.

    Of the `rounds` played, `won` clearly, `lost` clearly, too `close`; `degenerate` ones and `forfeits`
    (of this team) and `walkovers` (forfeits of its opponents) are no merit and count in none of these.

    `share`: clear wins of the rounds that count, with a 95 % interval between matches: rounds of one match are alike,
    so one match alone has none. `accuracy`, `auroc`: means of Team B's exams over the rounds that count, the same
    numbers from both sides. None where nothing counts.
    """

    faces: str
    digest: str
    rule: str
    team: str
    role: str
    contender: str
    matches: int
    rounds: int
    won: int
    lost: int
    close: int
    degenerate: int
    forfeits: int
    walkovers: int
    share: float | None
    share_low: float | None
    share_high: float | None
    accuracy: float | None
    auroc: float | None


def terms_of(match: MatchRow) -> Terms:
    """The terms of a match."""
    config, faces = match.config, match.facts.get("faces", {})
    exam: Mapping[str, Any] = config.get("exam", {})
    rule = Rule.of(exam)
    return Terms(
        faces=PurePath(config["faces"]).name,
        digest=str(faces.get("digest", ""))[:8],
        image_size=config["image_size"],
        knowledge=config.get("knowledge", "whitebox"),
        size=exam.get("size", 0),
        marking=rule.marking,
        win_accuracy=rule.win_accuracy,
        significance=rule.significance,
    )


def standings(matches: Iterable[tuple[MatchRow, Iterable[RoundRecord]]]) -> list[Standing]:
    """One line per terms, team and contender; of equal terms the largest share of clear wins first.

    The terms under which most rounds were played come first.
    """
    seen: dict[Terms, dict[tuple[str, str], list[RoundRecord]]] = {}
    for match, records in matches:
        for record in rounds_of(records):
            for team, role in TEAMS.items():
                lines = seen.setdefault(terms_of(match), {})
                lines.setdefault((team, getattr(record, role)), []).append(record)
    played = {terms: sum(map(len, lines.values())) for terms, lines in seen.items()}
    table: list[Standing] = []
    for terms in sorted(seen, key=lambda terms: (-played[terms], terms)):
        found = [_standing(terms, team, who, rounds) for (team, who), rounds in seen[terms].items()]
        table += sorted(found, key=_rank)
    return table


def _rank(line: Standing) -> tuple[float, float, str, str]:
    """Clear wins first, then few clear losses, as shares of the rounds that count."""
    counted = max(line.won + line.lost + line.close, 1)
    return -line.won / counted, line.lost / counted, line.team, line.contender


def _standing(terms: Terms, team: str, contender: str, rounds: list[RoundRecord]) -> Standing:
    verdicts = [record.judged for record in rounds]
    counted = [record for record in rounds if not record.judged.degenerate and not record.judged.forfeit]
    clear = [record.judged.clear_winner for record in counted]
    wins = np.array([winner == team for winner in clear], np.float64)
    _, match = np.unique([record.match for record in counted], return_inverse=True)
    low, high = clustered_wilson(wins, match) if len(set(match.tolist())) > 1 else (None, None)
    return Standing(
        faces=terms.faces,
        digest=terms.digest,
        rule=terms.rule,
        team=team,
        role=TEAMS[team],
        contender=contender,
        matches=len({record.match for record in rounds}),
        rounds=len(rounds),
        won=clear.count("A" if team == "A" else "B"),
        lost=clear.count("B" if team == "A" else "A"),
        close=clear.count(None),
        degenerate=sum(verdict.degenerate and not verdict.forfeit for verdict in verdicts),
        forfeits=sum(verdict.forfeit == TEAMS[team] for verdict in verdicts),
        walkovers=sum(verdict.forfeit not in (None, TEAMS[team]) for verdict in verdicts),
        share=_mean(wins.tolist()),
        share_low=low,
        share_high=high,
        accuracy=_mean([record.judged.accuracy for record in counted]),
        auroc=_mean([record.judged.auroc for record in counted]),
    )


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
