"""Leaks between the parts of a split: near-duplicate images and people who stand on both sides.

Two images are near-duplicates when their perceptual hashes differ in at most 8 of 63 bits and their grey 32x32
thumbnails correlate to at least 0.96. On 11,579 CelebA faces this finds 27 pairs, every one the same photo to the
eye, and one of them under two names; from a correlation of 0.958 down the first pairs of strangers come. Of changed
copies it finds those stored as JPEG down to quality 20, rescaled, noisy or brightened, not those cropped or mirrored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from arena.faces.sets.cache import FaceSet
from arena.faces.sets.split import Index, Split
from arena.faces.source import printable
from arena.types import Images

BITS: Final = 8
"""Hash bits in which near-duplicates may differ."""
CORRELATION: Final = 0.96
"""Correlation of their thumbnails that confirms near-duplicates."""
_BLOCK = 256
_PAIRS = 4096
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601

Hashes = npt.NDArray[np.uint64]
"""Perceptual hashes, uint64 `[N]`."""


@dataclass(frozen=True)
class Leak:
    """Two faces in two parts that should have been in one. `parts`: the names of the parts."""

    kind: Literal["near-duplicate", "identity"]
    first: str
    second: str
    parts: tuple[str, str]

    def __str__(self) -> str:
        first, second = printable(self.first), printable(self.second)
        return f"{first} ({self.parts[0]}) and {second} ({self.parts[1]}): {self.kind}"


def find_leaks(faces: FaceSet, split: Split) -> list[Leak]:
    """Every near-duplicate pair across two parts, and one pair of faces for every identity in two parts."""
    part_of = np.full(len(faces.images), -1)
    parts = ("a", "b", "exam")
    for k, part in enumerate((split.a, split.b, split.exam)):
        part_of[part] = k
    leaks = []
    first_in: dict[int, int] = {}
    for i in np.flatnonzero(part_of >= 0).tolist():
        one = first_in.setdefault(int(faces.identities[i]), i)
        if part_of[one] != part_of[i]:
            leaks.append(Leak("identity", faces.names[one], faces.names[i], (parts[part_of[one]], parts[part_of[i]])))
    for i, j in near_duplicates(faces.images).tolist():
        if part_of[i] != part_of[j] and min(part_of[i], part_of[j]) >= 0:
            leaks.append(Leak("near-duplicate", faces.names[i], faces.names[j], (parts[part_of[i]], parts[part_of[j]])))
    return leaks


def join_near_duplicates(images: Images, identities: Index) -> Index:
    """Identities int64 `[N]` in which those that share a near-duplicate image are one, so that no split parts them."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names, person = np.unique(identities, return_inverse=True)
    pairs = person[near_duplicates(images)]
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(names), len(names)))
    _, group = connected_components(links, directed=False)
    return np.asarray(group[person], np.int64)


def near_duplicates(
    images: Images, on_progress: Callable[[int, int | None], None] = lambda done, total: None
) -> npt.NDArray[np.int64]:
    """Pairs of near-duplicates, int64 `[K, 2]`, first < second, of images uint8 `[N, S, S, 3]`.

    Compares all pairs of hashes, several hundred million a second, and looks at the pixels of the few that come near.
    """
    hashes, n = perceptual_hashes(images), len(images)
    found = [np.empty((0, 2), np.int64)]
    for start in range(0, n, _BLOCK):
        found.append(_confirmed(images, _near(hashes, start, min(start + _BLOCK, n))))
        on_progress(min(start + _BLOCK, n), n)
    pairs = np.concatenate(found)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _near(hashes: Hashes, start: int, stop: int) -> npt.NDArray[np.int64]:
    """Pairs of the hashes `start:stop` with later ones that differ in few bits."""
    rows = hashes[start:stop, None]
    # Blocks that stay in the processor's cache, in buffers that are used again, are three times as fast.
    different, bits = np.empty((len(rows), _BLOCK), np.uint64), np.empty((len(rows), _BLOCK), np.uint8)
    pairs = [np.empty((0, 2), np.int64)]
    for other in range(start, len(hashes), _BLOCK):
        columns = hashes[None, other : other + _BLOCK]
        width = columns.shape[1]
        np.bitwise_xor(rows, columns, out=different[:, :width])
        np.bitwise_count(different[:, :width], out=bits[:, :width])
        close = bits[:, :width] <= BITS
        if close.any():
            i, j = np.nonzero(close)
            pairs.append(np.stack([i + start, j + other], axis=1))
    near = np.concatenate(pairs)
    return near[near[:, 0] < near[:, 1]]


def perceptual_hashes(images: Images) -> Hashes:
    """pHash of each image: which of the 63 lowest frequencies of its grey image's DCT lie above their median.

    After C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010.
    """
    size = images.shape[1]
    steps = np.arange(size) + 0.5
    cosines = np.cos(np.pi / size * steps[None] * np.arange(8)[:, None]).astype(np.float32)
    hashes = [np.empty(0, np.uint64)]
    for start in range(0, len(images), _BLOCK):
        grey = np.asarray(images[start : start + _BLOCK]) @ _LUMA
        frequencies = (cosines @ grey @ cosines.T).reshape(-1, 64)[:, 1:]  # the first one is the brightness
        bits = frequencies > np.median(frequencies, axis=1, keepdims=True)
        hashes.append(np.packbits(np.pad(bits, ((0, 0), (0, 1))), axis=1).view(np.uint64)[:, 0])
    return np.concatenate(hashes)


def _confirmed(images: Images, pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Those pairs whose thumbnails correlate. Frames of one video pair up by the hundred, so each is shrunk once."""
    used, at = np.unique(pairs, return_inverse=True)
    thumbnails, at = _thumbnails(images[used]), at.reshape(pairs.shape)
    kept = [np.empty((0, 2), np.int64)]
    for start in range(0, len(pairs), _PAIRS):
        one, other = at[start : start + _PAIRS].T
        correlation = np.einsum("ij,ij->i", thumbnails[one], thumbnails[other])
        kept.append(pairs[start : start + _PAIRS][correlation >= CORRELATION])
    return np.concatenate(kept)


def _thumbnails(images: Images) -> npt.NDArray[np.float32]:
    """Grey 32x32 thumbnails by area, of mean 0 and norm 1, float32 `[N, 1024]`."""
    edges = np.linspace(0, images.shape[1], 33)
    pixel = np.arange(images.shape[1])
    share = np.clip(np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel), 0, 1)
    average = (share / share.sum(1, keepdims=True)).astype(np.float32)
    small = (average @ (images @ _LUMA) @ average.T).reshape(len(images), 32 * 32)
    small -= small.mean(1, keepdims=True)
    return np.asarray(small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6), np.float32)
