"""A detector's own alarm threshold: the operating point "true positives at a fixed rate of false alarms".

The threshold is that of split conformal prediction (Papadopoulos, Proedrou, Vovk and Gammerman, ECML 2002): of n
held-out real images and one stranger each is as likely as any other to have the highest score, so if k of the n may
reach the threshold, a stranger does with a probability of (k + 1) / (n + 1) at most. It holds for strangers only if the
held-out images are of strangers, too: of people that the detector has not trained on.
"""

from __future__ import annotations

import math

import numpy as np

from arena.types import Scores

_ROUNDING = 1e-9
"""0.05 * 20 is 1, whatever the binary fractions make of it."""


def alarm_threshold(real_scores: Scores, false_alarm_rate: float) -> float:
    """The lowest threshold that keeps a stranger's chance of a false alarm (score >= threshold) at `false_alarm_rate`.

    `real_scores`: float64 `[N]` of real images of people the detector did not train on, at least
    `fewest_held_out(false_alarm_rate)`, else ValueError. Ties stay together on the side of no alarm.
    """
    allowed = math.floor(false_alarm_rate * (len(real_scores) + 1) + _ROUNDING) - 1
    if allowed < 0:
        raise ValueError(f"a false-alarm rate of {false_alarm_rate:g} cannot be held with {len(real_scores)} scores")
    ordered = np.sort(real_scores)[::-1]
    # The number after 0 is a denormal, and workers flush those to 0: then every score would raise the alarm.
    quiet = max(ordered[min(allowed, len(ordered) - 1)], np.finfo(np.float64).tiny)
    return float(np.nextafter(quiet, np.inf))


def fewest_held_out(false_alarm_rate: float) -> int:
    """Held-out real images that a false-alarm rate needs at least: with fewer, even no alarm at all promises more."""
    return math.ceil(1 / false_alarm_rate - _ROUNDING) - 1
