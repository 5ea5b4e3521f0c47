"""A detector that keeps some people's faces out of its training, to set its alarm threshold with."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from arena.detector.strangers import as_strangers
from arena.detector.threshold import alarm_threshold, fewest_held_out
from arena.faces.sets.split import Index, hold_out
from arena.images import check_images
from arena.seeds import derive
from arena.types import Answer, ArenaError, Detector, Faces, Images, Scores

SCORING_BATCH = 250
"""Images scored at a time: fixed, because another batch size may round differently."""


class CalibratedDetector(Detector):
    """A detector whose options are `DetectorOptions`; its `train` ends with `self._calibrate(...)`."""

    threshold = photo_threshold = 0.5

    @abstractmethod
    def score(self, images: Images) -> Scores:
        """Probability of fake per image, uint8 `[N, S, S, 3]`, as float64 `[N]`."""

    def check(self, faces: Faces) -> None:
        """See `types.Team.check`."""
        self._split(faces)

    def answer(self, paper: Images) -> Answer:
        """See `types.Detector.answer`. Raises ArenaError for images of another size or kind than it was trained on."""
        side = self.brief.image_size
        try:
            check_images(paper, "the images")
        except ValueError as error:
            raise ArenaError(str(error)) from error
        if paper.shape[1:3] != (side, side):
            height, width = paper.shape[1:3]
            raise ArenaError(f"this detector takes images of {side} x {side} pixels, not {width} x {height}")
        return Answer(self.score(paper), self.threshold, self.photo_threshold)

    def thresholds(self) -> dict[str, float]:
        """The alarm thresholds by name, as they belong to a state and to a snapshot."""
        return {"threshold": float(self.threshold), "photo_threshold": float(self.photo_threshold)}

    def take_thresholds(self, found: Mapping[str, Any]) -> None:
        """Take over what `thresholds` gave; earlier versions had one for everything."""
        self.threshold = float(found["threshold"])
        self.photo_threshold = float(found.get("photo_threshold", self.threshold))

    def _calibrate(self, held_out: Images) -> None:
        """Set the alarm thresholds: for people it does not know in images like its own, and in their photos."""
        strangers = as_strangers(held_out, self.brief.origin, derive(self.brief.seed, "strangers"))
        rate = self.brief.false_alarm_rate
        self.threshold = alarm_threshold(self.score(held_out), rate)
        self.photo_threshold = max(self.threshold, alarm_threshold(self.score(strangers), rate))

    def _split(self, faces: Faces) -> tuple[Index, Index]:
        """Indices of the held-out faces, of people it never trains on, and of the others; the same in every round."""
        seed, rate = derive(self.brief.seed, "validation"), self.brief.false_alarm_rate
        held_out, trained_on = hold_out(faces.identities, self.options.validation, seed)
        needed, people = fewest_held_out(rate), len(np.unique(faces.identities))
        if len(held_out) < needed or not len(trained_on):
            raise ArenaError(
                f"a false-alarm rate of {rate:g} needs at least {needed} real faces that Team B never trains on, but "
                f"of its {len(faces)} faces of {people} people it holds out {len(held_out)}: bring more, or raise "
                f"detector.options.validation or false_alarm_rate"
            )
        return held_out, trained_on
