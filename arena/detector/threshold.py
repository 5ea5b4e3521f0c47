"""A detector's own alarm threshold: the operating point "true positives at a fixed rate of false alarms"."""

from __future__ import annotations

import math

import numpy as np

from arena.types import Scores


def alarm_threshold(real_scores: Scores, false_alarm_rate: float) -> float:
    """The lowest threshold that calls at most `false_alarm_rate` of these real images fake (score >= threshold).

    `real_scores`: float64 `[N]` of real images the detector did not train on. Ties stay together on the side of no
    alarm; with fewer than 1 / rate images no alarm at all is allowed and the threshold lies above the highest score.
    """
    ordered = np.sort(real_scores)[::-1]
    allowed = math.floor(false_alarm_rate * len(ordered) + 1e-9)
    # The number after 0 is a denormal, and workers flush those to 0: then every score would raise the alarm.
    quiet = max(ordered[min(allowed, len(ordered) - 1)], np.finfo(np.float64).tiny)
    return float(np.nextafter(quiet, np.inf))
