"""Rounds and their exams."""

from __future__ import annotations

from arena.referee.verdict import Verdict
from arena.service.models.base import Model, Seconds
from arena.types import Role


class TeamTraining(Model):
    """What a team reports after training for one round; means over the round."""

    steps: int
    images: int
    """Training images seen in the match so far."""
    seconds: float
    losses: dict[str, float]
    learning_rate_scale: float = 1.0
    """Less than 1 after a diverged attempt."""
    grown: str = ""
    """How far it has grown, such as `8 px, fading in 40 %`; empty for contenders that do not grow."""


class InUse(Model):
    """What the detector is good for where its own alarm threshold decides, as in `arena detect`."""

    fakes_caught: float
    """Share of the exam's fakes that it calls fake."""
    false_alarm_rate: float
    """Share of the exam's real faces that it calls fake."""


class Measure(Model):
    """A number that says how good fakes are, with its 95 % interval."""

    name: str
    title: str
    value: float
    low: float
    high: float
    n: int
    """Fakes that it was measured on."""
    text: str
    """The number and its interval, as people read them."""
    best: str
    """Where good fakes are."""
    remark: str
    """What has to be said beside it, such as a bias; empty for most."""


class Quality(Model):
    """How good the fakes of a round are next to Team A's real faces, whoever judges them; it decides nothing."""

    images: int
    reals: int
    """How many of each were compared."""
    measures: list[Measure]
    missing: list[str]
    """What was not measured and why."""


class Round(Model):
    """A committed round. It never changes again."""

    match: str
    round: int
    """0 is the opening: Team A's warm-up, without an exam."""
    committed: Seconds
    seconds: float
    """How long it took."""
    version: str
    """Names this content: addresses below the round's with `?v=` of it may be kept for ever."""
    sentence: str
    """What happened, in words."""
    verdict: Verdict | None
    """The referee's result; null for the opening. `tpr` and `tnr` are those of `in_use`, `1 - tnr` its false alarms."""
    in_use: InUse | None
    """Beside the verdict, in which the exam's halves decide; null for the opening."""
    quality: Quality | None
    """How good the fakes that Team A published are; null where nobody measured it."""
    training: dict[Role, TeamTraining]


class CurvePoint(Model):
    """Mean losses of a stretch of training that ended after `images` images seen in the whole match."""

    images: int
    losses: dict[str, float]


class RoundDetail(Round):
    """A committed round with its curves and clocks."""

    curves: dict[Role, list[CurvePoint]]
    timings: dict[str, dict[str, float]]
    """Seconds by worker and by what they were spent on."""


class RoundPage(Model):
    """A page of rounds, the opening first."""

    total: int
    offset: int
    items: list[Round]


class ExamFake(Model):
    """A fake of an exam."""

    index: int
    """Its place among the round's fakes."""
    score: float
    """The detector's probability that it is fake."""
    fooled: bool
    """Whether the detector called it real."""
    image: str
    """Address of the picture."""


class ExamReal(Model):
    """A real face of an exam."""

    index: int
    """Its place among the exam's real faces."""
    score: float
    """The detector's probability that it is fake."""
    image: str
    """Address of the picture."""


class Exam(Model):
    """What the detector made of an exam."""

    match: str
    round: int
    n: int
    """Images of the exam, half of them fake."""
    threshold: float
    """The detector called an image fake from this score on."""
    fooled: int
    """Fakes that the detector called real."""
    false_alarms: int
    """Real faces that the detector called fake."""
    fakes_shown: bool
    """Whether fakes of this match may be shown: they are not made of photographs, or the home's owner allows it."""
    most_convincing: list[ExamFake]
    """The fakes with the lowest scores, the lowest first; none unless they may be shown."""
    most_obvious: list[ExamFake]
    """The fakes with the highest scores, the highest first; none unless they may be shown."""
    real_faces_shown: bool
    """Whether real faces of this match may be shown: they were drawn, or the home's owner allows it."""
    most_alarming: list[ExamReal]
    """The real faces with the highest scores, the highest first; none unless they may be shown."""


class SampleRound(Model):
    """What became of a sample in a round."""

    round: int
    image: str
    """Address of the picture."""
    score: float | None
    """The detector's probability that it is fake; null for the opening and for rounds of an older arena."""
    threshold: float | None
    """The detector called fake what scored this or more; null for the opening."""
    fooled: bool | None
    """Whether the detector would have called it real; null without a score."""


class Source(Model):
    """A picture that a fake was made of."""

    name: str
    """What it is, such as `donor`, `target`, `original` or `mask`."""
    image: str
    """Address of the picture."""


class SampleSources(Model):
    """What a sample was made of; no pictures of generators that make their fakes of nothing."""

    match: str
    round: int
    index: int
    made: str
    """What was done, such as `MOUTH blur`; empty where the generator did not say."""
    real_faces_shown: bool
    """Whether real faces of this match may be shown; else masks are the only pictures."""
    images: list[Source]


class Sample(Model):
    """A face from the same latent every round."""

    match: str
    index: int
    rounds: list[SampleRound]
    """The opening first."""
