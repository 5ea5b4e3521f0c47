"""Does the ledger tell the truth? Hashes, verdicts computed again, and exams sat again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import safetensors.numpy

from arena import snapshot
from arena.play.desk import Desk
from arena.play.match import Match
from arena.referee.exam import ExamRecord
from arena.referee.verdict import Rule, Verdict
from arena.store.disk import damaged_files
from arena.store.names import EXAM, FAKES, SNAPSHOT
from arena.types import ROLES, ArenaError

SAME = 1e-9
"""Relative difference up to which a number of a verdict is the same."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as the ledger says. `file` is empty when it is the ledger's own row."""

    round: int
    file: str
    text: str


def verify(match: Match) -> Iterator[tuple[int, list[Finding]]]:
    """Check every acknowledged round: its files against their hashes, its verdict against its exam's scores."""
    manifests = match.home.manifests(match.name)
    for record in match.home.records(match.name):
        number = record.round
        folder = match.home.round_folder(match.name, number)
        damaged = damaged_files(folder, manifests[number])
        findings = [Finding(number, name, "is missing or was changed") for name in damaged]
        if record.verdict is not None and not damaged:
            findings += _check_verdict(match, number, record.verdict)
        yield number, findings


def _check_verdict(match: Match, number: int, stored: Verdict) -> list[Finding]:
    exam = _exam(match, number)
    told, truth = asdict(stored), asdict(exam.judge(Rule.of(match.config.dump()["exam"]), stored.forfeit))
    unknown = ("resolution",) if exam.people is None else ()  # in the arena that played it
    wrong = [name for name in told if name not in unknown and not _is_same(told[name], truth[name])]
    return [Finding(number, "", f"{name} is {truth[name]} by the exam, not {told[name]}") for name in wrong]


def _is_same(one: object, other: object) -> bool:
    """Equal, or numbers that differ by no more than another version of the same formula would make them."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=SAME, abs_tol=SAME)
    return one == other


def replay(match: Match, number: int) -> list[Finding]:
    """Sit the exam of a round again from the stored weights and seeds; empty when every score is the same.

    On a CPU of the same kind the scores are equal to the bit. Raises ArenaError when there is no such round.
    """
    last = match.home.last_round(match.name) or 0
    if not 1 <= number <= last:
        raise ArenaError(f"the match {match.name} has rounds 1 to {last}, not {number}")
    from arena.networks.training import use_one_thread  # here, so that commands that replay nothing start without torch

    use_one_thread()
    folder = match.home.round_folder(match.name, number)
    setup = match.setup
    players = []
    for role in ROLES:
        weights = snapshot.read_snapshot(folder / SNAPSHOT.format(role=role))
        players.append(snapshot.player(weights, setup.device, setup.precision))
    generator, detector = players
    desk = Desk(setup.root, match.name, setup.config, setup.faces)
    stored = _exam(match, number)
    drawn = desk.referee.draw_again(number, stored)
    order = stored.paper.fake_order
    fakes = generator.generate(order.n, order.seed)
    again = detector.answer(desk.referee.sit_again(stored, fakes))
    findings = []
    if not np.array_equal(fakes, np.load(folder / FAKES, allow_pickle=False)):
        findings.append(Finding(number, FAKES, "holds other images than the stored weights make"))
    same = [np.array_equal(getattr(drawn, name), getattr(stored, name)) for name in ("order", "real_indices", "people")]
    if drawn.seed != stored.seed or not all(same):
        findings.append(Finding(number, EXAM, "holds another paper than the referee's seed draws"))
    worst = float(np.abs(again.scores - stored.scores).max())
    if worst or again.threshold != stored.threshold:
        findings.append(Finding(number, EXAM, f"holds other scores than the stored weights give, by up to {worst:g}"))
    return findings


def _exam(match: Match, number: int) -> ExamRecord:
    path = match.home.round_folder(match.name, number) / EXAM
    return ExamRecord.from_arrays(safetensors.numpy.load_file(path))
