"""Shortcut probes: does a detector tell real faces from the same faces framed, lit or stored in another way?

None of these changes is a forgery, so a detector that looks for forgeries tells the two apart no better than by chance:
an AUROC of 0.5, with the changed faces scored as if they were the fakes. They are not the changes that detectors train
with but plain ones, the same for every face.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from arena.referee.metrics import Interval, People, count_people, variance_of_mean, wilson
from arena.types import ArenaError, Detector, Faces, Scores

Pixels = npt.NDArray[np.uint8]

FEWEST: Final = 20
"""Faces that a probe needs at least."""
MOST: Final = 300
"""Faces that a report asks about, at most: each is scored once as it is and once for every probe."""
TOLERANCE: Final = 0.1
"""How far from 0.5 a detector may be on a change that says nothing of a forgery."""


@dataclass(frozen=True)
class Probed:
    """How well a detector tells real faces from the same faces after a change. `auroc`: 0.5 is not at all.

    `strict`: framing and light, which no detector has an excuse for; what else blurs or stores a face also hides what
    generators leave.
    """

    name: str
    auroc: float
    interval: Interval
    strict: bool

    @property
    def is_shortcut(self) -> bool:
        """Whether the detector goes by something that it must not."""
        return self.strict and abs(self.auroc - 0.5) > TOLERANCE


def spread(count: int) -> slice:
    """Which of so many faces a report asks about: MOST of them or fewer, evenly spread."""
    return slice(None, None, max(1, -(-count // MOST)))


def probe(
    detector: Detector,
    faces: Faces,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    scores: Scores | None = None,
) -> list[Probed]:
    """What a detector makes of each of PROBES, on real faces it has not trained on. Raises ArenaError for too few.

    `on_progress`: told how many of the probes are done, and of how many. `scores`: the detector's of these faces, by
    whoever has asked for them already, float64 `[N]`.
    """
    people = len(np.unique(faces.identities))
    if len(faces) < FEWEST or people < 2:
        raise ArenaError(f"shortcut probes need at least {FEWEST} faces of two people, not {len(faces)} of {people}")
    if scores is None:
        scores = detector.answer(faces.images).scores
    found: list[Probed] = []
    for name, change in PROBES.items():
        on_progress(len(found), len(PROBES))
        changed = np.stack([change(image) for image in faces.images])
        wins = _wins(scores, detector.answer(changed).scores)
        found.append(Probed(name, float(wins.mean()), _interval(wins, faces.identities), name in STRICT))
    return found


def _wins(originals: Scores, changed: Scores) -> Scores:
    """Each face's part in the AUROC, float64 `[N]` in [0, 1]: their mean is the AUROC of changed against original.

    Half of it is how many originals the changed face scores above, half by how many changed ones its original is
    exceeded, ties counted half. So a face and its changed self are one cluster (Obuchowski, Biometrics 53, 1997).
    """
    low, high = np.sort(originals), np.sort(changed)
    above = (np.searchsorted(low, changed) + np.searchsorted(low, changed, "right")) / 2
    below = len(high) - (np.searchsorted(high, originals) + np.searchsorted(high, originals, "right")) / 2
    return np.asarray((above + below) / (2 * len(originals)), np.float64)


def _interval(wins: Scores, people: People) -> Interval:
    """Wilson's interval of their mean, worth as many trials as give a proportion its variance."""
    share, persons = float(wins.mean()), count_people(people, len(wins))
    variance = variance_of_mean(wins, people)
    return wilson(share, share * (1 - share) / variance if variance else persons, persons - 1)


def _zoomed(image: Pixels, factor: float) -> Pixels:
    """Enlarged about the middle; where it is shrunk, its mirror image lies around it."""
    side = len(image)
    pad = side // 4
    wide = Image.fromarray(np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="symmetric"))
    margin = pad + (side - side / factor) / 2
    box = (margin, margin, side + 2 * pad - margin, side + 2 * pad - margin)
    return np.asarray(wide.resize((side, side), Image.Resampling.BICUBIC, box=box))


def _shifted(image: Pixels, x: int, y: int) -> Pixels:
    """Moved by a tenth of its side, to the right and down where `x` and `y` are 1, with its mirror image beyond."""
    side = len(image)
    by = round(side / 10)
    wide = np.pad(image, ((by, by), (by, by), (0, 0)), mode="symmetric")
    return wide[by - y * by : by - y * by + side, by - x * by : by - x * by + side]


def _lit(image: Pixels, factor: float) -> Pixels:
    return (image.astype(np.float32) * factor).round().clip(0, 255).astype(np.uint8)


def _filtered(image: Pixels, by: ImageFilter.Filter) -> Pixels:
    return np.asarray(Image.fromarray(image).filter(by))


def shrunk(image: Pixels, parts: int) -> Pixels:
    """An image, uint8 `[S, S, 3]`, brought to the given part of its side and enlarged again."""
    side = len(image)
    small = Image.fromarray(image).resize((side // parts, side // parts), Image.Resampling.BICUBIC)
    return np.asarray(small.resize((side, side), Image.Resampling.BICUBIC))


def compressed(image: Pixels, quality: int) -> Pixels:
    """An image, uint8 `[S, S, 3]`, stored as JPEG and read again."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer, formats=("JPEG",)) as file:
        return np.asarray(file)


_STRICT: Final[Mapping[str, Callable[[Pixels], Pixels]]] = {
    "zoomed x0.9": lambda image: _zoomed(image, 0.9),
    "zoomed x1.1": lambda image: _zoomed(image, 1.1),
    "zoomed x1.2": lambda image: _zoomed(image, 1.2),
    "shifted left": lambda image: _shifted(image, -1, 0),
    "shifted right": lambda image: _shifted(image, 1, 0),
    "shifted up": lambda image: _shifted(image, 0, -1),
    "shifted down": lambda image: _shifted(image, 0, 1),
    "mirrored": lambda image: image[:, ::-1],
    "brighter by 20 %": lambda image: _lit(image, 1.2),
    "darker by 20 %": lambda image: _lit(image, 0.8),
}
STRICT: Final = frozenset(_STRICT)
PROBES: Final[Mapping[str, Callable[[Pixels], Pixels]]] = MappingProxyType(
    {
        **_STRICT,
        "blurred": lambda image: _filtered(image, ImageFilter.GaussianBlur(0.8)),
        "sharpened": lambda image: _filtered(image, ImageFilter.UnsharpMask(1, 80, 0)),
        "halved": lambda image: shrunk(image, 2),
        "JPEG of quality 75": lambda image: compressed(image, 75),
        "JPEG of quality 50": lambda image: compressed(image, 50),
    }
)
"""Changes of a real face, uint8 `[S, S, 3]`, by name; the first ten are strict."""
