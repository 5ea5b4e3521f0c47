"""The vocabulary of the arena. Read this file first: every other module speaks in these words.

A *match* is played by one *generator* (Team A) and one *detector* (Team B) over N *rounds*. In a round both teams
train at the same time, then the *referee* sets an *exam* (half real, half fake, shuffled, labels hidden), the
detector *answers* it and the referee gives a *verdict*.

Fixed conventions: images are uint8 RGB arrays; a *score* is the probability that an image is fake; fake is the
positive class and has label 1; a logit above 0 means fake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]
"""Images, uint8 `[N, H, W, 3]`, RGB. The only form in which images cross a boundary."""

Scores = npt.NDArray[np.float64]
"""Probability that each image is fake, float64 `[N]` in [0, 1]."""

Heat = npt.NDArray[np.float32]
"""Where a detector looked, float32 `[N, H, W]`, of one image `[H, W]`, in [0, 1]: 1 is where its answer hangs most."""

NoFace = Literal["whole", "fake"]
"""What a photo without a face is to a detector: to be judged as a whole, or fake for lack of one. A detector may say so
as its class attribute `no_face`; 'whole' where it does not."""

Labels = npt.NDArray[np.int8]
"""Truth of each image, int8 `[N]`: 0 real, 1 fake."""

State = dict[str, npt.NDArray[Any]]
"""Everything a team needs to continue: weights, optimiser moments, counters, as named arrays."""

Role = Literal["generator", "detector"]
ROLES: tuple[Role, ...] = ("generator", "detector")
"""Team A's role and Team B's."""

Winner = Literal["A", "B"]
Call = Literal["A", "B", "too close"]

REAL, FAKE = 0, 1


class ArenaError(Exception):
    """An error for the person at the keyboard: one sentence that says what is wrong, where, and what to do."""


class Diverged(ArenaError):  # noqa: N818 - an event of the match, not a mistake of a person
    """A loss or a weight of a team became NaN or infinite."""

    def __init__(self, role: Role, what: str, step: int) -> None:
        super().__init__(role, what, step)
        self.role, self.what, self.step = role, what, step

    def __str__(self) -> str:
        return f"the {self.role} diverged: {self.what} was not finite by step {self.step}"


class InvalidAnswer(ArenaError):  # noqa: N818
    """A team handed in something the referee cannot use: wrong shape, wrong dtype, NaN, outside [0, 1]."""

    def __init__(self, role: Role, what: str) -> None:
        super().__init__(role, what)
        self.role, self.what = role, what

    def __str__(self) -> str:
        return f"the {self.role} handed in {self.what}"


class Lost(ArenaError):  # noqa: N818
    """A worker died; the round it was playing has to be played again."""


@dataclass(frozen=True)
class Snapshot:
    """Frozen, self-describing weights of one contender after one round: what is rated, replayed and exported.

    `extra` holds what is not a tensor, such as a detector's alarm threshold. `origin`: as in Brief.
    `arena.snapshot` reads and writes them.
    """

    role: Role
    contender: str
    options: Mapping[str, Any]
    image_size: int
    round: int
    weights: State
    extra: Mapping[str, float] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """A detector's answer to an exam.

    `scores`: float64 `[N]` in [0, 1], probability of fake per image, in the order of the paper.
    `threshold`: the detector's own alarm threshold; it calls an image fake when `score >= threshold`.
    """

    scores: Scores
    threshold: float


@dataclass(frozen=True)
class FakeOrder:
    """What the referee asks of the generator: `n` fakes made with `seed`, which nobody knew before."""

    n: int
    seed: int


@dataclass(frozen=True)
class HandIn:
    """What a team hands in after a round: everything to continue from, and the weights that play.

    `seconds`: where the team's time went since it last handed in.
    """

    state: State
    snapshot: Snapshot
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class Show:
    """What a generator shows after a round. `fakes`: for the exam; `gallery`: published; `samples`: fixed latents."""

    fakes: Images
    gallery: Images
    samples: Images


@dataclass(frozen=True)
class Progress:
    """Where a team's training stands: shown live, never stored.

    `losses` are the latest means; `images_per_second` counts training images since the start of the round.
    """

    role: Role
    round: int
    step: int
    steps: int
    images_per_second: float = 0.0
    losses: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CurvePoint:
    """Mean losses of a stretch of training that ended after `images` images seen in the whole match."""

    images: int
    losses: Mapping[str, float]


@dataclass(frozen=True)
class Training:
    """What a team reports after training for one round.

    `losses`: means over the round. `images`: training images seen in the match so far. `seconds`: wall time of this
    round's training. `learning_rate_scale`: 1, or less after a diverged attempt.
    """

    steps: int
    images: int
    seconds: float
    losses: Mapping[str, float]
    curve: tuple[CurvePoint, ...] = ()
    learning_rate_scale: float = 1.0


@dataclass(frozen=True)
class Brief:
    """What a contender is told when it takes its seat.

    `image_size`: side of the square images in pixels. `device`: 'cpu' or 'cuda[:i]'. `precision`: 'fp32' or 'bf16'.
    `seed`: this team's own seed; the match's seed stays with the referee, so a team cannot foresee an exam.
    `false_alarm_rate`: the share of its own validation reals a detector may call fake when it sets its threshold.
    `origin`: what its real faces are, as JSON values, empty when nobody said: `synthetic`; `coding`, how their files
    were coded; `coded`, whether the referee codes fakes alike; `framing`, where the faces lie (`arena.faces`).
    """

    image_size: int
    seed: int
    device: str = "cpu"
    precision: Literal["fp32", "bf16"] = "fp32"
    false_alarm_rate: float = 0.05
    origin: Mapping[str, Any] = field(default_factory=dict)


OnProgress = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """The observer that looks away."""


class Team(Protocol):
    """What both teams can do. A team owns its networks, optimisers and counters and saves itself whole."""

    role: ClassVar[Role]
    on_progress: OnProgress

    def state(self) -> State:
        """Everything needed to continue after this round, as arrays; equal states behave equally."""
        ...

    def restore(self, state: State) -> None:
        """Continue from `state()` of an equally configured team."""
        ...

    def snapshot(self, round: int) -> Snapshot:
        """The frozen, self-describing weights that play, without what only training needs."""
        ...

    def load(self, snapshot: Snapshot) -> None:
        """Take the weights of a snapshot of this contender: enough to generate or answer, not to train on."""
        ...


class Generator(Team, Protocol):
    """Team A: makes faces."""

    def train(
        self, round: int, *, reals: Images, opponent: Snapshot | None, learning_rate_scale: float = 1.0
    ) -> Training:
        """Train for one round. Round 0 is the warm-up before the match, without an opponent.

        `reals`: uint8 `[N, S, S, 3]`, A's part of the real faces, maybe read-only. `opponent`: B's last snapshot in
        the white-box rule, else None. Raises Diverged when a loss or a weight is not finite.
        """
        ...

    def generate(self, n: int, seed: int) -> Images:
        """`n` fakes, uint8 `[n, S, S, 3]`. The same weights, `n` and `seed` give the same images."""
        ...


class Detector(Team, Protocol):
    """Team B: tells fake faces from real ones."""

    def train(
        self, round: int, *, reals: Images, gallery: Images, reservoir: Images, learning_rate_scale: float = 1.0
    ) -> Training:
        """Train for one round and set the alarm threshold.

        `reals`: uint8 `[N, S, S, 3]`, B's part of the real faces, of which it holds some out for validation.
        `gallery`: A's last published fakes. `reservoir`: fakes of older galleries, maybe empty. All may be
        read-only. Raises Diverged when a loss or a weight is not finite.
        """
        ...

    def answer(self, paper: Images) -> Answer:
        """Score every image of the exam paper, uint8 `[N, S, S, 3]`."""
        ...
