"""Contenders by role and name. Built-ins and outside packages come through the same door.

A contender is a class with a frozen dataclass `Options` and a constructor `(options, brief)`; it derives from
`types.Generator` or `types.Detector`. Register it where it is defined:

    @register("detector", "my-net")
    class MyNet(NetworkDetector): ...

A file dropped into `arena/generator/` or `arena/detector/` is found by itself: what it declares is read off its source,
and it is imported when somebody wants to play it. A package outside the arena names a module that registers its
contenders in the entry-point group `arena.contenders`; that one is imported.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import Any, TypeVar

from arena.declarations import Declaration, Option, Unreadable, declarations, options_of
from arena.types import ArenaError, Brief, Role

ENTRY_POINTS = "arena.contenders"
BUILTIN_PACKAGES = ("arena.generator", "arena.detector")

C = TypeVar("C", bound=type)


@dataclass(frozen=True)
class Contender:
    """A registered implementation: what it declares, and its class, which is imported when it is asked for.

    `summary` is the first line of the class's docstring. `module`: where the class is.
    """

    role: Role
    name: str
    summary: str
    module: str
    declared: tuple[Option, ...]
    _cls: Any = field(default=None, repr=False, compare=False)

    @property
    def cls(self) -> Any:
        """The class. Raises ArenaError when its module cannot be imported."""
        if self._cls is None:
            _REGISTRY.load([self.module])
            if self.module in _REGISTRY.broken:
                reason = _REGISTRY.broken[self.module]
                raise ArenaError(f"{self.role} {self.name!r} cannot be loaded from {self.module}: {reason}")
            return _REGISTRY.contenders[self.role, self.name].cls
        return self._cls

    def check_keys(self, given: Iterable[str]) -> None:
        """Raise ArenaError for an option that this contender does not have."""
        known = [option.name for option in self.declared]
        for key in given:
            if key not in known:
                raise ArenaError(f"{self.role} {self.name!r} has no option {key!r}{_hint(key, known)}")

    def expanded(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options given and, below them, those of the recipe that they name, where a contender knows recipes."""
        recipes: Mapping[str, Mapping[str, Any]] = getattr(self.cls.Options, "recipes", {})
        if not recipes or "recipe" not in given:
            return dict(given)
        name = str(given["recipe"])  # a recipe may be called by a year
        return {**recipes.get(name, {}), **given, "recipe": name}

    @property
    def alone(self) -> Mapping[str, Any]:
        """The options that are otherwise by default where it trains alone, in no match."""
        found: Mapping[str, Any] = getattr(self.cls.Options, "alone", {})
        return found

    def as_stored(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options that a match or a snapshot holds, maybe for long: what had no choice then is what it was then."""
        stored = {**getattr(self.cls.Options, "formerly", {}), **options}
        inner_as_stored = getattr(self.cls.Options, "inner_as_stored", dict)
        return self.expanded(inner_as_stored(stored))

    def options(self, given: Mapping[str, Any] | None = None) -> Any:
        """An `Options` object of this contender. Raises ArenaError for an unknown key or an impossible value."""
        self.check_keys(given or {})
        try:
            return self.cls.Options(**{name: _frozen(value) for name, value in self.expanded(given or {}).items()})
        except ValueError as error:
            raise ArenaError(f"{self.role} {self.name!r}: {error}") from error
        except TypeError as error:
            raise ArenaError(f"{self.role} {self.name!r} has an option of the wrong type: {error}") from error

    def team(self, brief: Brief, options: Mapping[str, Any] | None = None) -> Any:
        """A fresh team of this contender, ready to train."""
        return self.cls(self.options(options), brief)


@dataclass
class Registry:
    """The contenders known to this process, and the modules that could not be loaded with the reason."""

    contenders: dict[tuple[Role, str], Contender] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def add(self, role: Role, name: str, cls: C) -> C:
        """Register a class. Raises ArenaError when another class holds the name."""
        doc = (cls.__doc__ or "").strip()
        if not doc:
            raise ArenaError(f"{role} {name!r} ({cls.__module__}) needs a docstring that says what it is")
        setattr(cls, "contender", name)  # noqa: B010 - mypy; a team signs its snapshots with it
        declared = options_of(cls.Options) if hasattr(cls, "Options") else ()
        self._enter(Contender(role, name, doc.splitlines()[0], cls.__module__, declared, cls))
        return cls

    def declare(self, module: str) -> None:
        """Enter what a module declares, without importing it where that can be read off its source."""
        try:
            found = declarations(module)
        except Unreadable:
            self.load([module])
            return
        except (SyntaxError, OSError, ValueError) as error:
            self.broken[module] = f"{type(error).__name__}: {error}"
            return
        for declaration in found:
            self._enter(_contender(module, declaration))

    def load(self, modules: Iterable[str]) -> None:
        """Import modules so that they register their contenders; a broken one is remembered, never fatal."""
        for module in modules:
            try:
                importlib.import_module(module)
            except Exception as error:  # a stranger's plug-in may raise anything
                self.broken[module] = f"{type(error).__name__}: {error}"

    def _enter(self, contender: Contender) -> None:
        known = self.contenders.get((contender.role, contender.name))
        if known is not None and not _is_same(known, contender):
            both = f"{known.module} and {contender.module}"
            raise ArenaError(f"two contenders are named {contender.role} {contender.name!r}: {both}")
        if known is None or contender._cls is not None:
            self.contenders[contender.role, contender.name] = contender


_REGISTRY = Registry()


def register(role: Role, name: str) -> Callable[[C], C]:
    """Class decorator: this class plays as `name` in `role`."""
    return lambda cls: _REGISTRY.add(role, name, cls)


@cache
def _discover() -> None:
    for package in BUILTIN_PACKAGES:
        path = importlib.import_module(package).__path__
        for module in pkgutil.iter_modules(path):
            _REGISTRY.declare(f"{package}.{module.name}")
    _REGISTRY.load(entry.module for entry in entry_points(group=ENTRY_POINTS))


def contenders(role: Role | None = None) -> list[Contender]:
    """Every contender, by role and name."""
    _discover()
    found = _REGISTRY.contenders.values()
    return sorted((c for c in found if role in (None, c.role)), key=lambda c: (c.role, c.name))


def broken() -> dict[str, str]:
    """Modules that should have brought contenders but could not be read or imported, with the reason."""
    _discover()
    return dict(_REGISTRY.broken)


def load_all() -> None:
    """Import every contender; `broken` then says which modules failed."""
    _REGISTRY.load(dict.fromkeys(contender.module for contender in contenders()))


def find(role: Role, name: str) -> Contender:
    """The contender with this name. Raises ArenaError that lists what there is."""
    _discover()
    found = _REGISTRY.contenders.get((role, name))
    if found is None:
        names = [c.name for c in contenders(role)]
        raise ArenaError(f"there is no {role} named {name!r}{_hint(name, names)}; known: {', '.join(names)}")
    return found


def _contender(module: str, declared: Declaration) -> Contender:
    return Contender(declared.role, declared.name, declared.summary, module, declared.options)  # type: ignore[arg-type]


def _is_same(one: Contender, other: Contender) -> bool:
    """Whether both are one class: read and imported, or imported twice."""
    if one._cls is None or other._cls is None:
        return one.module == other.module
    return bool(one._cls.__qualname__ == other._cls.__qualname__ and one.module == other.module)


def _frozen(value: Any) -> Any:
    """A list as the tuple that it was before it went through JSON, so that options are equal and cannot change."""
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value


def _hint(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""
