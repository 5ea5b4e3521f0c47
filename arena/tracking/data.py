"""Real faces as a data set of MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

LONGEST_DIGEST = 36
"""Characters that MLflow keeps of a digest; the whole one is a tag of the run."""
_PROFILE = ("images", "identities", "people", "synthetic")


@dataclass(frozen=True)
class FaceData:
    """Real faces that a run learned from. `source`: where they are from, as its settings say it.

    `profile`: how many images of how many people, JSON values.
    """

    name: str
    digest: str
    source: str
    profile: Mapping[str, Any]


def face_data(source: str, facts: Mapping[str, Any]) -> FaceData:
    """The faces of a match or a training. `facts`: what was found out about them, their digest among it."""
    profile = {name: facts[name] for name in _PROFILE if isinstance(facts.get(name), int)}  # not those of each part
    return FaceData(PurePath(source).name, facts["digest"][:LONGEST_DIGEST], source, profile)
