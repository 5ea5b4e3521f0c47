"""Snapshots: frozen, self-describing weights of one contender after one round.

A snapshot is what is rated, replayed and exported. Its file is a safetensors file whose metadata says which
contender it is, with which options, so that nothing else is needed to put it to work.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
from safetensors import SafetensorError, safe_open

from arena import __version__, registry
from arena.files import safetensors_chunks
from arena.types import ArenaError, Brief, Role, Snapshot

FORMAT = 2
"""In format 1 the weights had no name of a network in front: there was one, called like the role."""


def to_bytes(snapshot: Snapshot) -> bytes:
    """A snapshot as the content of a safetensors file."""
    return b"".join(to_chunks(snapshot))


def to_chunks(snapshot: Snapshot) -> Iterator[bytes | memoryview]:
    """The same, piece by piece."""
    header = {f.name: getattr(snapshot, f.name) for f in dataclasses.fields(snapshot) if f.name != "weights"}
    header |= {"format": FORMAT, "arena": __version__}
    return safetensors_chunks(snapshot.weights, {"snapshot": json.dumps(header, sort_keys=True)})


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot file. Raises ArenaError when it is missing, damaged or no snapshot."""
    try:
        with safe_open(path, framework="numpy") as file:
            header = dict(json.loads((file.metadata() or {})["snapshot"]))
            weights = {name: np.asarray(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise ArenaError(f"there is no snapshot at {path}") from None
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ArenaError(f"{path} is not a readable snapshot: {error}") from error
    if header.get("format") not in (1, FORMAT) or header.get("role") not in get_args(Role):
        raise ArenaError(f"{path} was written by arena {header.get('arena')} in a format this version cannot read")
    fields = [f.name for f in dataclasses.fields(Snapshot) if f.name != "weights"]
    header.setdefault("origin", {})  # files of earlier versions know nothing of it
    if missing := [name for name in fields if name not in header]:
        raise ArenaError(f"{path} is not a readable snapshot: its header does not say its {missing[0]}")
    if header["format"] == 1:
        weights = {f"{header['role']}/{name}": array for name, array in weights.items()}
    return Snapshot(**{name: header[name] for name in fields}, weights=weights)


def player(snapshot: Snapshot, device: str = "cpu", precision: Any = "fp32") -> Any:
    """The contender of a snapshot with its weights loaded, ready to generate or to answer, but not to train."""
    brief = Brief(snapshot.image_size, seed=0, device=device, precision=precision, trains=False, origin=snapshot.origin)
    contender = registry.find(snapshot.role, snapshot.contender)
    team = contender.team(brief, contender.as_stored(snapshot.options))
    team.load(snapshot)
    return team
