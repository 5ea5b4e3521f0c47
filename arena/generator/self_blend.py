"""Self-blended faces: the trace that every face swap leaves, without a donor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from arena.faces.decode import Pixels
from arena.faces.parts.masks import Box, Soft, blurred, box_of, drawn
from arena.faces.parts.paste import blended, warped
from arena.faces.parts.shapes import PARTS, Floats, frame_of, moved, outline, usual_points
from arena.generator.bank import BankOptions, BankTeam
from arena.registry import register
from arena.seeds import rng
from arena.types import Images, Sources

Draw = np.random.Generator


@dataclass(frozen=True)
class SelfBlendOptions(BankOptions):
    """Options of self-blended faces."""

    changes: tuple[str, ...] = ("colour", "sharpness", "resize", "warp")
    """How the copy differs: tint, brightness and contrast; sharper or softer; made smaller and larger again; turned,
    scaled and moved a little. Each is made in half of the faces, and at least one in every face."""
    strength: float = 1.0
    """How large the changes are: 1 can barely be seen."""
    parts: tuple[str, ...] = ("INFACE", "INFACE", "EYES", "NOSE", "MOUTH")
    """Which part is blended, one of these for each face; a part that is named twice is blended twice as often."""
    shares: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)
    """How much of the copy is blended in at most, one of these for each face."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, known in (("changes", tuple(CHANGES)), ("parts", PARTS)):
            given = getattr(self, name)
            if not given or not set(given) <= set(known):
                raise ValueError(f"{name} must be some of {', '.join(known)}, not {list(given)}")
        if not 0 < self.strength <= 5:
            raise ValueError(f"strength must be in (0, 5], not {self.strength}")
        if not self.shares or not (min(self.shares) > 0 and max(self.shares) <= 1):
            raise ValueError(f"shares must be in (0, 1], not {list(self.shares)}")


@register("generator", "self-blend")
class SelfBlend(BankTeam[SelfBlendOptions]):
    """No network: each face is blended with a changed copy of itself, as in Shiohara and Yamasaki 2022."""

    Options = SelfBlendOptions

    def make(self, n: int, seed: int) -> Images:
        """See `BankTeam.make`."""
        return self.blends(n, seed)[0]

    def blends(self, n: int, seed: int) -> tuple[Images, npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """`n` fakes, their masks uint8 `[n, S, S]`, and their originals as places in the bank."""
        draw = rng(seed, "self-blend")
        originals = draw.integers(0, len(self.bank), n)
        images = np.empty((n, *self.bank.images.shape[1:]), np.uint8)
        masks = np.empty(images.shape[:3], np.uint8)
        for i, original in enumerate(originals.tolist()):
            images[i], masks[i] = self._blend(self.bank.images[original], self._points(original), draw)
        return images, masks, originals

    def sources(self, n: int, seed: int) -> Sources | None:
        """See `types.Generator.sources`."""
        if not len(self.bank):
            return None
        _, masks, originals = self.blends(n, seed)
        return Sources({"original": self.bank.images[originals], "mask": masks[..., None].repeat(3, 3)}, ("",) * n)

    def _blend(self, face: Pixels, points: Floats, draw: Draw) -> tuple[Pixels, npt.NDArray[np.uint8]]:
        options = self.options
        soft = soft_mask(outline(str(draw.choice(options.parts)), points), len(face), draw)
        soft *= np.float32(draw.choice(options.shares))
        made = [name for name in options.changes if draw.random() < 0.5] or [str(draw.choice(options.changes))]
        copy = face
        for name in made:
            copy = CHANGES[name](copy, options.strength, draw)
        outer, inner = (face, copy) if draw.random() < 0.5 else (copy, face)
        box = box_of(soft)
        if box is None:
            return outer, np.zeros(face.shape[:2], np.uint8)
        done = blended(inner[box].astype(np.float32), outer, soft, box)
        return done.image, done.mask

    def _points(self, place: int) -> Floats:
        """The landmarks of a face of the bank; those of a usual one where they are not known."""
        found = self.bank.points[place].astype(np.float64)
        return found if np.isfinite(found).all() else usual_points(self.brief.origin, self.brief.image_size)


def soft_mask(corners: Floats, size: int, draw: Draw) -> Soft:
    """A mask float32 `[size, size]` in [0, 1] of a part that was pulled out of shape, with a seam of random width."""
    middle = corners.mean(0)
    along = np.linspace(0, 2 * np.pi, len(corners), endpoint=False)
    pulled = sum(draw.normal(0, 0.08) * np.cos(k * along + draw.uniform(0, 2 * np.pi)) for k in (1, 2, 3))
    hard = drawn([middle + (corners - middle) * (1 + np.asarray(pulled))[:, None]], size)
    side = int(size * draw.uniform(0.03, 0.2)) // 2 * 2 + 3
    return blurred(hard.astype(np.float32), side)


def recolour(image: Pixels, strength: float, draw: Draw) -> Pixels:
    """Tinted, brighter or darker, with more or less contrast."""
    gain = 1 + strength * (draw.normal(0, 0.06) + draw.normal(0, 0.03, 3))
    shift = strength * (draw.normal(0, 8) + draw.normal(0, 4, 3))
    mean = image.mean((0, 1))
    tables = _pixels((np.arange(256)[:, None] - mean) * gain + mean + shift)
    return np.stack([tables[:, channel][image[..., channel]] for channel in range(3)], 2)


def resharpen(image: Pixels, strength: float, draw: Draw) -> Pixels:
    """Softer or sharper."""
    soft = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(len(image) / 90)), np.float32)
    return _pixels(image + np.float32(max(-1, strength * draw.uniform(-0.7, 1.0))) * (image - soft))


def resize(image: Pixels, strength: float, draw: Draw) -> Pixels:
    """Made smaller, then as large as before."""
    size = len(image)
    small = max(4, round(size / (1 + strength * draw.uniform(0.1, 0.6))))
    way = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)[draw.integers(2)]
    return np.asarray(Image.fromarray(image).resize((small, small), way).resize((size, size), way))


def warp(image: Pixels, strength: float, draw: Draw) -> Pixels:
    """Turned, scaled and moved a little; the margin that comes in stays what it was."""
    size = len(image)
    turn, scale = np.radians(strength * draw.normal(0, 2)), 1 + strength * draw.normal(0, 0.03)
    matrix = np.zeros((2, 3))
    matrix[:, :2] = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.full(2, size / 2)
    matrix[:, 2] = middle - matrix[:, :2] @ middle + strength * size * draw.normal(0, 0.012, 2)
    everything: Box = (slice(0, size), slice(0, size))
    shown = moved(frame_of(size), matrix)
    copy = warped(image, matrix, everything)
    return np.where(drawn([shown], size)[..., None], copy, image).astype(np.uint8)


CHANGES: Mapping[str, Callable[[Pixels, float, Draw], Pixels]] = {
    "colour": recolour,
    "sharpness": resharpen,
    "resize": resize,
    "warp": warp,
}
"""What can be done to the copy, in this order."""


def _pixels(values: npt.NDArray[np.floating]) -> Pixels:
    rounded: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded
