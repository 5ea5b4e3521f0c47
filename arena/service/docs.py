"""The page at /docs: the OpenAPI schema for people, without a script and without another server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from pydantic.json_schema import models_json_schema

from arena.service.models import EVENTS, Model, Problem

Schema = Mapping[str, Any]

_COMPONENT = "#/components/schemas/{model}"
_EVENTS = (
    "Server-sent events. The name of an event says what its data is: "
    + ", ".join(f"`{name}` {model.__name__}" for name, model in EVENTS.items())
    + ". Each has an id to go on from, as the header `Last-Event-ID` or as `after`."
)
_DATA = {"oneOf": [{"$ref": _COMPONENT.format(model=model.__name__)} for model in EVENTS.values()]}

_PROBLEM = {"application/json": {"schema": {"$ref": _COMPONENT.format(model=Problem.__name__)}}}


def problems(descriptions: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Refusals by their status. Given as models, FastAPI would say that the problem with a picture is a picture."""
    return {status: {"description": text, "content": _PROBLEM} for status, text in descriptions.items()}


EVENTS_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": _EVENTS, "content": {"text/event-stream": {"schema": _DATA}}},
    **problems(
        {
            429: "As many streams are open for this address as it may have; `Retry-After` says when to try again.",
            503: "The home cannot be read, or as many streams are open as the service has places for.",
        }
    ),
}
"""The answer of a route that streams events, for its schema."""
OTHER_ANSWERS: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing has changed since the `ETag` in the request's `If-None-Match`."},
    **problems(
        {
            404: "There is no such match, round or picture.",
            421: "The service does not go by the host name of the request.",
            422: "A parameter is not as described.",
            503: "The home cannot be read.",
        }
    ),
}
"""What every route may answer."""
CHANGING_ANSWERS = problems({400: "The body is no JSON.", 401: "The token is missing or wrong."})
"""What a route that changes something may answer besides."""


def completed(openapi: dict[str, Any]) -> dict[str, Any]:
    """The schema with the models that FastAPI does not see: those of the events, and Problem."""
    unseen: list[type[Model]] = [Problem, *EVENTS.values()]
    _, found = models_json_schema([(model, "serialization") for model in unseen], ref_template=_COMPONENT)
    known = openapi["components"]["schemas"]
    return openapi | {"components": openapi["components"] | {"schemas": found["$defs"] | known}}


def docs_page(openapi: Schema) -> str:
    """All operations with their parameters and answers, and all models with their fields, as HTML."""
    title, version = openapi["info"]["title"], openapi["info"]["version"]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<meta name=color-scheme content='light dark'><title>{escape(title)} API</title>",
        f"<h1>{escape(title)} API {escape(version)}</h1><p>{escape(openapi['info'].get('description', ''))}</p>",
        "<p>For programs: <a href=/api/openapi.json>/api/openapi.json</a>. What only looks (GET) needs nothing, and "
        "can be tried by its link where there is one. Everything else changes something or takes work, and needs the "
        "arena's token in a header, <code>Authorization: Bearer TOKEN</code>.</p><h2>Routes</h2>",
    ]
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            parts += _operation(path, method, operation)
    parts.append("<h2>Models</h2>")
    for name, model in openapi.get("components", {}).get("schemas", {}).items():
        parts += _model(name, model)
    return "\n".join(parts)


def _operation(path: str, method: str, operation: Schema) -> Iterator[str]:
    is_open = method == "get" and "{" not in path
    place = f"<a href='{escape(path)}'>{escape(path)}</a>" if is_open else escape(path)
    yield f"<h3><code>{method.upper()} {place}</code></h3>"
    yield f"<p>{escape(operation.get('description', operation['summary']))}</p><dl>"
    for parameter in operation.get("parameters", []):
        schema, note = parameter["schema"], parameter.get("description", "")
        default = f", by default {escape(str(schema['default']))}" if schema.get("default") is not None else ""
        yield f"<dt><code>{escape(parameter['name'])}</code> in {parameter['in']}: {_type(schema)}{default}"
        yield f"<dd>{escape(note)}"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<dt>{escape(kind)} in the body: {_type(content.get('schema', {}))}<dd>"
    yield "</dl><ul>"
    for status, answer in operation["responses"].items():
        kinds = "; ".join(
            f"{escape(kind)} {_type(content.get('schema', {}))}" for kind, content in answer.get("content", {}).items()
        )
        yield f"<li>{status}: {kinds} {escape(answer['description'])}"
    yield "</ul>"


def _model(name: str, model: Schema) -> Iterator[str]:
    yield f"<h3 id={escape(name)}>{escape(name)}</h3><p>{escape(model.get('description', ''))}</p><dl>"
    for field, schema in model.get("properties", {}).items():
        yield f"<dt><code>{escape(field)}</code>: {_type(schema)}<dd>{escape(schema.get('description', ''))}"
    yield "</dl>"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f"<a href='#{name}'>{name}</a>"
    for choices in ("anyOf", "oneOf"):
        if choices in schema:
            return " or ".join(_type(choice) for choice in schema[choices])
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    inner = schema.get("additionalProperties")
    return f"object of {_type(inner)}" if isinstance(inner, dict) and inner else escape(schema.get("type", "anything"))
