"""Which detector judges a photo: by default that of the round which was played last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath

from arena.store.follow import CommittedRound, Follower
from arena.store.names import SNAPSHOT
from arena.store.prune import pruned_files
from arena.types import ArenaError


@dataclass(frozen=True)
class ChosenDetector:
    """A detector of a match after a round. `faces`: where its real faces came from, without the folders above.

    `threshold`: it calls an image fake from this score on. `synthetic`: its real faces were drawn, not photographed.
    `snapshot`: file of its weights.
    """

    match: str
    round: int
    contender: str
    image_size: int
    threshold: float
    faces: str
    synthetic: bool
    snapshot: Path


class NoDetector(ArenaError):  # noqa: N818 - an answer, not a mistake
    """No detector has played that round."""


def chosen_detector(ledger: Follower, match: str | None = None, round: int | None = None) -> ChosenDetector:
    """The detector of this round of this match; by default of its last round, of the match that played last.

    Raises NoDetector when nobody has played it, or its weights were pruned.
    """
    chosen = _played(ledger, match or _latest_match(ledger), round)
    snapshot = SNAPSHOT.format(role="detector")
    if snapshot in pruned_files(ledger.home, chosen.match).get(chosen.number, ()):
        raise NoDetector(f"the weights of round {chosen.number} of {chosen.match} were pruned; choose a later round")
    row, record = ledger.matches[chosen.match], chosen.record
    return ChosenDetector(
        match=chosen.match,
        round=chosen.number,
        contender=record.detector,
        image_size=int(row.config["image_size"]),
        threshold=record.judged.threshold,
        faces=PurePath(row.config["faces"]).name,
        synthetic=bool(row.facts["faces"].get("synthetic", False)),
        snapshot=ledger.home.round_folder(chosen.match, chosen.number) / snapshot,
    )


def _latest_match(ledger: Follower) -> str:
    last = [rounds[-1] for rounds in ledger.rounds.values() if rounds[-1].number]
    if not last:
        raise NoDetector("no detector has played a round yet, so none can judge; arena run plays a match")
    return max(last, key=lambda round: round.committed).match


def _played(ledger: Follower, match: str, number: int | None) -> CommittedRound:
    if match not in ledger.matches:
        raise NoDetector(f"there is no match named {match!r}; known: {', '.join(ledger.matches) or 'none yet'}")
    rounds = ledger.rounds.get(match, [])
    last = len(rounds) - 1
    if last < 1:
        raise NoDetector(f"no detector has played a round of {match} yet")
    wanted = last if number is None else number
    if not 1 <= wanted <= last:
        raise NoDetector(f"detectors have played rounds 1 to {last} of {match}, not {wanted}")
    return rounds[wanted]
