"""Mixtures of real faces: fakes without the traces of a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import zoom

from arena.generator.bank import BankOptions, BankTeam, FaceBank
from arena.registry import register
from arena.seeds import rng
from arena.types import ArenaError, Faces, Images, Sources

KINDS = ("mean", "mask", "low-rank")
_PIXELS = 1 << 14
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BlendOptions(BankOptions):
    """Options of blends."""

    kinds: tuple[str, ...] = ("mean", "mask", "low-rank")
    """What is made, in equal shares: mean, of two faces; mask, one face into another along a soft mask; low-rank,
    a face from the principal components of the bank."""
    grain: int = 3
    """Patches a side of the random mask: 1 is a straight seam, more are finer."""
    softness: float = 0.15
    """Width of the mask's edge as part of the image's side."""
    ranks: tuple[int, ...] = (16, 32, 64)
    """Principal components that a low-rank face keeps; one of these for each face."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.kinds or not set(self.kinds) <= set(KINDS):
            raise ValueError(f"kinds must be some of {', '.join(KINDS)}, not {list(self.kinds)}")
        if not (1 <= self.grain <= 16 and 0 < self.softness <= 1):
            raise ValueError("grain must be from 1 to 16 and softness in (0, 1]")
        if not self.ranks or min(self.ranks) < 1:
            raise ValueError(f"ranks must be positive numbers, not {list(self.ranks)}")


@register("generator", "blend")
class Blend(BankTeam[BlendOptions]):
    """No network: means of two faces, soft-mask mixes and low-rank reconstructions of Team A's own faces."""

    Options = BlendOptions
    _basis: tuple[FaceBank, Floats] | None = None

    def check(self, faces: Faces) -> None:
        """See `types.Team.check`."""
        if len(faces) < 2:
            raise ArenaError(f"blend mixes two faces, but Team A has {len(faces)}: bring more")

    def make(self, n: int, seed: int) -> Images:
        """See `BankTeam.make`."""
        draw, faces = rng(seed, "blend"), self.bank.images
        kinds, first, second, ranks = self._choices(n, draw)
        made = np.empty((n, *faces.shape[1:]), np.uint8)
        for i in np.flatnonzero(kinds != "low-rank").tolist():
            share = 0.5 if kinds[i] == "mean" else self._mask(draw)[..., None]
            made[i] = np.rint(faces[first[i]] * (1 - share) + faces[second[i]] * share)
        low = kinds == "low-rank"
        if low.any():
            made[low] = self._low_rank(first[low], ranks[low])
        return made

    def sources(self, n: int, seed: int) -> Sources | None:
        """See `types.Generator.sources`; a low-rank face has one original, which is there twice."""
        if not len(self.bank):
            return None
        kinds, first, second, ranks = self._choices(n, rng(seed, "blend"))
        kept = (f", {rank} components" if kind == "low-rank" else "" for kind, rank in zip(kinds, ranks, strict=True))
        words = tuple(f"{kind}{rest}" for kind, rest in zip(kinds, kept, strict=True))
        other = np.where(kinds == "low-rank", first, second)
        return Sources({"original": self.bank.images[first], "other": self.bank.images[other]}, words)

    def _choices(self, n: int, draw: np.random.Generator) -> tuple[npt.NDArray[np.str_], Places, Places, Places]:
        """Of each fake its kind, the places of two different faces, and how many components a low-rank one keeps."""
        kinds = np.array(self.options.kinds)[draw.integers(0, len(self.options.kinds), n)]
        first = draw.integers(0, len(self.bank), n)
        second = (first + draw.integers(1, max(len(self.bank), 2), n)) % len(self.bank)
        return kinds, first, second, draw.choice(self.options.ranks, n)

    def _mask(self, draw: np.random.Generator) -> Floats:
        """A random soft mask, float64 `[S, S]` in [0, 1]: smooth noise, cut at its middle with a soft edge."""
        size, grain = self.brief.image_size, self.options.grain
        height = zoom(draw.standard_normal((grain + 1, grain + 1)), size / (grain + 1), order=1 if grain == 1 else 3)
        steep = np.hypot(*np.gradient(height)).mean() * self.options.softness * size
        mask: Floats = 1 / (1 + np.exp(-4 * (height - np.median(height)) / max(float(steep), 1e-9)))
        return mask

    def _low_rank(self, places: Places, ranks: Places) -> Images:
        """Faces of the bank as they are with some principal components alone, uint8 `[n, S, S, 3]`."""
        if self._basis is None or self._basis[0] is not self.bank:
            self._basis = self.bank, principal(self.bank.images)
        vectors = self._basis[1]
        weights = np.stack([vectors[:, :rank] @ vectors[i, :rank] for i, rank in zip(places, ranks, strict=True)])
        weights += (1 - weights.sum(1, keepdims=True)) / len(vectors)
        return combined(weights, self.bank.images)


def principal(images: Images) -> Floats:
    """Faces in the space of their principal components: left singular vectors of the centred images `[N, N]`.

    The largest singular value comes first. The products of pixels are whole numbers and their sums exact, so the
    order in which a library adds them changes nothing.
    """
    gram = np.zeros((len(images), len(images)))
    for part in _chunks(images):
        gram += part.astype(np.float64) @ part.T.astype(np.float64)
    centred: Floats = gram - gram.mean(0) - gram.mean(1)[:, None] + gram.mean()
    vectors: Floats = np.linalg.eigh(centred)[1]
    return vectors[:, ::-1]


def combined(weights: Floats, images: Images) -> Images:
    """Weighted sums of images, weights `[n, N]`, as uint8 `[n, S, S, 3]`."""
    sums = [weights.astype(np.float32) @ part.astype(np.float32) for part in _chunks(images)]
    pixels = np.clip(np.rint(np.concatenate(sums, 1)), 0, 255).astype(np.uint8)
    return pixels.reshape(-1, *images.shape[1:])


def _chunks(images: Images) -> list[Images]:
    """Images as rows, cut into pieces of pixels that fit into memory as floats: uint8 `[N, pixels]`."""
    rows = images.reshape(len(images), -1)
    return [rows[:, start : start + _PIXELS] for start in range(0, rows.shape[1], _PIXELS)]
