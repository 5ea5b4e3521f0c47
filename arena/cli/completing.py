"""What a shell offers at a TAB: names of matches, contenders and settings. Takes no torch, and never opens a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer

from arena.commandline import USUAL_HOME
from arena.types import ROLES, Role


def matches(context: typer.Context, incomplete: str) -> list[str]:
    """Matches of the home that the line names so far."""
    folder = Path(context.params.get("home") or USUAL_HOME) / "matches"
    names = [entry.name for entry in folder.iterdir() if entry.is_dir()] if folder.is_dir() else []
    return sorted(name for name in names if name.startswith(incomplete) and not name.startswith("."))


def generators(incomplete: str) -> list[tuple[str, str]]:
    """Team A's contenders, with what each is."""
    return _contenders("generator", incomplete)


def detectors(incomplete: str) -> list[tuple[str, str]]:
    """Team B's contenders, with what each is."""
    return _contenders("detector", incomplete)


def settings(context: typer.Context, incomplete: str) -> list[str]:
    """Settings up to the equals sign; options are those of the contenders that the line names so far."""
    chosen = {role: context.params.get(role) for role in ROLES}
    return [name + "=" for name in _settings(chosen) if name.startswith(incomplete)]


def terms(incomplete: str) -> list[tuple[str, str]]:
    """Words of the glossary."""
    from arena.results.glossary import GLOSSARY

    return [(entry.key, entry.plain) for entry in GLOSSARY if entry.key.startswith(incomplete.lower())]


def _contenders(role: Role, incomplete: str) -> list[tuple[str, str]]:
    from arena.registry import contenders

    return [(one.name, one.summary) for one in contenders(role) if one.name.startswith(incomplete)]


def _settings(chosen: dict[Role, str | None]) -> Iterator[str]:
    from arena.play.config import Exam, MatchConfig
    from arena.registry import contenders

    for name, field in MatchConfig.model_fields.items():
        if name in chosen:
            yield f"{name}.name"
        elif field.annotation is Exam:
            yield from (f"{name}.{inner}" for inner in Exam.model_fields)
        else:
            yield name
    for role, choice in chosen.items():
        name = choice or MatchConfig.model_fields[role].default.name
        options = [option for one in contenders(role) if one.name == name for option in one.declared]
        yield from (f"{role}.options.{option.name}" for option in options)
