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
import safetensors.numpy
from safetensors import SafetensorError

from arena import __version__, registry
from arena.files import safetensors_chunks
from arena.types import ArenaError, Brief, Role, Snapshot, State

_FIELDS = [f.name for f in dataclasses.fields(Snapshot) if f.name not in ("weights", "parts")]

FORMAT = 3
"""In format 1 the weights had no name of a network in front: there was one, called like the role.

Format 3 has parts: each has a header in the header, and `parts/NAME/` in front of its weights. A snapshot without
parts is written in format 2, which earlier versions read.
"""
_FORMATS = (1, 2, FORMAT)


def to_bytes(snapshot: Snapshot) -> bytes:
    """A snapshot as the content of a safetensors file."""
    return b"".join(to_chunks(snapshot))


def to_chunks(snapshot: Snapshot) -> Iterator[bytes | memoryview]:
    """The same, piece by piece."""
    return safetensors_chunks(_weights(snapshot), {"snapshot": json.dumps(_header(snapshot), sort_keys=True)})


def _header(snapshot: Snapshot) -> dict[str, Any]:
    own = {name: getattr(snapshot, name) for name in _FIELDS} | {"format": 2, "arena": __version__}
    parts = {name: _header(part) for name, part in snapshot.parts.items()}
    return own | {"format": FORMAT, "parts": parts} if parts else own


def _weights(snapshot: Snapshot) -> State:
    weights = dict(snapshot.weights)
    for name, part in snapshot.parts.items():
        inner = {_place(name) + key: array for key, array in _weights(part).items()}
        if "/" in name or inner.keys() & weights.keys():
            raise ValueError(f"a part of a snapshot cannot be named {name!r}")
        weights |= inner
    return weights


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot file. Raises ArenaError when it is missing, damaged or no snapshot."""
    try:
        return from_bytes(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise ArenaError(f"there is no snapshot at {path}") from None
    except OSError as error:
        raise ArenaError(f"{path} is not a readable snapshot: {error}") from error


def from_bytes(data: bytes, where: str) -> Snapshot:
    """A snapshot from the content of its file. `where`: how to call it in an error, which is an ArenaError."""
    try:
        weights = {name: np.asarray(array) for name, array in safetensors.numpy.load(data).items()}
        about = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])  # the file's own header
        return _assembled(json.loads(about["__metadata__"]["snapshot"]), weights, where)
    except (SafetensorError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ArenaError(f"{where} is not a readable snapshot: {error}") from error


def _assembled(header: dict[str, Any], weights: State, where: str) -> Snapshot:
    """The snapshot of a header and the arrays that belong to it and to its parts."""
    if header.get("format") not in _FORMATS or header.get("role") not in get_args(Role):
        raise ArenaError(f"{where} was written by arena {header.get('arena')} in a format this version cannot read")
    header = {"origin": {}} | header  # files of earlier versions know nothing of it
    if missing := [name for name in _FIELDS if name not in header]:
        raise ArenaError(f"{where} is not a readable snapshot: its header does not say its {missing[0]}")
    parts = {}
    for name, inner in header.get("parts", {}).items():
        place = _place(name)
        of_part = {key[len(place) :]: array for key, array in weights.items() if key.startswith(place)}
        weights = {key: array for key, array in weights.items() if not key.startswith(place)}
        parts[name] = _assembled(inner, of_part, where)
    if header["format"] == 1:
        weights = {f"{header['role']}/{name}": array for name, array in weights.items()}
    return Snapshot(**{name: header[name] for name in _FIELDS}, weights=weights, parts=parts)


def _place(part: str) -> str:
    return f"parts/{part}/"


def player(snapshot: Snapshot, device: str = "cpu", precision: Any = "fp32") -> Any:
    """The contender of a snapshot with its weights loaded, ready to generate or to answer, but not to train."""
    brief = Brief(snapshot.image_size, seed=0, device=device, precision=precision, trains=False, origin=snapshot.origin)
    contender = registry.find(snapshot.role, snapshot.contender)
    team = contender.team(brief, contender.as_stored(snapshot.options))
    team.load(snapshot)
    return team
