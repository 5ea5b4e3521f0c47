"""What a generator draws, of a snapshot file or of a match in the ledger, and as files that say what they are."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from arena.faces.coding import coder
from arena.faces.sets.pack import whole_folder
from arena.images import Artificial, animation, png, sheet
from arena.seeds import derive
from arena.snapshot import player, read_snapshot
from arena.store.disk import readable_errors
from arena.store.home import Home
from arena.store.names import SNAPSHOT
from arena.store.prune import pruned_files
from arena.types import ArenaError, FakesAre, Images, Snapshot

BATCH = 500
"""Images drawn with one seed: the first of many are those of few, and a hundred thousand are never in memory."""
MOST_BYTES = 4 << 30
"""What images that are needed all at once may take of the memory."""
FRAME_SECONDS = 0.08
"""How long a frame of a walk is seen."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time stamp of files in a zip, so that equal samples make equal files."""


@dataclass(frozen=True)
class Maker:
    """A generator's snapshot. `what`: it in words. `match`, `round`: where it was taken, None for a file."""

    snapshot: Snapshot
    what: str
    match: str | None = None
    round: int | None = None

    @property
    def fakes_are(self) -> FakesAre:
        """What the fakes are that it makes."""
        said: FakesAre = player(self.snapshot).fakes_are
        return said


def generator_of(root: Path, word: str, round: int | None = None) -> Maker:
    """The generator that `word` names: a snapshot's file, or else a match, of its last round if nothing is said.

    Raises ArenaError for a detector's snapshot, a match that is not there or has no such round, or was pruned.
    """
    path = Path(word)
    if path.is_file():
        if round is not None:
            raise ArenaError(f"{word} is a file and has no rounds; --round goes with a match")
        snapshot = read_snapshot(path)
        if snapshot.role != "generator":
            raise ArenaError(f"{path} holds the weights of a detector; a generator's are needed")
        return Maker(snapshot, f"the {snapshot.contender} in {path}")
    if not (root / "arena.db").is_file():
        raise ArenaError(f"{word!r} is no file, and there is no arena home at {root} that could have such a match")
    home = Home.open(root)
    home.match(word)
    last = home.last_round(word)
    if last is None:
        raise ArenaError(f"{word} has no round yet; play one first")
    number = last if round is None else round
    if not 0 <= number <= last:
        raise ArenaError(f"{word} has rounds 0 to {last}, not {number}")
    name = SNAPSHOT.format(role="generator")
    if name in pruned_files(home, word).get(number, ()):
        raise ArenaError(f"the weights of round {number} of {word} were pruned; choose a later round")
    snapshot = read_snapshot(home.round_folder(word, number) / name)
    return Maker(snapshot, f"the {snapshot.contender} of round {number} of {word}", word, number)


def check_room(images: int, size: int) -> None:
    """Raise ArenaError for more images of `size` pixels than memory should be asked to hold at once."""
    room = images * size**2 * 3
    if room > MOST_BYTES:
        raise ArenaError(
            f"{images} images of {size} px would take {room / 2**30:.0f} GiB of memory, and {MOST_BYTES >> 30} GiB are "
            f"the most: ask for fewer"
        )


def draw(snapshot: Snapshot, n: int, seed: int, coded: bool = False) -> Iterator[Images]:
    """`n` fakes, uint8 `[at most BATCH, S, S, 3]` at a time. `coded`: as the files of its real faces, as in an exam.

    The same snapshot and seed give the same fakes; more of them begin with the same ones. Raises ArenaError.
    """
    if n < 1:
        raise ArenaError(f"at least 1 image must be drawn, not {n}")
    team = player(snapshot)
    code = coder(snapshot.origin) if coded else None
    for i, start in enumerate(range(0, n, BATCH)):
        images: Images = team.generate(BATCH, derive(seed, "sample", i))[: n - start]
        yield images if code is None else code(images, derive(seed, "sample", "coding", i))


def write_samples(maker: Maker, n: int, seed: int, target: Path) -> None:
    """Draw fakes into PNGs that say what they are: into a new folder, or a zip if `target` is called one."""
    if n < 1:
        raise ArenaError(f"at least 1 image must be drawn, not {n}")
    if target.suffix.lower() == ".zip":
        if target.exists():
            raise ArenaError(f"{target} exists; give another name")
        partial = target.with_name(f".{target.name}.partial")
        try:
            with readable_errors(f"the file {target}"):
                with zipfile.ZipFile(partial, "w") as archive:
                    for name, data in _files(maker, n, seed):
                        archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
                partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return
    with whole_folder(target) as folder:
        for name, data in _files(maker, n, seed):
            (folder / name).write_bytes(data)


def _files(maker: Maker, n: int, seed: int) -> Iterator[tuple[str, bytes]]:
    digits, number, origin = max(4, len(str(n - 1))), 0, maker.fakes_are
    for batch in draw(maker.snapshot, n, seed):
        for image in batch:
            yield f"{number:0{digits}}.png", png(image[None], origin, f"{maker.what}, seed {seed}, {number}")
            number += 1


def walk(snapshot: Snapshot, tracks: int, stops: int, frames: int, seed: int) -> list[Images]:
    """Walks from latent to latent and back to the first, side by side: `stops * frames` images `[tracks, S, S, 3]`.

    Raises ArenaError for a contender that cannot say what lies between two of its faces.
    """
    for name, value, least in (("face", tracks, 1), ("stop", stops, 2), ("frame", frames, 1)):
        if value < least:
            raise ArenaError(f"a film needs at least {least} {name}{'s' if least > 1 else ''}, not {value}")
    check_room(tracks * stops * frames, snapshot.image_size)
    team = player(snapshot)
    films = []
    for track in range(tracks):
        film = team.interpolate(stops, derive(seed, "walk", track), frames)
        if film is None:
            raise ArenaError(
                f"{snapshot.contender} draws no faces from latents, so there is nothing between two of them"
            )
        films.append(film)
    return list(np.stack(films, axis=1))


def walk_film(
    snapshot: Snapshot, faces: int, stops: int, frames: int, seed: int, origin: Artificial, kind: Literal["gif", "webp"]
) -> bytes:
    """A `walk` of so many faces, in a square, as an animation that says what they are. Raises ArenaError as `walk`."""
    columns = math.ceil(math.sqrt(faces))
    pages = [sheet(pictures, columns) for pictures in walk(snapshot, faces, stops, frames, seed)]
    return animation(pages, origin, kind, FRAME_SECONDS)
