"""Does the ledger tell the truth? Hashes, verdicts computed again, and exams sat again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import safetensors.numpy

from arena import snapshot
from arena.play.desk import Desk, pledge_of
from arena.play.match import Match
from arena.play.sitting import Sitting, sit
from arena.referee.exam import ExamRecord, Paper
from arena.referee.verdict import Rule, Verdict
from arena.store.disk import damaged_files
from arena.store.names import EXAM, FAKES, SNAPSHOT
from arena.store.prune import pruned_files
from arena.store.secrets import pledges
from arena.types import ROLES, ArenaError, Images

SAME = 1e-9
"""Relative difference up to which a number of a verdict is the same."""
GPU_SCORES: Mapping[str, float] = {"fp32": 0.01, "bf16": 0.1}
"""How far a score, 0 to 1, may be from the stored one where a GPU computed either, by precision.

A GPU adds in no fixed order, and convolves fp32 with the 10 bits of TF32, bf16 with 7; a CPU has other kernels.
"""
GPU_PIXELS: Mapping[str, float] = {"fp32": 0.5, "bf16": 2.0}
"""The same for fakes: mean difference of an image's pixels, 0 to 255."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as the ledger says. `file` is empty when it is the ledger's own row."""

    round: int
    file: str
    text: str


def verify(match: Match) -> Iterator[tuple[int, list[Finding]]]:
    """Check every acknowledged round: its files against their hashes, its verdict against its exam's scores.

    What was pruned may be gone, and so may the training state of all but the last round. Needs no GPU.
    """
    home, name = match.home, match.name
    manifests, pruned, last = home.manifests(name), pruned_files(home, name), home.last_round(name)
    for record in home.records(name):
        number = record.round
        folder = home.round_folder(name, number)
        damaged = damaged_files(folder, manifests[number], pruned.get(number, ()), number == last)
        findings = [Finding(number, name, "is missing or was changed") for name in damaged]
        if record.verdict is not None and not damaged:
            findings += _check_verdict(match, number, record.verdict)
        yield number, findings


def _check_verdict(match: Match, number: int, stored: Verdict) -> list[Finding]:
    exam = _exam(match, number)
    told, truth = asdict(stored), asdict(exam.judge(Rule.of(match.config.dump()["exam"]), stored.forfeit))
    pledged = pledges(match.home, match.name).get(number)
    broken = pledged is not None and pledged != pledge_of(match.name, number, exam.seed)
    pledge = [Finding(number, EXAM, "was not drawn from what was pledged before the round")] if broken else []
    unknown = ("resolution",) if exam.people is None else ()  # in the arena that played it
    wrong = [name for name in told if name not in unknown and not _is_same(told[name], truth[name])]
    return pledge + [Finding(number, "", f"{name} is {truth[name]} by the exam, not {told[name]}") for name in wrong]


def _is_same(one: object, other: object) -> bool:
    """Equal, or numbers that differ by no more than another version of the same formula would make them."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=SAME, abs_tol=SAME)
    return one == other


@dataclass(frozen=True)
class Bench:
    """Where an exam is sat again. `scores`, `pixels`: how far it may be from the stored one; 0 means to the bit."""

    device: str
    played_on: str
    scores: float
    pixels: float

    def __str__(self) -> str:
        """How the outcome of a replay compares, for people."""
        if not self.scores:
            return "every score is the same"
        where = "" if self.device == self.played_on else f" on the {self.device.upper()}, as there is no GPU here,"
        return f"played on a GPU, sat again{where} no score is off by more than {self.scores:g}"


def bench(match: Match) -> Bench:
    """Where a match's exams can be sat again here: on its device, or, where there is no GPU, on the CPU."""
    setup = match.setup
    if not setup.device.startswith("cuda"):
        return Bench(setup.device, setup.device, 0.0, 0.0)
    device = setup.device if has_device(match) else "cpu"
    return Bench(device, setup.device, GPU_SCORES[setup.precision], GPU_PIXELS[setup.precision])


def has_device(match: Match) -> bool:
    """Whether this machine has the device that the match was played on."""
    if not match.setup.device.startswith("cuda"):
        return True
    import torch  # here, so that commands that replay nothing start without it

    return torch.cuda.is_available()


def replay(match: Match, number: int) -> list[Finding]:
    """Sit the exam of a round again from the stored weights and seeds; empty when every score is the same.

    On a CPU of the same kind the scores are equal to the bit; with a GPU on either side they may differ as much as
    `bench` says. Raises ArenaError when there is no such round, or it was pruned.
    """
    last = match.home.last_round(match.name) or 0
    if not 1 <= number <= last:
        raise ArenaError(f"the match {match.name} has rounds 1 to {last}, not {number}")
    if pruned_files(match.home, match.name).get(number):
        raise ArenaError(f"round {number} of {match.name} was pruned: its weights are gone, so it cannot be replayed")
    (record,) = match.home.records(match.name, after=number - 1, most=1)
    if record.absent:
        who = " and the ".join(record.absent)
        raise ArenaError(f"round {number} of {match.name} cannot be replayed: the {who} had failed and played no part")
    where, stored = bench(match), _exam(match, number)
    stored_fakes = np.load(match.home.round_folder(match.name, number) / FAKES, allow_pickle=False)
    drawn, sitting = _sit_again(match, number, where, stored, stored_fakes if where.scores else None)

    findings = []
    if not _are_alike(sitting.fakes, stored_fakes, where.pixels):
        findings.append(Finding(number, FAKES, "holds other images than the stored weights make"))
    same = [np.array_equal(getattr(drawn, name), getattr(stored, name)) for name in ("order", "real_indices", "people")]
    if drawn.seed != stored.seed or not all(same):
        findings.append(Finding(number, EXAM, "holds another paper than the referee's seed draws"))
    worst = float(np.abs(sitting.answer.scores - stored.scores).max())
    if worst > where.scores or abs(sitting.answer.threshold - stored.threshold) > where.scores:
        findings.append(Finding(number, EXAM, f"holds other scores than the stored weights give, by up to {worst:g}"))
    return findings


def _sit_again(
    match: Match, number: int, where: Bench, stored: ExamRecord, shown: Images | None
) -> tuple[Paper, Sitting]:
    """The paper that the referee draws for the round, and the stored one sat again by the stored weights."""
    from arena.networks.training import use_one_thread  # here, so that commands that replay nothing start without torch

    use_one_thread()
    setup, folder = match.setup, match.home.round_folder(match.name, number)
    generator, detector = (snapshot.read_snapshot(folder / SNAPSHOT.format(role=role)) for role in ROLES)
    desk = Desk(setup.root, match.name, setup.config, setup.faces, known=setup.known)
    sitting = sit(
        stored.paper,
        desk.referee.faces,
        generator,
        detector,
        code=lambda fakes: desk.coded(number, "fakes", fakes),
        shown=shown,
        device=where.device,
        precision=setup.precision,
    )
    return desk.referee.draw_again(number, stored), sitting


def _are_alike(fakes: Images, stored: Images, most: float) -> bool:
    """Whether no image differs by more than `most` in the mean of its pixels."""
    if not most or fakes.shape != stored.shape:
        return np.array_equal(fakes, stored)
    return bool((np.abs(fakes.astype(np.int16) - stored).mean(axis=(1, 2, 3)) <= most).all())


def _exam(match: Match, number: int) -> ExamRecord:
    path = match.home.round_folder(match.name, number) / EXAM
    return ExamRecord.from_arrays(safetensors.numpy.load_file(path))
