"""Folder: fakes that somebody has made already, dealt out to galleries and exams so that no exam shows a known file.

The referee codes every fake as the real faces are coded, whoever made it, so files that are JPEG already are coded a
second time. What is played is what lies in the folder: a snapshot says where that is and knows it by its SHA-256.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from arena.faces.sets.leaks import join_near_duplicates
from arena.faces.sets.pack import pack
from arena.faces.sets.packed import FaceSet
from arena.faces.sets.split import Index, deal, in_turns
from arena.faces.source import Face, Skipped, Source
from arena.faces.sources.files import Folder as ImageFolder
from arena.faces.sources.opening import open_source
from arena.faces.sources.tables import Row, Table
from arena.generator.fixed import FixedGenerator
from arena.registry import register
from arena.seeds import rng
from arena.types import FAKE, REAL, ArenaError, Faces, FakesAre, Images, Snapshot, State

LARGEST_PERSON = 0.1
"""Share of the files above which a folder's name is no person's: it holds a set."""
CHUNK = 2**20


@dataclass(frozen=True)
class FolderOptions:
    """Options of the folder."""

    path: str = ""
    """A folder, zip, tar, labels CSV or packed file of fakes; where labels say which are fake, only those play."""
    exam_share: float = 0.5
    """Share of the files that are kept for exams; galleries show the others."""

    def __post_init__(self) -> None:
        if not 0 < self.exam_share < 1:
            raise ValueError(f"exam_share must be between 0 and 1, not {self.exam_share}")
        if self.path and Path(self.path).exists():  # found again from any folder
            object.__setattr__(self, "path", str(Path(self.path).resolve()))


@register("generator", "folder")
class Folder(FixedGenerator[FolderOptions]):
    """The fakes of a folder, zip or labels CSV, split by file or person: some for galleries, others for exams."""

    Options = FolderOptions
    fakes_are: FakesAre = "unknown"

    @classmethod
    def fetch(cls, options: FolderOptions) -> Mapping[str, str]:
        """See `types.Team.fetch`: the content of the folder."""
        return {"fakes": content_digest(options.path)}

    def check(self, faces: Faces) -> None:
        """Raise ArenaError when there are too few fakes for the match, or some are its real faces."""
        path, stock = self.options.path, self.stock
        real = {_key(image) for image in faces.images}
        if known := sum(_key(image) in real for image in stock.images):
            raise ArenaError(
                f"{known} of the {len(stock.images)} images in {path} are real faces of this match: give fakes"
            )
        have, need = (len(stock.gallery), len(stock.exam)), (self.brief.gallery, self.brief.exam)
        if have[0] < need[0] or have[1] < need[1]:
            raise ArenaError(
                f"{path} has {len(stock.images)} fakes that differ, {have[0]} for galleries and {have[1]} for exams, "
                f"but this match needs {need[0]} and {need[1]}: bring more, change generator.options.exam_share, or "
                f"make gallery and exam.size smaller"
            )

    def generate(self, n: int, seed: int) -> Images:
        """See `types.Generator.generate`: of the files for galleries, each once before any comes twice."""
        return self._drawn(self.stock.gallery, n, seed)

    def examine(self, n: int, seed: int) -> Images:
        """See `types.Generator.examine`: of the files for exams."""
        return self._drawn(self.stock.exam, n, seed)

    def state(self) -> State:
        """See `types.Team.state`."""
        return super().state() | self._mark

    def restore(self, state: State) -> None:
        """See `types.Team.restore`. Raises ArenaError when the folder holds something else now."""
        self._recognise(state)
        super().restore(state)

    def snapshot(self, round: int) -> Snapshot:
        """See `types.Team.snapshot`: no image, but the SHA-256 of them all."""
        return replace(super().snapshot(round), weights=self._mark)

    def load(self, snapshot: Snapshot) -> None:
        """See `types.Team.load`. Raises ArenaError when the folder is gone or holds something else now."""
        self._recognise(snapshot.weights)

    @cached_property
    def stock(self) -> Stock:
        """The fakes at the match's size. Raises ArenaError when not one of them can be used."""
        options = self.options
        return open_stock(options.path, self._digest, self.brief.image_size, options.exam_share)

    @cached_property
    def _digest(self) -> str:
        return content_digest(self.options.path)

    @property
    def _mark(self) -> State:
        return {"sha256": np.frombuffer(bytes.fromhex(self._digest), np.uint8)}

    def _recognise(self, marks: State) -> None:
        if np.asarray(marks["sha256"]).tobytes().hex() != self._digest:
            raise ArenaError(
                f"the fakes in {self.options.path} have changed since they were played: put the old ones back"
            )

    def _drawn(self, part: Index, n: int, seed: int) -> Images:
        return np.array(self.stock.images[in_turns(part, n, rng(seed, "folder"))])


@dataclass(frozen=True, eq=False)
class Stock:
    """Fakes of one size, uint8 `[N, S, S, 3]`, and which are for galleries and which for exams, int64 positions."""

    images: Images
    gallery: Index
    exam: Index


@lru_cache(2)
def open_stock(path: str, digest: str, size: int, exam_share: float) -> Stock:
    """The fakes at `path`, whose content has this digest; the same split in every match.

    Raises ArenaError when there are not two to be used.
    """
    with tempfile.TemporaryDirectory() as folder:  # the pixels stay mapped when their file has lost its name
        faces = pack(_Fakes(_opened(path)), Path(folder) / "fakes.arena", size, fakes=True)
    if len(faces.images) < 2:
        raise ArenaError(f"{path} has one fake of at least {size} px: one for galleries and one for exams are needed")
    gallery, exam = deal(_kept_together(faces), 0, (1 - exam_share, exam_share))
    return Stock(faces.images, gallery, exam)


def content_digest(path: str) -> str:
    """SHA-256 of the files at `path` and their names, in hexadecimal. Raises ArenaError when there are none."""
    source = _opened(path)
    if isinstance(source, Table):
        names = [row.path for row in source.rows if isinstance(row, Row)]
        files = [source.path, *(source.path.parent / name for name in names)]
    elif isinstance(source, ImageFolder):
        names = [name for name, _, _ in source.files]
        files = [source.root / name for name in names]
    else:
        names, files = [], [Path(path)]
    digest = hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass"))
    if not files[0].exists():  # a word, such as procedural:100
        digest.update(source.fingerprint().encode())
    for file in files:
        digest.update(_file_digest(file))
    return digest.hexdigest()


@dataclass(frozen=True)
class _Fakes(Source):
    """What of a source can be played as fake."""

    source: Source

    @property
    def description(self) -> str:
        return self.source.description

    @property
    def count(self) -> int | None:
        return self.source.count

    def fingerprint(self) -> str:
        return self.source.fingerprint()

    def faces(self, size: int | None = None) -> Iterator[Face | Skipped]:
        rows = self.source.rows if isinstance(self.source, Table) else ()
        labelled = any(isinstance(row, Row) and row.label is not None for row in rows)
        for face in self.source.faces(size):
            if isinstance(face, Skipped):
                yield face
            elif face.label == REAL:
                yield Skipped(face.name, "labelled real")
            elif labelled and face.label != FAKE:
                yield Skipped(face.name, "not labelled")
            elif size is not None and min(face.image.shape[:2]) < size:  # enlarged, it would be told by its blur
                yield Skipped(face.name, f"smaller than {size} px")
            else:
                yield face


def _opened(path: str) -> Source:
    if not path:
        raise ArenaError("the contender folder needs fakes to play: set its option path to a folder, zip or labels CSV")
    return open_source(path)


def _kept_together(faces: FaceSet) -> Index:
    """What must not be divided, int64 `[N]`: people and near-duplicates, unless what hangs together is no person."""
    for one in (faces.identities, np.arange(len(faces.images))):
        for joined in (join_near_duplicates(faces.images, one), one):
            if np.bincount(joined).max() <= max(1, LARGEST_PERSON * len(joined)):
                return np.asarray(joined, np.int64)
    raise AssertionError("every image by itself is small enough")


def _key(image: Images) -> bytes:
    return hashlib.blake2b(image.tobytes(), digest_size=16).digest()


def _file_digest(file: Path) -> bytes:
    digest = hashlib.sha256()
    try:
        with file.open("rb") as opened:
            while chunk := opened.read(CHUNK):
                digest.update(chunk)
    except OSError:  # named by its source, which skips it
        return b""
    return digest.digest()
