"""What all answers have in common."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(description="Seconds since 1970, UTC.")]


class Model(BaseModel):
    """An answer: it never changes, and each field says what it is."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Problem(Model):
    """Why there is no answer."""

    detail: str
    """One sentence: what is wrong, where, what to do."""
    field: str | None = None
    """Left out, or the dotted place of what is wrong in the request, such as `config.exam.size`."""


class Health(Model):
    """The service is up and can read its home."""

    status: Literal["ok"] = "ok"
    version: str
    """Version of the arena."""
    matches: int
    """Matches in the home."""
