"""How much of each frequency an image holds, whatever it shows: the baseline of Team B."""

from __future__ import annotations

from torch import Tensor

from arena.detector.logistic import LogisticDetector, LogisticOptions
from arena.networks.spectrum import radial_profiles
from arena.registry import register


@register("detector", "spectrum")
class Spectrum(LogisticDetector[LogisticOptions]):
    """A logistic regression on the radial power spectrum: the baseline, fitted in seconds."""

    Options = LogisticOptions

    def measure(self, images: Tensor) -> Tensor:
        """See `LogisticDetector.measure`: decibels by frequency, `[N, S // 2]`."""
        return radial_profiles(images)
