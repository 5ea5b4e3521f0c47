"""Faces in one file: pixels that are memory-mapped, an index, hashes, and the recipe that made them.

    magic, then zeros to 4096                so that pixels start on a page
    pixels      uint8 [N, size, size, 3]
    identities  int64 [N]                    numbers below the number of people have a name
    hashes      uint8 [N, 16]                BLAKE2b of each image
    names       UTF-8, divided by NUL        file name of each image
    people      UTF-8, divided by NUL        name of each identity that has one
    footer      JSON                         sizes, digests, source, recipe, what was skipped, coding, framing
    trailer     length and CRC-32 of the footer, magic

The footer comes last because the number of faces is known last; a file that was cut off has no trailer. All numbers
are little-endian. A million faces open in a fraction of a second because only the index is read. Files of format 1,
which know nothing of coding and framing, are still opened.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from arena.faces.coding import Coding, Way, tally
from arena.faces.decode import square
from arena.faces.framing import Framing
from arena.faces.source import Face, Skipped
from arena.types import FAKE, ArenaError, Images

MAGIC: Final = b"arena faces 2\n\0\0"
_MAGICS: Final = (MAGIC, b"arena faces 1\n\0\0")
PAGE: Final = 4096
_TRAILER: Final = struct.Struct("<QL16s")
_HASH: Final = 16

Recipe = Mapping[str, Any]
"""How the pixels came to be, for people and for the next one who crops: JSON values only."""


@dataclass(frozen=True)
class FaceSet:
    """Faces of one size, ready to train on.

    `images`: uint8 `[N, size, size, 3]`, a read-only memory map. `identities`: int64 `[N]`, who each face shows; a
    face that nobody put a name to is an identity of its own. `people`: the name of identity i at position i, for
    those that have one. `names`: file name of each face. `synthetic`: nobody in it ever existed. `digest`: SHA-256
    of the pixels, `index_digest` of identities and names. `skipped`: names of unusable files by reason. `recipe`: how
    the images were cropped. `path`: the file to open again, in this process or another. `coding`: how the files were
    coded, None where there were none or nobody looked. `framing`: where the faces lie, as the source says; see
    `about.framing_of` for all others.
    """

    images: Images
    identities: npt.NDArray[np.int64]
    names: list[str]
    people: list[str]
    source: str
    synthetic: bool
    digest: str
    index_digest: str
    skipped: dict[str, list[str]]
    recipe: Recipe
    path: Path
    coding: Coding | None = None
    framing: Framing | None = None

    def person(self, i: int) -> str | None:
        """The name of who face `i` shows, None when nobody said."""
        identity = int(self.identities[i])
        return self.people[identity] if identity < len(self.people) else None


@dataclass
class _Footer:
    count: int
    size: int
    names_bytes: int
    people_bytes: int
    digest: str
    index_digest: str
    source: str
    synthetic: bool
    skipped: dict[str, list[str]]
    recipe: dict[str, Any]
    coding: dict[str, Any] | None = None
    framing: dict[str, Any] | None = None


@dataclass
class Packer:
    """Writes a packed file from front to back. `file`: open for writing in binary, at its start.

    `fakes`: take faces that are labelled fake too.
    """

    file: IO[bytes]
    size: int
    fakes: bool = False
    skipped: dict[str, list[str]] = field(default_factory=dict)
    _names: list[str] = field(default_factory=list)
    _people: list[str | None] = field(default_factory=list)
    _hashes: dict[bytes, None] = field(default_factory=dict)
    _digest: Any = field(default_factory=hashlib.sha256)
    _ways: Counter[Way] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.file.write(MAGIC.ljust(PAGE, b"\0"))

    def __len__(self) -> int:
        return len(self._names)

    def add(self, face: Face | Skipped) -> None:
        """Append a face, cut to its centred square and resized; or note why not."""
        if isinstance(face, Skipped):
            self.skip(face.name, face.reason)
        elif face.label == FAKE and not self.fakes:  # what plays as real must be real
            self.skip(face.name, "labelled fake")
        else:
            pixels = square(face.image, self.size).tobytes()
            fingerprint = hashlib.blake2b(pixels, digest_size=_HASH).digest()
            if fingerprint in self._hashes:  # twice the same image could leak from one part into another
                self.skip(face.name, "duplicate")
                return
            self._hashes[fingerprint] = None
            self._digest.update(pixels)
            self.file.write(pixels)
            self._names.append(face.name)
            self._people.append(face.identity or None)
            if face.way is not None:
                self._ways[face.way] += 1

    def skip(self, name: str, reason: str) -> None:
        """Note a file that cannot be used."""
        self.skipped.setdefault(reason, []).append(name)

    def finish(
        self,
        source: str,
        synthetic: bool,
        recipe: Recipe,
        coding: Coding | None = None,
        framing: Framing | None = None,
    ) -> None:
        """Write the index, the footer and the trailer. `coding`: where it is known better than from the faces added."""
        coding = coding or tally(self._ways)
        identities, people = number_identities(self._people)
        names, labels = _joined(self._names), _joined(people)
        index = identities.astype("<i8").tobytes() + b"".join(self._hashes) + names + labels
        footer = _Footer(
            count=len(self),
            size=self.size,
            names_bytes=len(names),
            people_bytes=len(labels),
            digest=self._digest.hexdigest(),
            index_digest=hashlib.sha256(index).hexdigest(),
            source=source,
            synthetic=synthetic,
            skipped=self.skipped,
            recipe=dict(recipe),
            coding=coding.to_json() if coding else None,
            framing=framing.to_json() if framing else None,
        )
        text = json.dumps(asdict(footer)).encode("ascii")
        self.file.write(index + text + _TRAILER.pack(len(text), zlib.crc32(text), MAGIC))


def number_identities(people: list[str | None]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Number who each face shows, int64 `[N]`, and name the identities that have a name.

    Named ones are numbered in order of appearance; every face without one is an identity of its own behind them.

    >>> identities, names = number_identities(["ann", None, "bob", "ann", None])
    >>> identities.tolist(), names
    ([0, 2, 1, 0, 3], ['ann', 'bob'])
    """
    names = {name: i for i, name in enumerate(dict.fromkeys(one for one in people if one is not None))}
    numbers = np.array([-1 if one is None else names[one] for one in people], np.int64)
    nameless = numbers < 0
    numbers[nameless] = len(names) + np.arange(np.count_nonzero(nameless))
    return numbers, list(names)


def is_packed(path: Path) -> bool:
    """True for a file that starts like a packed one."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) in _MAGICS


def open_packed(path: Path) -> FaceSet:
    """Open a packed file; reads its index, not its pixels. Raises ArenaError when it is missing or damaged."""
    try:
        with path.open("rb") as file:
            footer = _read_footer(file, path)
            file.seek(PAGE + footer.count * footer.size**2 * 3)
            index = file.read(footer.count * (8 + _HASH) + footer.names_bytes + footer.people_bytes)
    except OSError as error:
        raise ArenaError(f"the faces at {path} cannot be opened: {error.strerror}") from error
    if hashlib.sha256(index).hexdigest() != footer.index_digest:
        raise _damaged(path)
    names_at = footer.count * (8 + _HASH)
    people_at = names_at + footer.names_bytes
    shape = (footer.count, footer.size, footer.size, 3)
    return FaceSet(
        images=np.memmap(path, np.uint8, "r", offset=PAGE, shape=shape) if footer.count else np.empty(shape, np.uint8),
        identities=np.frombuffer(index, "<i8", footer.count).astype(np.int64),
        names=_divided(index[names_at:people_at]),
        people=_divided(index[people_at:]),
        source=footer.source,
        synthetic=footer.synthetic,
        digest=footer.digest,
        index_digest=footer.index_digest,
        skipped=footer.skipped,
        recipe=footer.recipe,
        path=path.absolute(),
        coding=Coding.from_json(footer.coding) if footer.coding else None,
        framing=Framing.from_json(footer.framing) if footer.framing else None,
    )


def damaged_images(faces: FaceSet) -> list[str]:
    """Names of the faces whose pixels are no longer what was packed. Reads everything."""
    with faces.path.open("rb") as file:
        file.seek(PAGE + faces.images.size + 8 * len(faces.images))
        return [
            name
            for name, image in zip(faces.names, faces.images, strict=True)
            if hashlib.blake2b(image.tobytes(), digest_size=_HASH).digest() != file.read(_HASH)
        ]


def _read_footer(file: IO[bytes], path: Path) -> _Footer:
    start = file.read(len(MAGIC))
    if start not in _MAGICS:
        raise ArenaError(f"{path} is not a packed file of faces; `arena faces pack` makes one")
    end = file.seek(0, 2)
    if end < PAGE + _TRAILER.size:
        raise _damaged(path)
    file.seek(end - _TRAILER.size)
    length, checksum, magic = _TRAILER.unpack(file.read(_TRAILER.size))
    if magic != start or length > end - PAGE - _TRAILER.size:
        raise _damaged(path)
    file.seek(end - _TRAILER.size - length)
    text = file.read(length)
    if zlib.crc32(text) != checksum:
        raise _damaged(path)
    footer = _Footer(**json.loads(text))
    body = footer.count * (footer.size**2 * 3 + 8 + _HASH) + footer.names_bytes + footer.people_bytes
    if end != PAGE + body + length + _TRAILER.size:
        raise _damaged(path)
    return footer


def _damaged(path: Path) -> ArenaError:
    return ArenaError(f"the packed faces at {path} are damaged or cut off; delete the file and pack it again")


def _joined(words: list[str]) -> bytes:
    return "\0".join(word.replace("\0", " ") for word in words).encode("utf-8", "surrogatepass")


def _divided(data: bytes) -> list[str]:
    return data.decode("utf-8", "surrogatepass").split("\0") if data else []
