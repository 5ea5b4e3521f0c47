"""What fakes a detector is trained against or judged on: families, each of one kind and in two halves.

What a detector trains on and what it is asked about later never meet: files and galleries are divided, and fakes made
of real faces are made of other people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from arena import registry
from arena.faces.decode import square
from arena.faces.sets.split import Index, deal, in_turns
from arena.generator.bank import FaceBank
from arena.registry import Contender
from arena.seeds import derive, rng
from arena.snapshot import player
from arena.training.ground import HELD, MAKERS, MAKERS_HELD, Ground
from arena.types import ArenaError, Faces, Images, Material, Snapshot


class Family(Protocol):
    """Fakes of one kind. `name`: for people. `mark`: equal marks mean equal fakes."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    @property
    def mark(self) -> str:
        """Equal marks mean equal fakes."""
        ...

    def fakes(self, n: int, seed: int) -> Images:
        """`n` fakes to train on, uint8 `[n, S, S, 3]`, as a detector is to see them."""
        ...

    def unseen(self, n: int, seed: int) -> Images:
        """`n` fakes that nobody trains on."""
        ...


@dataclass(frozen=True, eq=False)
class Stock:
    """Fakes that are there already, such as galleries, uint8 `[N, S, S, 3]`.

    `seen`, `kept`: places of those to train on and of others. `ground`: codes them, where nobody has; else None.
    """

    name: str
    mark: str
    images: Images
    seen: Index
    kept: Index
    ground: Ground | None = None

    @classmethod
    def divided(cls, name: str, images: Images) -> Stock:
        """Of the images a share is kept for later, the same one always. Raises ArenaError for fewer than two."""
        if len(images) < 2:
            raise ArenaError(f"{name} has {len(images)} fakes; at least two are needed, to train on and to judge by")
        seen, kept = deal(np.arange(len(images)), 0, (1 - HELD, HELD))
        return cls(name, hashlib.sha256(images.tobytes()).hexdigest(), images, seen, kept)

    def fakes(self, n: int, seed: int) -> Images:
        """See Family: each once before any comes twice."""
        return self._drawn(self.seen, n, seed)

    def unseen(self, n: int, seed: int) -> Images:
        """See Family; no more than there are."""
        return self._drawn(self.kept, min(n, len(self.kept)), seed)

    def untouched(self) -> Stock:
        """The same, of which nobody has trained on any: all are kept for later."""
        return replace(self, kept=np.sort(np.concatenate([self.seen, self.kept])))

    def _drawn(self, part: Index, n: int, seed: int) -> Images:
        drawn = np.array(self.images[in_turns(part, n, rng(seed, "stock"))])
        return drawn if self.ground is None else self.ground.coded(drawn, derive(seed, "coding"))


@dataclass(frozen=True, eq=False)
class Given:
    """What a generator's snapshot makes that is from elsewhere, of no faces of this training."""

    name: str
    mark: str
    ground: Ground
    team: Any

    def fakes(self, n: int, seed: int) -> Images:
        """See Family."""
        return self.ground.coded(self.team.generate(n, seed), derive(seed, "coding"))

    def unseen(self, n: int, seed: int) -> Images:
        """See Family."""
        return self.ground.coded(self.team.examine(n, seed), derive(seed, "coding"))


@dataclass(frozen=True, eq=False)
class Made:
    """What a contender makes of the makers' faces, each time of others.

    `grown`: its weights, where it has been trained. `options`: those that are not its defaults.
    """

    name: str
    mark: str
    ground: Ground
    contender: Contender
    grown: Snapshot | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raise ArenaError when it cannot make anything of the faces."""
        for part in (MAKERS, MAKERS_HELD):
            self._fresh(0).check(self.ground.parts[part])

    def fakes(self, n: int, seed: int) -> Images:
        """See Family."""
        return self._made(self.ground.parts[MAKERS], n, derive(seed, "seen"))

    def unseen(self, n: int, seed: int) -> Images:
        """See Family: made of other people than those to train on."""
        return self._made(self.ground.parts[MAKERS_HELD], n, derive(seed, "unseen"))

    def _fresh(self, seed: int) -> Any:
        return self.contender.team(replace(self.ground.brief("generator", self.name), seed=seed), self.options)

    def _made(self, faces: Faces, n: int, seed: int) -> Images:
        if self.grown is None:
            team = self._fresh(derive(seed, "team"))
            team.train(1, Material(faces))
        else:
            weights = with_other_bank(self.grown, faces, derive(seed, "bank"))
            team = player(weights, self.ground.device, self.ground.precision)
        return self.ground.coded(team.generate(n, derive(seed, "fakes")), derive(seed, "coding"))


@dataclass(frozen=True, eq=False)
class Shrunk:
    """What `larger` makes, drawn and coded larger than the images of the training, brought to `side` pixels."""

    name: str
    mark: str
    larger: Family
    side: int

    def fakes(self, n: int, seed: int) -> Images:
        """See Family."""
        return self._brought(self.larger.fakes(n, seed))

    def unseen(self, n: int, seed: int) -> Images:
        """See Family."""
        return self._brought(self.larger.unseen(n, seed))

    def _brought(self, images: Images) -> Images:
        return np.stack([square(image, self.side) for image in images])


def with_other_bank(snapshot: Snapshot, faces: Faces, seed: int) -> Snapshot:
    """A snapshot that makes its fakes of other faces; itself, where it makes them of none."""
    if "bank/images" not in snapshot.weights:
        return snapshot
    needs_points = registry.find("generator", snapshot.contender).cls.needs_points
    bank = FaceBank.choose(faces, len(snapshot.weights["bank/images"]), seed, with_points=needs_points)
    return replace(snapshot, weights={**snapshot.weights, **bank.arrays()})


def folder_of_fakes(ground: Ground, spec: str) -> Stock:
    """The fakes in a folder, zip, labels CSV and so on, as the contender `folder` deals them out. Raises ArenaError."""
    options = {"path": spec, "exam_share": HELD}
    team = registry.find("generator", "folder").team(ground.brief("generator", "folder"), options)
    faces = [part.images for part in ground.parts.values()]
    team.check(Faces(np.concatenate(faces), np.zeros(sum(map(len, faces)), np.int64)))
    (mark,) = type(team).fetch(team.options).values()
    stock = team.stock
    return Stock(Path(spec).name or spec, mark, stock.images, stock.gallery, stock.exam, ground)


def mixed(families: Sequence[Family], n: int, seed: int, unseen: bool = False) -> Images:
    """`n` fakes, as many of each family as of any other, give or take one."""
    shares = [n // len(families) + (i < n % len(families)) for i in range(len(families))]
    asked = [
        (family.unseen if unseen else family.fakes)(share, derive(seed, i, family.name))
        for i, (family, share) in enumerate(zip(families, shares, strict=True))
        if share
    ]
    return np.concatenate(asked)
