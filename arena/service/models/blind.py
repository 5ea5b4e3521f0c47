"""Blind tests: can people tell?"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool

from arena.referee.blind import Tally
from arena.service.models.base import Model


class BlindTests(Model):
    """How people and detectors fared on the same images."""

    allowed: bool
    """Whether there is an exam whose real faces may be shown."""
    reason: str | None
    """Why there is none."""
    visitors: Tally
    detectors: Tally


class BlindRequest(Model, extra="forbid"):
    """What to be tested on."""

    match: Annotated[str, Field(max_length=64)] | None = None
    """By default the newest match whose real faces may be shown."""
    round: Annotated[int, Field(ge=1, lt=1_000_000)] | None = None
    """By default the last one."""


class BlindTest(Model):
    """Images of an exam, as many real as fake, in an order that nobody knows."""

    id: str
    match: str
    round: int
    n: int
    """Images."""
    sheet: str
    """Address of one picture with all of them, row by row."""
    columns: int
    """Images in a row of the sheet."""
    size: int
    """Side of an image in pixels."""


class BlindVote(Model, extra="forbid"):
    """What a visitor says."""

    fake: Annotated[list[StrictBool], Field(max_length=100)]
    """Image by image, row by row: whether it is fake."""


class BlindImage(Model):
    """An image of a test, disclosed."""

    fake: bool
    called_fake: bool
    detector_score: float
    """The detector's probability that it is fake, from the exam."""
    detector_called_fake: bool


class BlindAnswer(Model):
    """What was what."""

    n: int
    visitor: Tally
    detector: Tally
    images: list[BlindImage]
