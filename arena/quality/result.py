"""What was measured of fakes: plain numbers with intervals, as the ledger keeps them and programs are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

UNBIASED = 10_000
"""Images of each kind below which a Frechet distance counts as biased: it is too large, the more so the fewer."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval, low <= value <= high. `n`: fakes that it was measured on."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Quality:
    """How good fakes are next to real faces; `words.MEASURES` says of each measure what it means.

    `images`, `reals`: how many of each were compared. A measure is None where it was not taken, and `missing` says
    why, a sentence by the measure's name, where somebody might expect it.
    """

    images: int
    reals: int
    one_face: Estimate | None = None
    """Share of fakes in which MTCNN finds exactly one face."""
    onet_kid: Estimate | None = None
    """Kernel distance of ONet features, unbiased: 0 where fakes cannot be told from reals, below 0 by chance."""
    onet_frechet: Estimate | None = None
    """Frechet distance of ONet features, biased upwards with few images. Neither is Inception FID."""
    diversity: Estimate | None = None
    """Mean distance between two fakes over that between two reals: 1 as diverse as they are, 0 all alike."""
    nearest: Estimate | None = None
    """Mean distance from a fake to the nearest real over that from a real to its own nearest: far below 1 is copied."""
    spectrum: Estimate | None = None
    """How far the radial power spectra are apart: root mean square over the frequencies, decibels."""
    fine_detail: Estimate | None = None
    """Power of the finest third of the frequencies over the reals', decibels: below 0 is blurred, above 0 is noisy."""
    inception_kid: Estimate | None = None
    """Kernel distance of Inception features."""
    inception_fid: Estimate | None = None
    """Frechet distance of Inception features: known in the field as FID, biased upwards with few images."""
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_biased(self) -> bool:
        """Whether too few images were compared for a Frechet distance to be taken at its word."""
        return min(self.images, self.reals) < UNBIASED

    @property
    def estimates(self) -> dict[str, Estimate]:
        """The measures that were taken, by name."""
        found = {name: getattr(self, name) for name in NAMES}
        return {name: estimate for name, estimate in found.items() if estimate is not None}

    def to_json(self) -> dict[str, Any]:
        """As plain values; what was not taken is left out."""
        values: dict[str, Any] = {"images": self.images, "reals": self.reals, "biased": self.is_biased}
        values |= {name: dict(vars(estimate)) for name, estimate in self.estimates.items()}
        return values | ({"missing": dict(self.missing)} if self.missing else {})

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Quality:
        """What `to_json` wrote, now, earlier or later: measures that are not known here are passed over."""
        estimates = {name: Estimate(**values[name]) for name in NAMES if name in values}
        return cls(values["images"], values["reals"], **estimates, missing=values.get("missing", {}))


NAMES = tuple(part.name for part in fields(Quality) if part.name not in ("images", "reals", "missing"))
"""The measures by name."""
