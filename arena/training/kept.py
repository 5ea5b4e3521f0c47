"""Where a training stands, in one file that is whole or not there: a team's state and what goes with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
from safetensors import SafetensorError

from arena.files import safetensors_chunks
from arena.store.disk import readable_errors, replace_file
from arena.types import ArenaError, State

_KEY = "training"


def digest_of(*values: Any) -> str:
    """A short name for JSON values, the same for equal ones: what was made of others is not taken for theirs."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True, eq=False)
class Kept:
    """What to go on from. `state`: of the team. `about`: JSON values."""

    state: State
    about: Mapping[str, Any]


def keep(path: Path, state: State, about: Mapping[str, Any]) -> None:
    """Put the file in the place of the one before, and on the disk. Raises ArenaError when it cannot be written."""
    with readable_errors(f"the training in {path.parent}"):
        replace_file(path, safetensors_chunks(state, {_KEY: json.dumps(about, allow_nan=False)}))


def made_once(path: Path, make: Callable[[], Any]) -> Any:
    """What the file holds, JSON values; where it is not there yet, what is made now and kept in it. Raises OSError."""
    if not path.exists():
        replace_file(path, json.dumps(make(), indent=1).encode())
    return json.loads(path.read_text())


def recall(path: Path) -> Kept | None:
    """What `keep` wrote last; None where there is no such file. Raises ArenaError for a damaged one."""
    if not path.exists():
        return None
    try:
        with safetensors.safe_open(path, "numpy") as file:
            about = json.loads(file.metadata()[_KEY])
            return Kept({name: file.get_tensor(name) for name in file.keys()}, about)  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ArenaError(f"{path} is damaged: delete it, and the training begins again ({error})") from error
