"""Contenders by role and name. Built-ins and outside packages come through the same door.

A contender is a class with a frozen dataclass `Options` and a constructor `(options, brief)`; it fulfils
`types.Generator` or `types.Detector`. Register it where it is defined:

    @register("detector", "my-net")
    class MyNet(NetworkDetector): ...

A file dropped into `arena/generator/` or `arena/detector/` is found by itself; a package outside the arena names a
module that registers its contenders in the entry-point group `arena.contenders`.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import Any, TypeVar

from arena.types import ArenaError, Brief, Role

ENTRY_POINTS = "arena.contenders"
BUILTIN_PACKAGES = ("arena.generator", "arena.detector")

C = TypeVar("C", bound=type)


@dataclass(frozen=True)
class Contender:
    """A registered implementation. `summary` is the first line of the class's docstring."""

    role: Role
    name: str
    cls: Any
    summary: str

    def check_keys(self, given: Iterable[str]) -> None:
        """Raise ArenaError for an option that this contender does not have."""
        known = [f.name for f in dataclasses.fields(self.cls.Options)]
        for key in given:
            if key not in known:
                raise ArenaError(f"{self.role} {self.name!r} has no option {key!r}{_hint(key, known)}")

    def options(self, given: Mapping[str, Any] | None = None) -> Any:
        """An `Options` object of this contender. Raises ArenaError for an unknown key or an impossible value."""
        self.check_keys(given or {})
        try:
            return self.cls.Options(**{name: _frozen(value) for name, value in (given or {}).items()})
        except ValueError as error:
            raise ArenaError(f"{self.role} {self.name!r}: {error}") from error
        except TypeError as error:
            raise ArenaError(f"{self.role} {self.name!r} has an option of the wrong type: {error}") from error

    def team(self, brief: Brief, options: Mapping[str, Any] | None = None) -> Any:
        """A fresh team of this contender, ready to train."""
        return self.cls(self.options(options), brief)


@dataclass
class Registry:
    """The contenders known to this process, and the plug-ins that could not be loaded with the reason."""

    contenders: dict[tuple[Role, str], Contender] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def add(self, role: Role, name: str, cls: C) -> C:
        """Register a class. Raises ArenaError when another class holds the name."""
        known = self.contenders.get((role, name))
        if known is not None and (known.cls.__module__, known.cls.__qualname__) != (cls.__module__, cls.__qualname__):
            both = f"{known.cls.__module__} and {cls.__module__}"
            raise ArenaError(f"two contenders call themselves {role} {name!r}: {both}")
        doc = (cls.__doc__ or "").strip()
        if not doc:
            raise ArenaError(f"{role} {name!r} ({cls.__module__}) needs a docstring that says what it is")
        setattr(cls, "contender", name)  # noqa: B010 - mypy; a team signs its snapshots with it
        self.contenders[role, name] = Contender(role, name, cls, doc.splitlines()[0])
        return cls

    def load(self, modules: Iterable[str]) -> None:
        """Import modules so that they register their contenders; a broken one is remembered, never fatal."""
        for module in modules:
            try:
                importlib.import_module(module)
            except Exception as error:  # a stranger's plug-in may raise anything
                self.broken[module] = f"{type(error).__name__}: {error}"


_REGISTRY = Registry()


def register(role: Role, name: str) -> Callable[[C], C]:
    """Class decorator: this class plays as `name` in `role`."""
    return lambda cls: _REGISTRY.add(role, name, cls)


@cache
def _discover() -> None:
    for package in BUILTIN_PACKAGES:
        path = importlib.import_module(package).__path__
        _REGISTRY.load(f"{package}.{module.name}" for module in pkgutil.iter_modules(path))
    _REGISTRY.load(entry.module for entry in entry_points(group=ENTRY_POINTS))


def contenders(role: Role | None = None) -> list[Contender]:
    """Every contender, by role and name."""
    _discover()
    found = _REGISTRY.contenders.values()
    return sorted((c for c in found if role in (None, c.role)), key=lambda c: (c.role, c.name))


def broken() -> dict[str, str]:
    """Modules that should have brought contenders but failed to import, with the reason."""
    _discover()
    return dict(_REGISTRY.broken)


def find(role: Role, name: str) -> Contender:
    """The contender with this name. Raises ArenaError that lists what there is."""
    _discover()
    found = _REGISTRY.contenders.get((role, name))
    if found is None:
        names = [c.name for c in contenders(role)]
        raise ArenaError(f"there is no {role} called {name!r}{_hint(name, names)}; known: {', '.join(names)}")
    return found


def _frozen(value: Any) -> Any:
    """A list as the tuple that it was before it went through JSON, so that options are equal and cannot change."""
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value


def _hint(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""
