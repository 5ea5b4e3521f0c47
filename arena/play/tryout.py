"""Both teams tried before a match: what they need, what they had to fetch, and whether they can play with its faces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arena import registry
from arena.faces.sets.split import Split
from arena.play.config import MatchConfig
from arena.types import ROLES, ArenaError, Brief, Faces, Role


def needs_points(config: MatchConfig) -> bool:
    """Whether a team trains with landmarks, which take minutes to find the first time."""
    choices = ((registry.find(role, getattr(config, role).name), getattr(config, role).options) for role in ROLES)
    return any(team.cls.trained(team.options(options))[0].needs_points for team, options in choices)


def try_teams(config: MatchConfig, faces: Faces, split: Split) -> dict[str, Any]:
    """Build both teams once, so that options that do not fit the images or the faces are found before the match.

    Returns facts: what each had to fetch, with hashes, and what the fakes are.
    """
    facts: dict[str, Any] = {"fetched": _fetched(config)}
    for role, part in zip(ROLES, (split.a, split.b), strict=True):
        team = _team(config, role)
        team.check(faces[part])
        if role == "generator":
            facts["fakes_are"] = team.fakes_are
    return facts


def check_teams(config: MatchConfig) -> None:
    """Raise ArenaError where what a team needs is not there, or its options do not fit the images."""
    _fetched(config)
    for role in ROLES:
        _team(config, role)


def check_fetched(match: str, config: MatchConfig, facts: Mapping[str, Any]) -> None:
    """Raise ArenaError when a match that goes on would do so with something else than it was started with."""
    known = facts.get("fetched", {})
    for role, things in _fetched(config).items():
        for name in sorted(known.get(role, things).items() ^ things.items()):
            raise ArenaError(
                f"{match} cannot go on: the {name[0]} of its {role} are not those it was started with; "
                f"put the old ones back"
            )


def _team(config: MatchConfig, role: Role) -> Any:
    choice = getattr(config, role)
    brief = Brief(
        config.image_size,
        seed=0,
        false_alarm_rate=config.false_alarm_rate,
        gallery=config.gallery,
        exam=config.exam.size // 2,
    )
    return registry.find(role, choice.name).team(brief, choice.options)


def _fetched(config: MatchConfig) -> dict[str, dict[str, str]]:
    """What each team has to fetch, with hashes."""
    chosen = {role: getattr(config, role) for role in ROLES}
    found = {role: (registry.find(role, choice.name), choice.options) for role, choice in chosen.items()}
    return {role: dict(one.cls.fetch(one.options(options))) for role, (one, options) in found.items()}
