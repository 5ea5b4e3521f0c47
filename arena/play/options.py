"""The options of a contender, for people and for forms: defaults, what they mean, and which values they take."""

from __future__ import annotations

from typing import Any, Literal, get_type_hints

from pydantic import TypeAdapter

from arena.registry import Contender

SHAPE = ("type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "items", "anyOf")
"""What of an option's JSON Schema says which values it takes."""
_PLAIN = {kind.__name__: kind for kind in (int, float, bool, str, tuple, list, dict)}


def described(contender: Contender) -> dict[str, dict[str, Any]]:
    """Each option of a contender: its `default`, its `help` and its SHAPE.

    The contender is not imported, unless an option has a type of its own.
    """
    try:
        kinds = {
            o.name: eval(o.type, {"__builtins__": _PLAIN}, {"Literal": Literal, "Any": Any}) for o in contender.declared
        }
    except (NameError, TypeError, SyntaxError):
        kinds = get_type_hints(contender.cls.Options, include_extras=True)
    shapes = {option.name: TypeAdapter(kinds[option.name]).json_schema() for option in contender.declared}
    return {
        option.name: {
            "default": option.default,
            "help": option.help,
            **{key: value for key, value in shapes[option.name].items() if key in SHAPE},
        }
        for option in contender.declared
    }
