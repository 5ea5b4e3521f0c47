"""Photos that a detector has judged."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from arena.service.models.base import Model

Box = Annotated[tuple[float, float, float, float], Field(description="Left, top, right, bottom in pixels.")]
Call = Literal["real", "fake"]


class Judge(Model):
    """A detector that judges photos."""

    match: str
    round: int
    """The round after which it is taken."""
    contender: str
    image_size: int
    """Side in pixels of the crops it looks at."""
    threshold: float
    """It calls a face fake from this score on."""
    faces: str
    """Where the real faces it was trained on come from, without the folders above."""
    synthetic: bool
    """Whether those were drawn: then it says nothing about photos."""


class JudgedFace(Model):
    """A face in a photo, or a picture as a whole that is one."""

    box: Box
    """Where it is in the photo as it is seen, maybe beyond its edge."""
    square: Box
    """The part of the photo that the detector was shown, and that the heat map covers."""
    confidence: float | None
    """That it is a face, 0 to 1; null for a whole picture."""
    score: float | None
    """Probability that it is fake; null where it was not judged."""
    verdict: Call | None
    refused: str | None
    """Why it was not judged."""
    heatmap: str | None
    """Where the detector looked: a transparent PNG of `image_size` pixels, in base64; null if not asked for, or if the
    detector cannot say."""


class Detection(Model):
    """What a detector makes of a photo."""

    judge: Judge
    width: int
    """Of the photo as it is seen, turned as its EXIF says."""
    height: int
    note: str | None
    """What one has to know to read it."""
    whole_image: bool
    """The picture is small, and its middle was judged as a face that somebody has cut out."""
    prepared: str | None
    """What was done to the faces before they were judged."""
    score: float | None
    """The highest of its faces; without a face what the detector's own rule says, null where that says nothing."""
    verdict: Call | None
    """Null where no face was found, or none could be judged."""
    faces: list[JudgedFace]
    """The largest first."""
