from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from arena.play.options import described
from arena.registry import Registry


@dataclass(frozen=True)
class Common:
    width: Annotated[int, Field(ge=1)] = 8
    """Channels of the first layer."""
    mute: bool = False
    steps: Annotated[int, Field(ge=1)] = 3

    formerly: ClassVar[Mapping[str, Any]] = {"steps": 2}


@dataclass(frozen=True)
class Options(Common):
    kind: Literal["a", "b"] = "a"
    """Which of two
    kinds."""
    width: int = 16
    sizes: list[int] = field(default_factory=lambda: [1, 2])
    """Several."""


def test_an_option_has_its_default_its_help_and_its_shape():
    book = Registry()
    book.add("detector", "several", type("Several", (), {"__doc__": "Options.", "Options": Options}))
    assert described(book.contenders["detector", "several"]) == {
        "width": {"default": 16, "help": "Channels of the first layer.", "type": "integer"},
        "mute": {"default": False, "help": "", "type": "boolean"},
        "steps": {"default": 3, "help": "", "type": "integer", "minimum": 1},
        "kind": {"default": "a", "help": "Which of two kinds.", "type": "string", "enum": ["a", "b"]},
        "sizes": {"default": [1, 2], "help": "Several.", "type": "array", "items": {"type": "integer"}},
    }
