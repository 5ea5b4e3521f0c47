"""What happened, in words a layman understands: a sentence or two for each round, and the story of a match.

Pure functions of the ledger's records. Each rule below looks for one thing worth saying and is silent otherwise; a
round is told by what came out, then by the first reason that is found, then by what has to be said against its winner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from arena.referee.verdict import Verdict
from arena.store.record import RoundRecord, rounds_of
from arena.types import Winner

NEARLY_ALL, MOST = 0.9, 0.65
"""Shares of the fakes from which on nearly all, or most of them, were caught or got through."""
LEAP = 0.1
"""By how much the share that got through has to change from one round to the next to be worth saying."""
STREAK = 3
"""Clear wins in a row that are worth saying."""
HARDLY, OFTEN = 0.25, 0.15
"""Below the one, few fakes look like faces or are caught in use; from the other on, many real faces are suspected."""


@dataclass(frozen=True)
class Story:
    """A match in words. `headline`: who won, or leads. `lines`: how it went and how sure that is, a sentence each."""

    headline: str
    lines: tuple[str, ...]


def got_through(verdict: Verdict) -> float:
    """The share of the exam's fakes that passed for real by the rule that decided, in [0, 1].

    Where half of the faces are called fake, as many fakes are missed as real faces are suspected.
    """
    return 1 - (verdict.accuracy if verdict.marking == "half" else verdict.tpr)


def tell_round(record: RoundRecord, before: Sequence[RoundRecord]) -> str:
    """A round in one to three short sentences. `before`: the match's earlier records, the opening first."""
    verdict = record.verdict
    if verdict is None:
        return "The generator warmed up alone and published its first fakes; nobody was examined." + _seem(record)
    earlier = rounds_of(before)
    said = [_result(verdict)]
    if not verdict.forfeit:
        reasons = (rule(record, earlier) for rule in (_absent, _turn, _streak, _record, _leap))
        said += [next(filter(None, reasons), ""), _but(record)]
    return " ".join(filter(None, said))


def tell_match(records: Sequence[RoundRecord], rounds: int) -> Story:
    """The story of a match so far. `rounds`: how many are to be played."""
    played = rounds_of(records)
    if not played:
        return Story("No round has been judged yet: the generator warms up first.", ())
    lines = (_sureness(played), _course(played), _trend(played), _use(played[-1].judged), _seem(played[-1]).strip())
    return Story(_standing(played, rounds), tuple(filter(None, lines)))


def _result(v: Verdict) -> str:
    """What came out of a round."""
    through, caught = _in_100(got_through(v), "fake"), _in_100(1 - got_through(v), "fake")
    if v.forfeit:
        loser = "generator" if v.forfeit == "generator" else "detector"
        return f"The {loser} could not play, so {v.winner} wins the round without merit."
    if v.degenerate:
        return "The detector told no face from any other, so this round says nothing about who is better."
    if v.clear_winner is None:
        return f"Too close to say who won: {through} got through, which luck alone explains."
    if v.clear_winner == "A":
        if got_through(v) >= NEARLY_ALL:
            return f"{through.capitalize()} got through: B would have done far better by guessing."
        return f"{through} got through, more than luck explains: A wins the round."
    if got_through(v) <= 1 - NEARLY_ALL:
        return f"B caught {caught} and wins the round easily."
    if got_through(v) <= 1 - MOST:
        return f"B caught {caught} and wins the round, though some slip through."
    return f"B is just ahead: it caught {caught}, a little more than by guessing."


def _absent(record: RoundRecord, earlier: Sequence[RoundRecord]) -> str:
    names = {"generator": "A", "detector": "B"}
    who = " and ".join(names[role] for role in record.absent)
    return who and f"{who} had failed and played no part; what it had handed in before took its place."


def _turn(record: RoundRecord, earlier: Sequence[RoundRecord]) -> str:
    """The upper hand has changed."""
    now = record.judged.clear_winner
    past = [other for other in earlier if other.judged.clear_winner]
    if now is None:
        return ""
    if not past:
        return "It is the first clear win of the match." if earlier else ""
    last = past[-1]
    if last.judged.clear_winner == now:
        return ""
    if now == "A":
        return f"What B had learned by round {last.round} no longer helps."
    return f"B is back: it has now learned from the fakes that fooled it in round {last.round}."


def _streak(record: RoundRecord, earlier: Sequence[RoundRecord]) -> str:
    now = record.judged.clear_winner
    if now is None:
        return ""
    alike = takewhile(lambda other: other.judged.clear_winner == now, reversed(earlier))
    count = 1 + sum(1 for _ in alike)
    return f"That makes {count} clear wins in a row for {now}." if count >= STREAK else ""


def _record(record: RoundRecord, earlier: Sequence[RoundRecord]) -> str:
    """No round went better for its winner."""
    now, through = record.judged.clear_winner, got_through(record.judged)
    others = [got_through(other.judged) for other in earlier if not other.judged.forfeit]
    if now is None or len(others) < 2:
        return ""
    is_best = through > max(others) if now == "A" else through < min(others)
    return f"No round has gone better for {now} so far." if is_best else ""


def _leap(record: RoundRecord, earlier: Sequence[RoundRecord]) -> str:
    if not earlier or earlier[-1].judged.forfeit:
        return ""
    change = got_through(record.judged) - got_through(earlier[-1].judged)
    if abs(change) < LEAP:
        return ""
    return f"That is {round(100 * abs(change))} {'more' if change > 0 else 'fewer'} than in round {earlier[-1].round}."


def _but(record: RoundRecord) -> str:
    """What has to be said against who has won."""
    v = record.judged
    faces = record.quality and record.quality.one_face
    if v.clear_winner == "A" and faces and faces.value < HARDLY:
        return f"But {_only(faces.value)} look like a face."
    if v.clear_winner == "B" and v.tpr < HARDLY:
        return f"But its own alarm would have caught {_only(v.tpr)}."
    if v.clear_winner == "B" and v.false_alarm_rate >= OFTEN:
        return f"But its own alarm suspects {_in_100(v.false_alarm_rate, 'real face')}, too."
    return ""


def _standing(played: Sequence[RoundRecord], rounds: int) -> str:
    """Who has won the match, or leads."""
    names = {"A": f"Team A's {played[-1].generator}", "B": f"Team B's {played[-1].detector}"}
    wins = {team: _wins(played, team) for team in ("A", "B")}
    high, low = max(wins.values()), min(wins.values())
    is_over = len(played) >= rounds
    after = "" if is_over else f"After {len(played)} of {rounds} rounds "
    if high == 0:
        return f"{after}{'Nobody wins' if is_over else 'nobody leads'}: no round was won by more than luck."
    if high == low:
        return f"{after}{'A draw' if is_over else 'it is even'}: {_many(high, 'clear win')} each."
    leader = "A" if wins["A"] > wins["B"] else "B"
    how = "fools the detector" if leader == "A" else "sees through the fakes"
    return f"{after}{names[leader]} {'wins' if is_over else 'leads'}: it {how}, {_many(high, 'clear win')} to {low}."


def _sureness(played: Sequence[RoundRecord]) -> str:
    """How much of it is more than luck."""
    clear, total = sum(record.judged.clear_winner is not None for record in played), len(played)
    void = sum(record.judged.degenerate or record.judged.forfeit is not None for record in played)
    rest = f"; {_many(void, 'round')} without merit count for nobody" if void else ""
    if total == 1:
        how = "The only round so far is clearer than luck would bring" if clear else "The only round so far may be luck"
    elif clear == total:
        how = f"All {total} rounds are clearer than luck would bring"
    else:
        how = f"{clear} of {total} rounds are clearer than luck would bring"
    return f"{how}{rest}."


def _course(played: Sequence[RoundRecord]) -> str:
    """Who had the upper hand when."""
    clear = [record for record in played if record.judged.clear_winner]
    turns = [b for a, b in pairwise(clear) if a.judged.clear_winner != b.judged.clear_winner]
    if len(clear) < 2:
        return ""
    first = clear[0].judged.clear_winner
    if not turns:
        return f"Every clear round went to {first}."
    if len(turns) == 1:
        winner = turns[0].judged.clear_winner
        return f"{first} had the upper hand until round {turns[0].round}, when it went to {winner}."
    return f"The upper hand changed {len(turns)} times, last in round {turns[-1].round}."


def _trend(played: Sequence[RoundRecord]) -> str:
    judged = [record for record in played if not record.judged.forfeit]
    if len(judged) < 2:
        return ""
    first, last = judged[0], judged[-1]
    begin, end = (_in_100(got_through(record.judged), "fake") for record in (first, last))
    return f"In round {first.round}, {begin} got through; in round {last.round}, {end}."


def _use(v: Verdict) -> str:
    """What the last detector is good for."""
    caught, suspected = _in_100(v.tpr, "fake"), _in_100(v.false_alarm_rate, "real face")
    return f"With its own alarm the last detector catches {caught} and suspects {suspected}."


def _seem(record: RoundRecord) -> str:
    faces = record.quality and record.quality.one_face
    if not faces:
        return ""
    words = _in_100(faces.value, "fake")
    return f" {words[0].upper()}{words[1:]} look like a face."


def _wins(played: Sequence[RoundRecord], team: Winner) -> int:
    return sum(record.judged.clear_winner == team for record in played)


def _in_100(share: float, noun: str) -> str:
    """A share as people count it; only what is exactly all or none is called so."""
    if share in (0, 1):
        return f"{'all' if share else 'none'} of the {noun}s"
    return f"{min(max(round(100 * share), 1), 99)} of 100 {noun}s"


def _only(share: float) -> str:
    return f"{'only ' if share else ''}{_in_100(share, 'fake')}"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
