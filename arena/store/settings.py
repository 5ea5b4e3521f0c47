"""What the owner of a home allows, in a small file that a person writes: `HOME/settings.yaml`.

show_real_faces: true     # the service may show real faces of exams and fakes made of them, and set blind tests
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from arena.store.disk import readable_errors
from arena.types import ArenaError

SETTINGS = "settings.yaml"


@dataclass(frozen=True)
class HomeSettings:
    """Permissions; whatever is not said is not allowed."""

    show_real_faces: bool = False
    """Photographs of the referee's part, and fakes that are nearly photographs of people, may be shown to whoever
    reaches the service, or MLflow."""


def read_settings(root: Path) -> HomeSettings:
    """The settings of the home at `root`. Raises ArenaError with one sentence for a file that is not understood."""
    path = root / SETTINGS
    try:
        with readable_errors(f"the settings {path}"):
            values = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ArenaError(f"the settings {path} are not valid YAML") from error
    known = [field.name for field in fields(HomeSettings)]
    if values is None:
        return HomeSettings()
    if not isinstance(values, dict):
        raise ArenaError(f"the settings {path} must be 'key: value' lines with the keys {', '.join(known)}")
    for key, value in values.items():
        if key not in known:
            raise ArenaError(f"the settings {path} know no {key!r}, only {', '.join(known)}")
        if not isinstance(value, bool):
            raise ArenaError(f"{key} in the settings {path} must be true or false, not {value!r}")
    return HomeSettings(**values)
