"""Held-out faces as strangers' photos reach a detector: what its alarm threshold has to hold for.

Held-out faces are of other people, but of the same cameras, light and files as the training faces, framed to the pixel.
A stranger's photo is found and framed with an error, lit, focused and stored in its own way, and then coded as the
training faces are. So each held-out face goes through every change of a training but shrinking, drawn once, and through
that coding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from arena.detector.changes import CHANGES, change
from arena.faces.coding import Coding
from arena.networks.training import as_pool, seeded, to_images, to_range
from arena.seeds import derive
from arena.types import Images

_BATCH = 250
_OF_PHOTOS = tuple(name for name in CHANGES if name != "shrink")
"""Framing brings every face to the size of the training faces."""


def as_strangers(faces: Images, origin: Mapping[str, Any], seed: int) -> Images:
    """Faces, uint8 `[N, S, S, 3]`, changed and coded as the `origin` of a brief says; one seed gives one result."""
    with seeded(derive(seed, "changes"), "cpu"):
        batches = (to_range(as_pool(faces[i : i + _BATCH], "cpu")) for i in range(0, len(faces), _BATCH))
        parts = [change(batch, _OF_PHOTOS) for batch in batches]
    changed = np.concatenate([to_images(part) for part in parts])
    coding = origin.get("coding")
    return Coding.from_json(coding).apply(changed, derive(seed, "coding")) if coding else changed
