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
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor

Images = npt.NDArray[np.uint8]
"""Images, uint8 `[N, H, W, 3]`, RGB. The only form in which images cross a boundary."""

Scores = npt.NDArray[np.float64]
"""Probability that each image is fake, float64 `[N]` in [0, 1]."""

Identities = npt.NDArray[np.int64]
"""Who each image shows, int64 `[N]`: equal numbers are one person."""

Points = npt.NDArray[np.float32]
"""Landmarks of each face, float32 `[N, 5, 2]`, x and y in pixels of the image: left eye, right eye (as seen), nose,
left and right corner of the mouth; NaN where none were found."""

FakesAre = Literal["generated", "composite", "unknown"]
"""What a generator's fakes are: made by a program out of nobody, put together from Team A's real faces, or somebody
else's, of which nobody knows."""

Heat = npt.NDArray[np.float32]
"""Where a detector looked, float32 `[N, H, W]`, of one image `[H, W]`, in [0, 1]: 1 is where its answer hangs most."""

NoFace = Literal["whole", "fake"]
"""What a photo without a face is to a detector: to be judged as a whole, or fake for lack of one."""

Knowledge = Literal["whitebox", "none"]
"""Whether Team A trains against Team B's last snapshot, or never sees it."""

Labels = npt.NDArray[np.int8]
"""Truth of each image, int8 `[N]`: 0 real, 1 fake."""

State = dict[str, npt.NDArray[Any]]
"""Everything a team needs to continue: weights, optimiser moments, counters, as named arrays."""

Role = Literal["generator", "detector"]
ROLES: tuple[Role, ...] = ("generator", "detector")
"""Team A's role and Team B's."""

Winner = Literal["A", "B"]

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


class Failed(ArenaError):  # noqa: N818
    """A contender raised something, whatever it was: `what` is its type and last line."""

    def __init__(self, role: Role, what: str) -> None:
        super().__init__(role, what)
        self.role, self.what = role, what

    def __str__(self) -> str:
        return f"the {self.role} failed: {self.what}"


class Lost(ArenaError):  # noqa: N818
    """A worker died; the round it was playing has to be played again."""


@dataclass(frozen=True, eq=False)
class Faces:
    """Real faces. `images`: uint8 `[N, S, S, 3]`, maybe read-only. `identities`: int64 `[N]`, who each shows.

    `points`: float32 `[N, 5, 2]`, where a team of the match asks for landmarks (`Team.needs_points`), else None.
    """

    images: Images
    identities: Identities
    points: Points | None = None

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Any) -> Faces:
        """The faces at these places, an index array or slice, as copies where NumPy copies."""
        points = None if self.points is None else self.points[index]
        return Faces(self.images[index], self.identities[index], points)


@dataclass(frozen=True, eq=False)
class Pool:
    """Fakes to train on, uint8 `[N, S, S, 3]`, maybe none. `origin`: where they are from, one of the words below."""

    origin: str
    images: Images


LAST, OLDER = "last", "older"
"""Origins of pools: the gallery that Team A published last, and a sample of those before."""


@dataclass(frozen=True, eq=False)
class Material:
    """What a team trains on in a round: its own real faces, pools of fakes, and the snapshots it may train against.

    The referee's desk chooses the pools and the opponents; a team takes what it can use of them.
    """

    faces: Faces
    fakes: tuple[Pool, ...] = ()
    opponents: tuple[Snapshot, ...] = ()

    def pool(self, origin: str) -> Images:
        """The fakes of one origin, uint8 `[N, S, S, 3]`; none where there is no such pool."""
        found = [pool.images for pool in self.fakes if pool.origin == origin]
        return np.concatenate([np.empty((0, *self.faces.images.shape[1:]), np.uint8), *found])


@dataclass(frozen=True)
class Snapshot:
    """Frozen, self-describing weights of one contender after one round: what is rated, replayed and exported.

    `extra` holds what is not a tensor, such as a detector's alarm threshold. `origin`: as in Brief. `parts`: snapshots
    of the contenders that this one is made of, by name. `arena.snapshot` reads and writes them.
    """

    role: Role
    contender: str
    options: Mapping[str, Any]
    image_size: int
    round: int
    weights: State
    extra: Mapping[str, float] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, Snapshot] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """A detector's answer to an exam.

    `scores`: float64 `[N]` in [0, 1], probability of fake per image, in the order of the paper.
    `threshold`: the detector's own alarm threshold; it calls an image fake when `score >= threshold`.
    `photo_threshold`: that for strangers' photos, which differ from its faces by more than whom they show; None where
    it is the same.
    """

    scores: Scores
    threshold: float
    photo_threshold: float | None = None


@dataclass(frozen=True)
class FakeOrder:
    """What the referee asks of the generator: `n` fakes made with `seed`, which nobody knew before."""

    n: int
    seed: int


@dataclass(frozen=True)
class HandIn:
    """What a team hands in after a round: everything to continue from, and the weights that play.

    `seconds`: where the team's time went since it last handed in. `usage`: what its worker took of the machine.
    """

    state: State
    snapshot: Snapshot
    seconds: Mapping[str, float]
    usage: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Sources:
    """What each of some fakes was made of, for people to look at.

    `images`: uint8 `[n, S, S, 3]` by what they are, a word of small letters: `donor`, `target`, `original` and the like
    are real faces, `mask` is none. `words`: `n` phrases, such as 'MOUTH blur'.
    """

    images: Mapping[str, Images]
    words: tuple[str, ...]


@dataclass(frozen=True)
class Show:
    """What a generator shows after a round. `fakes`: for the exam; `gallery`: published; `samples`: fixed latents.

    `sources`: what the samples are made of, where the generator can tell.
    """

    fakes: Images
    gallery: Images
    samples: Images
    sources: Sources | None = None


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
    round's training. `learning_rate_scale`: 1, or less after a diverged attempt. `knowledge`: of a generator, whether
    it has trained against a snapshot of its opponent, and `why` not where it was offered one. `grown`: how far, of one
    that grows, such as '8 px'.
    """

    steps: int
    images: int
    seconds: float
    losses: Mapping[str, float]
    curve: tuple[CurvePoint, ...] = ()
    learning_rate_scale: float = 1.0
    knowledge: Knowledge = "none"
    why: str = ""
    grown: str = ""


@dataclass(frozen=True)
class Brief:
    """What a contender is told before anything else.

    `image_size`: side of the square images in pixels. `device`: 'cpu' or 'cuda[:i]'. `precision`: 'fp32' or 'bf16'.
    `seed`: this team's own seed; the match's seed stays with the referee, so a team cannot foresee an exam.
    `false_alarm_rate`: the share of strangers' real faces a detector may call fake when it sets its threshold.
    `gallery`, `exam`: how many fakes each gallery and each exam asks of a generator; 0 where nobody said.
    `trains`: False for a player that is only loaded, to generate, to answer or to be attacked: it needs no optimiser
    and no second copy of its weights.
    `origin`: what its real faces are, as JSON values, empty when nobody said: `synthetic`; `coding`, how their files
    were coded; `coded`, whether the referee codes fakes alike; `framing`, where the faces lie (`arena.faces`).
    """

    image_size: int
    seed: int
    device: str = "cpu"
    precision: Literal["fp32", "bf16"] = "fp32"
    false_alarm_rate: float = 0.05
    gallery: int = 0
    exam: int = 0
    trains: bool = True
    origin: Mapping[str, Any] = field(default_factory=dict)


OnProgress = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """The observer that looks away."""


Critic = Callable[["Tensor"], "Tensor"]
"""A detector's opinion that gradients can flow through: from images of the match's size, float32 or bfloat16
`[N, 3, S, S]` in [-1, 1], to fake logits, float32 `[N]`. It resizes by itself."""


class Team(Protocol):
    """What both teams can do. A team owns its networks, optimisers and counters and saves itself whole.

    Derive from `Generator` or `Detector`: what has a body here is a capability, declared by overriding it.
    """

    role: ClassVar[Role]
    contender: ClassVar[str]
    """Its name, set by `registry.register`."""
    Options: ClassVar[Any]
    """A frozen dataclass; every field has a default and a docstring below it.

    It may have class variables: `recipes`, by the value of its option `recipe` the options that this stands for;
    `formerly`, what the options mean that a match or a snapshot was stored without; and `alone`, those of a detector
    that `arena train` chooses otherwise than a match, unless they are given. Where an option holds those of another
    contender, `inner_as_stored` gives, of options as they were stored, what they are now.
    """
    needs_points: ClassVar[bool] = False
    """Whether it trains with landmarks: `Faces.points` is then never None."""

    options: Any
    brief: Brief
    on_progress: OnProgress

    @classmethod
    def fetch(cls, options: Any) -> Mapping[str, str]:
        """Get what has to be had before a match is entered, such as pretrained weights.

        Returns the SHA-256 of each by name, for the record. Raises ArenaError when something cannot be had.
        """
        return {}

    @classmethod
    def trained(cls, options: Any) -> tuple[type[Team], Any]:
        """Whose training a round of this team is, and with which options: its own, or that of a team it wraps."""
        return cls, options

    def check(self, faces: Faces) -> None:
        """Raise ArenaError when this team cannot play with these faces; asked before a match is entered."""
        return

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

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        """Train for one round; round 0 is Team A's warm-up before the match, without an opponent.

        Raises Diverged when a loss or a weight is not finite. What else it raises is an event of the match: the round
        is tried once more, then the team forfeits it.
        """
        ...


class Generator(Team, Protocol):
    """Team A: makes faces."""

    role: ClassVar[Role] = "generator"

    @property
    def fakes_are(self) -> FakesAre:
        """What its pictures say of themselves, and whether they may show somebody."""
        return "generated"

    def generate(self, n: int, seed: int) -> Images:
        """`n` fakes, uint8 `[n, S, S, 3]`. The same weights, `n` and `seed` give the same images."""
        ...

    def examine(self, n: int, seed: int) -> Images:
        """`n` fakes for an exam, as `generate`; a generator with a fixed stock keeps some that no gallery shows."""
        return self.generate(n, seed)

    def interpolate(self, n: int, seed: int, frames: int) -> Images | None:
        """A walk over `n` latents and back to the first, `frames` images from each to the next; None without latents.

        uint8 `[n * frames, S, S, 3]`, so that it can be shown again and again.
        """
        return None

    def sources(self, n: int, seed: int) -> Sources | None:
        """What the fakes of `generate(n, seed)` are made of, or None where they are made of nothing that is there."""
        return None


class Detector(Team, Protocol):
    """Team B: tells fake faces from real ones. Its `train` also sets the alarm threshold."""

    role: ClassVar[Role] = "detector"
    no_face: NoFace = "whole"

    def answer(self, paper: Images) -> Answer:
        """Score every image of the exam paper, uint8 `[N, S, S, 3]`."""
        ...

    def critic(self) -> Critic | None:
        """Its present opinion as a function with gradients, or None where the maths has none."""
        return None

    def heat_maps(self, images: Images) -> Heat | None:
        """Where it looks in each image, uint8 `[N, S, S, 3]`, to find its score, or None where it cannot say."""
        return None
