"""What a file of contenders declares, read from its source without running it: names, summaries, options.

Running it would import torch, which takes seconds and hundreds of megabytes, for a list of names. What cannot be read
off the source, because it is computed, raises Unreadable, and the file has to be imported after all.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any


class Unreadable(Exception):  # noqa: N818 - an answer, not a mistake
    """The source does not say; only running it would."""


@dataclass(frozen=True)
class Option:
    """An option of a contender. `type`: its annotation as it is written. `help`: the docstring below it."""

    name: str
    type: str
    default: Any
    help: str


@dataclass(frozen=True)
class Declaration:
    """A class that is registered as a contender. `summary`: the first line of its docstring."""

    role: str
    name: str
    cls: str
    summary: str
    options: tuple[Option, ...]


def declarations(module: str) -> list[Declaration]:
    """The contenders that a module registers with literal names. Raises Unreadable, SyntaxError."""
    found = []
    for name, node in _source(module).classes.items():
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and _last_name(decorator.func) == "register":
                role, contender = (_literal(argument) for argument in decorator.args)
                summary = (ast.get_docstring(node) or "").partition("\n")[0]
                found.append(Declaration(role, contender, name, summary, _options(module, name)))
    return found


def options_of(cls: type) -> tuple[Option, ...]:
    """The options of a class that is there already; what its source does not say of them stays empty."""
    try:
        written = {name: (kind, help) for name, kind, _, help in _fields(cls.__module__, cls.__qualname__)}
    except (Unreadable, OSError, SyntaxError):
        written = {}
    return tuple(
        Option(
            field.name,
            written.get(field.name, (str(field.type), ""))[0],
            field.default_factory() if field.default_factory is not MISSING else field.default,
            written.get(field.name, ("", ""))[1],
        )
        for field in fields(cls)
    )


@dataclass(frozen=True)
class _Source:
    """Top-level classes of a module, and where its other names come from: (module, name)."""

    classes: dict[str, ast.ClassDef]
    imported: dict[str, tuple[str, str]]


@cache
def _source(module: str) -> _Source:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise Unreadable(f"there is no source of {module}")
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"), spec.origin)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    froms = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    imported = {alias.asname or alias.name: (str(n.module), alias.name) for n in froms for alias in n.names}
    return _Source(classes, imported)


def _options(module: str, name: str) -> tuple[Option, ...]:
    """The options of a contender: those of the class that it, or the next of its bases, calls `Options`."""
    for place, node in _lineage(module, name):
        for statement in node.body:
            targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
            value = getattr(statement, "value", None)
            if any(_last_name(target) == "Options" for target in targets) and isinstance(value, ast.Name):
                return tuple(
                    Option(n, kind, _literal(given), help) for n, kind, given, help in _fields(place, value.id)
                )
    raise Unreadable(f"{name} does not say its Options")


def _fields(module: str, name: str) -> list[tuple[str, str, ast.expr, str]]:
    """Name, annotation, default and docstring of a dataclass's fields, in the order of `dataclasses.fields`."""
    found: dict[str, tuple[str, str, ast.expr, str]] = {}
    for _, node in reversed(list(_lineage(module, name))):
        for statement, after in pairwise([*node.body, ast.Pass()]):
            if isinstance(statement, ast.AnnAssign) and statement.value is not None and not _of_class(statement):
                text = after.value if isinstance(after, ast.Expr) else None
                field = ast.unparse(statement.target)
                inherited = found[field][3] if field in found else ""
                help = " ".join(str(text.value).split()) if isinstance(text, ast.Constant) else inherited
                found[field] = field, ast.unparse(statement.annotation), statement.value, help
    return list(found.values())


def _of_class(statement: ast.AnnAssign) -> bool:
    kind = statement.annotation
    return _last_name(kind.value if isinstance(kind, ast.Subscript) else kind) == "ClassVar"


def _lineage(module: str, name: str) -> Iterator[tuple[str, ast.ClassDef]]:
    """A class and its bases, nearest first, each with the module it is in, as far as they have a source to read."""
    source = _source(module)
    if name not in source.classes:
        if name not in source.imported:
            raise Unreadable(f"{module} does not say where {name} is from")
        yield from _lineage(*source.imported[name])
        return
    node = source.classes[name]
    yield module, node
    for base in node.bases:
        inner = _last_name(base.value if isinstance(base, ast.Subscript) else base)
        if inner in source.classes or source.imported.get(inner, ("", ""))[0].startswith("arena"):
            yield from _lineage(module, inner)


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError as error:
        raise Unreadable(f"{ast.unparse(node)} is computed") from error


def _last_name(node: ast.AST | None) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
