"""The words of `--against` and `--judge-on`: what each names, found out before anything takes long."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from arena import registry
from arena.faces.sets.cache import check_size
from arena.images import check_images
from arena.play.config import read_value
from arena.snapshot import player, read_snapshot
from arena.store.home import Home
from arena.store.names import GALLERY
from arena.store.prune import pruned_files
from arena.training.families import Family, Given, Made, Shrunk, Stock, folder_of_fakes
from arena.training.ground import Ground, larger_ground, without_place
from arena.training.growing import Growth, grow, is_grown
from arena.training.kept import digest_of
from arena.types import ArenaError, Images, OnProgress, ignore_progress

Kind = Literal["folder", "gallery", "snapshot", "contender", "match"]

TEACHERS: Final = "teachers"
"""A word for all of RECOMMENDED."""
RECOMMENDED: Final = (
    *("resgan:50000", "dcgan:200000", "flow:50000", "reconstructor:50000"),
    *("reconstructor,skips=true,upsample=shuffle:25000", "blend", "face-swap"),
)
"""Kinds of fakes that teach most of what is known to help against fakes of yet other kinds (experiments/team-b)."""

_COMMA = re.compile(r",(?![^\[]*\])")
"""A comma between options, not one within a list."""
_FILES: Mapping[str, Kind] = {".npy": "gallery", ".safetensors": "snapshot"}


@dataclass(frozen=True)
class Word:
    """What a word names. `images`: how long a contender is trained first, 0 for not at all.

    `side`: of what it draws, in pixels, which is brought to the size of the training; 0 for that size itself.
    `options`: the contender's, as far as they are not its defaults.
    """

    text: str
    kind: Kind
    name: str
    images: int = 0
    side: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_made(self) -> bool:
        """Whether its fakes are made of real faces of the training."""
        return self.kind == "contender"

    @property
    def needs_points(self) -> bool:
        """Whether that takes landmarks."""
        return self.is_made and bool(registry.find("generator", self.name).cls.needs_points)


def read_words(texts: Sequence[str], home: Home) -> list[Word]:
    """What several words name; `teachers` names several itself. Raises ArenaError as below."""
    return [word for text in texts for word in _meant(text, home)]


def _meant(text: str, home: Home) -> list[Word]:
    is_taken = Path(text).exists() or home.has_match(text)
    return [read_word(one, home) for one in (RECOMMENDED if text == TEACHERS and not is_taken else (text,))]


def read_word(text: str, home: Home) -> Word:
    """What a word names: fakes in files, a contender of Team A, or a match of the home.

    Raises ArenaError for anything else.
    """
    path = Path(text)
    if path.exists():
        return Word(text, _FILES.get(path.suffix, "folder"), path.name)
    who, colon, count = text.partition(":")
    name, *settings = _COMMA.split(who)
    if any(one.name == name for one in registry.contenders("generator")):
        word = _contender(text, name, count if colon else None)
        return replace(word, options=_options(text, name, settings))
    if home.has_match(text):
        return Word(text, "match", text)
    raise ArenaError(
        f"there is nothing named {text!r} to train against or to judge on: no file, no contender of Team A and no "
        f"match in {home.root}"
    )


def _contender(text: str, name: str, count: str | None) -> Word:
    if name in ("folder", "evader"):
        why = "name the folder itself" if name == "folder" else "it needs an opponent that changes"
        raise ArenaError(f"{name} cannot be named here: {why}")
    grows = is_grown(name)
    if count is None and grows:
        raise ArenaError(f"{name} has to be trained first: say for how many images, for example {name}:50000")
    images, at, side = (count or "0").partition("@")
    if not (images.isdecimal() and (side.isdecimal() or not at)) or (count is not None and not int(images)):
        raise ArenaError(
            f"{text!r} must name a number of images after the colon, for example {name}:50000, and may name the side "
            f"of what is drawn, for example {name}:50000@128"
        )
    if count is not None and not grows:
        raise ArenaError(f"{name} needs no training: name it without {':' + count!r}")
    if at:
        check_size(int(side))
    return Word(text, "contender", name, int(images), int(side or 0))


def _options(text: str, name: str, settings: Sequence[str]) -> Mapping[str, Any]:
    given = {}
    for setting in settings:
        option, equals, value = setting.partition("=")
        if not equals:
            raise ArenaError(f"{setting!r} in {text!r} must be option=value, for example reconstructor,side=32:50000")
        given[option] = read_value(value, setting)
    registry.find("generator", name).options(given)
    return given


@dataclass(frozen=True)
class Workshop:
    """Opens families. `folder`: where generators that are trained first are kept."""

    ground: Ground
    home: Home
    folder: Path
    on_progress: OnProgress = ignore_progress
    on_stage: Callable[[str], None] = lambda text: None

    def open(self, words: Sequence[Word]) -> list[Family]:
        """The families of some words, in order. Raises ArenaError for fakes that do not fit."""
        sides = dict.fromkeys(word.side for word in words if word.side)
        grounds = {0: self.ground, **{side: larger_ground(self.home, self.ground, side) for side in sides}}
        return [self._family(word, grounds[word.side]) for word in words]

    def _family(self, word: Word, ground: Ground) -> Family:
        if word.kind == "contender":
            drawn = self._drawn(word, ground)
            ours = self.ground.settings.image_size
            return drawn if ground is self.ground else Shrunk(drawn.name, drawn.mark, drawn, ours)
        if word.kind == "snapshot":
            return self._snapshot(word)
        if word.kind == "folder":
            return folder_of_fakes(self.ground, word.text)
        if word.kind == "gallery":
            return Stock.divided(word.text, self._fitting(word.text, _read_gallery(Path(word.text))))
        return Stock.divided(word.name, self._fitting(word.name, _galleries(self.home, word.name)))

    def _drawn(self, word: Word, ground: Ground) -> Made:
        grown = None
        if word.images:
            settings, options = ground.settings, asdict(registry.find("generator", word.name).options(word.options))
            made_of = without_place(ground.facts), settings.image_size, settings.seed, ground.precision, options
            path = self.folder / f"{word.name}-{word.images}-{digest_of(*made_of)}.safetensors"
            about = f"{word.name} for {word.images} images of {settings.image_size} px"
            self.on_stage(f"here already: {about}" if path.exists() else f"training {about}")
            growth = Growth(word.name, word.images, word.options)
            grown = grow(ground, growth, path, self.on_progress, self.on_stage)
        family = Made(word.text, word.text, ground, registry.find("generator", word.name), grown, word.options)
        family.check()
        return family

    def _snapshot(self, word: Word) -> Given:
        path, size = Path(word.text), self.ground.settings.image_size
        snapshot = read_snapshot(path)
        if snapshot.role != "generator":
            raise ArenaError(f"{path} holds the weights of a detector; a generator's are needed to make fakes")
        if snapshot.image_size != size:
            raise ArenaError(f"the {snapshot.contender} in {path} makes faces of {snapshot.image_size} px, not {size}")
        team = player(snapshot, self.ground.device, self.ground.precision)
        return Given(word.name, hashlib.sha256(path.read_bytes()).hexdigest(), self.ground, team)

    def _fitting(self, what: str, images: Images) -> Images:
        size = self.ground.settings.image_size
        if images.shape[1] != size:
            raise ArenaError(f"the fakes of {what} have {images.shape[1]} px, not {size}; say their size with --size")
        return images


def _read_gallery(path: Path) -> Images:
    try:
        images: Images = np.load(path, mmap_mode="r", allow_pickle=False)
        check_images(images, "fakes")
    except (OSError, ValueError, EOFError, ArenaError) as error:
        raise ArenaError(f"{path} is no gallery, uint8 [N, S, S, 3] in a .npy file: {error}") from error
    return images


def _galleries(home: Home, match: str) -> Images:
    """All galleries of a match that are still there. Raises ArenaError where there is none."""
    pruned = pruned_files(home, match)
    numbers = [number for number in home.manifests(match) if GALLERY not in pruned.get(number, ())]
    if not numbers:
        raise ArenaError(f"{match} has no gallery to train against: it has played no round, or they were pruned")
    return np.concatenate([np.load(home.round_folder(match, n) / GALLERY, allow_pickle=False) for n in numbers])
