"""The real faces of a training in parts that share nobody, and what the teams are told about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from arena.faces.coding import Coding, coder
from arena.faces.sets.about import framing_of, joined_identities, points_of
from arena.faces.sets.cache import OnImages, check_size, prepare
from arena.faces.sets.packed import FaceSet
from arena.faces.sets.split import Index, deal, hold_out
from arena.faces.source import CROP_FIRST
from arena.play.config import MatchConfig
from arena.play.parts import landmark_finder, origin_of
from arena.seeds import derive
from arena.store.home import Home
from arena.types import ArenaError, Brief, Faces, Images, Role

MAKERS, MAKERS_HELD, TRAINING, VALIDATION, JUDGING = "makers", "makers held", "training", "validation", "judging"
"""Parts: what fakes to train on are made of, and what others are made of; what the detector trains on; what decides
when it stops; what it is judged on at the end."""
HELD = 0.15
"""Share of the faces of a part, of whole people, that validation holds out of it."""
FEWEST = 20
"""Faces that each part must have at least."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Real faces by part. `settings`: as of a match. `origin`: as in a brief. `facts`: about the faces, JSON values."""

    settings: MatchConfig
    parts: Mapping[str, Faces]
    origin: Mapping[str, Any]
    facts: Mapping[str, Any]
    device: str = "cpu"
    precision: Literal["fp32", "bf16"] = "fp32"

    def brief(self, role: Role, *path: str | int) -> Brief:
        """What a team is told. `path`: what its seed is for, beside the role."""
        settings = self.settings
        return Brief(
            settings.image_size,
            derive(settings.seed, role, *path),
            self.device,
            self.precision,
            settings.false_alarm_rate,
            origin=self.origin,
        )

    def with_seed(self, seed: int) -> Ground:
        """The same parts for a training by another seed."""
        return replace(self, settings=self.settings.model_copy(update={"seed": seed}))

    def coded(self, images: Images, seed: int) -> Images:
        """Fakes, uint8 `[N, S, S, 3]`, coded as the real faces are, as a referee codes them."""
        code = coder(self.origin)
        return images if code is None else code(images, seed)


def without_place(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What of the facts about faces decides how a training goes: not where their files lie."""
    return {name: value for name, value in facts.items() if name != "source"}


@dataclass(frozen=True)
class Wanted:
    """What a training needs of its real faces: a part to make fakes of, one to be judged on, landmarks."""

    makers: bool = False
    judging: bool = False
    points: bool = False


@dataclass(frozen=True)
class Machine:
    """Where the teams compute, resolved."""

    device: str = "cpu"
    precision: Literal["fp32", "bf16"] = "fp32"

    @classmethod
    def here(cls) -> Machine:
        """One thread of this machine's CPU, in the precision that is faster."""
        from arena.networks.training import faster_precision

        return cls("cpu", faster_precision("cpu"))


def prepare_ground(
    home: Home,
    settings: MatchConfig,
    wanted: Wanted,
    machine: Machine = Machine(),
    on_decode: OnImages = lambda done, total: None,
) -> Ground:
    """The faces of `settings.faces` in the parts that are wanted. Raises ArenaError when they are too few.

    With makers and judging the three parts are those of a match with these settings; the same arguments give the same.
    """
    check_size(settings.image_size)
    faces = prepare(settings.faces, home.faces, settings.image_size, on_decode)
    people = joined_identities(faces, home.faces)
    return ground_of(home, settings, faces, people, deal_out(people, settings, wanted), wanted, machine)


def larger_ground(home: Home, ground: Ground, side: int) -> Ground:
    """The faces of a prepared ground at so many pixels, each in the same part; the ground itself at its own size.

    Raises ArenaError for fewer pixels, where most of their files have fewer, or where not the same of them can be used
    at that size.
    """
    settings, coding = ground.settings, ground.origin.get("coding")
    if side == settings.image_size:
        return ground
    if side < settings.image_size:
        raise ArenaError(f"{side} px draws smaller faces than those of the training, {settings.image_size} px")
    ways = Coding.from_json(coding).ways if coding else ()
    if sum(share for way, share in ways if way.tables and way.side < side) > 0.5:
        raise ArenaError(f"most faces of {settings.faces} have fewer than {side} px: nothing can be drawn larger")
    wanted = Wanted(True, JUDGING in ground.parts, ground.parts[MAKERS].points is not None)
    small, large = (prepare(settings.faces, home.faces, size) for size in (settings.image_size, side))
    if small.names != large.names:
        raise ArenaError(f"not the same of {settings.faces} can be used at {settings.image_size} and at {side} px")
    people = joined_identities(small, home.faces)  # whose photos are nearly equal depends on their size
    larger = settings.model_copy(update={"image_size": side})
    parts, machine = deal_out(people, settings, wanted), Machine(ground.device, ground.precision)
    return ground_of(home, larger, large, people, parts, wanted, machine)


def deal_out(people: Index, settings: MatchConfig, wanted: Wanted) -> dict[str, Index]:
    """Which images are in which part, int64 positions, by who they show, int64 `[N]`.

    Raises ArenaError when there are fewer people than parts.
    """
    names = [MAKERS] * wanted.makers + [TRAINING] + [JUDGING] * wanted.judging
    share = dict(zip((MAKERS, TRAINING, JUDGING), settings.parts, strict=True))
    dealt = deal(people, derive(settings.seed, "split"), [share[name] for name in names])
    parts = dict(zip(names, dealt, strict=True))
    for name, held in ((MAKERS, MAKERS_HELD), (TRAINING, VALIDATION)):
        if name in parts:
            whole = parts[name]
            out, rest = hold_out(people[whole], HELD, derive(settings.seed, "held", name))
            parts |= {held: whole[out], name: whole[rest]}
    return parts


def ground_of(
    home: Home,
    settings: MatchConfig,
    faces: FaceSet,
    people: Index,
    parts: Mapping[str, Index],
    wanted: Wanted,
    machine: Machine,
) -> Ground:
    """A ground of faces whose parts are known. `people`: who each shows, int64 `[N]`.

    Raises ArenaError when a part has too few faces.
    """
    for name, part in parts.items():
        if len(part) < FEWEST:
            raise ArenaError(
                f"too few real faces: of {len(faces.images)} images of {len(np.unique(people))} people {len(part)} are "
                f"left for {name}, and at least {FEWEST} are needed, of people in no other part; bring more, of more "
                f"people; {CROP_FIRST}"
            )
    framing = framing_of(faces, home.faces, landmark_finder)
    points = points_of(faces, home.faces, landmark_finder) if wanted.points else None
    known = {
        "synthetic": faces.synthetic,
        "coding": faces.coding.to_json() if faces.coding else None,
        "framing": framing.to_json() if framing else None,
    }
    whole = Faces(faces.images, people, points)
    facts = {
        "source": faces.source,
        "digest": faces.digest,
        "synthetic": faces.synthetic,
        "images": len(faces.images),
        "people": len(np.unique(people)),
        "parts": {name: len(part) for name, part in parts.items()},
    }
    origin = origin_of(settings.dump(), known)
    found = {name: whole[part] for name, part in parts.items()}
    return Ground(settings, found, origin, facts, machine.device, machine.precision)
