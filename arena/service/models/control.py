"""Settings, and matches that are started, stopped and resumed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from arena.play.config import NAME
from arena.service.models.base import Model, Seconds


class Request(Model):
    """What is sent to the service: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


class Settings(Model):
    """What a match can be told. Contenders with their options are at /api/contenders."""

    schema_: dict[str, Any] = Field(alias="schema")
    """JSON Schema of the settings."""
    defaults: dict[str, Any]
    """Every setting, with every option of the usual contenders."""
    matches_end: bool
    """Whether a match that is started here ends when the service does, as under `arena up`; else it goes on."""


class NewMatch(Request):
    """A match to start."""

    name: str | None = Field(None, pattern=f"^(?:{NAME.pattern})$")
    """None for one made of the contenders' names."""
    config: dict[str, Any] = Field(default_factory=dict)
    """Settings; what is left out has its default."""


class MoreRounds(Request):
    """How to go on with a match."""

    rounds: int | None = Field(None, ge=1, le=1_000_000)
    """This many more than were played; None for those that are left."""


class Start(Model):
    """A process that was started to play a match which is not in the ledger yet."""

    name: str
    at: Seconds
    status: Literal["starting", "failed"]
    problem: str | None
    """Why it failed."""


class Starts(Model):
    """All of them, the newest first."""

    items: list[Start]


class Stopping(Model):
    """The process that plays a match was told to stop. The match is `stopped` when it has."""

    match: str


class Session(Model):
    """Whether the request carries the token."""

    signed_in: bool


class Link(Model):
    """An address to open."""

    link: str | None
    """null when there is none to open."""
    why: str | None = None
    """Why there is none."""
