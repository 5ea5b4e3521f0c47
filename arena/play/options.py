"""The options of a contender, for people and for forms: defaults, what they mean, and which values they take."""

from __future__ import annotations

import dataclasses
from typing import Any

from pydantic import ConfigDict, TypeAdapter, with_config

SHAPE = ("type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "items", "anyOf")
"""What of an option's JSON Schema says which values it takes."""
_documented = with_config(ConfigDict(use_attribute_docstrings=True))


def described(options: type) -> dict[str, dict[str, Any]]:
    """Each option of a contender's `Options`: its `default`, its `help` and its SHAPE.

    The help is the string below its field, and empty where there is none.
    """
    texts: dict[str, str] = {}
    shapes: dict[str, dict[str, Any]] = {}
    # Pydantic reads the strings of one class at a time, so those of the classes it is made of come first.
    for cls in filter(dataclasses.is_dataclass, reversed(options.__mro__)):
        shapes = TypeAdapter(_documented(cls)).json_schema().get("properties", {})
        texts |= {name: shape["description"] for name, shape in shapes.items() if "description" in shape}
    return {
        name: {
            "default": value,
            "help": texts.get(name, ""),
            **{k: v for k, v in shapes[name].items() if k in SHAPE},
        }
        for name, value in dataclasses.asdict(options()).items()
    }
