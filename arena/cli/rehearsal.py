"""What is checked of a match before it is played: all of it by a dry run, which leaves nothing behind."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from arena.faces.sources.opening import open_source
from arena.play.config import MatchConfig
from arena.play.match import reserved_name
from arena.play.parts import split_faces
from arena.play.tryout import check_teams
from arena.store.home import Home


def check_mlflow(uri: str | None) -> None:
    """Raise ArenaError unless MLflow could be told at this address; None and 'off' need none."""
    if uri not in (None, "off"):
        from arena.tracking.store import check_uri

        check_uri(uri)


def gpus_here() -> int:
    """How many GPUs this machine has."""
    import torch

    return torch.cuda.device_count()


def rehearse(config: MatchConfig, name: str | None, home: Path) -> str:
    """Check that the name is free, what the teams need is there, and faces are, as far as can be told, enough.

    Returns what is worth a word. Raises ArenaError as playing would.
    """
    with _untouched(home) as store, reserved_name(store, config, name) as free:
        count = open_source(config.faces).count
    check_teams(config)
    if count is not None:
        split_faces(np.arange(count), config.dump())  # of as many people: with fewer it takes more
    shares = [share / sum(config.parts) for share in config.parts]
    parts = ", ".join(f"{who} {share:.0%}" for who, share in zip(("A", "B", "referee"), shares, strict=True))
    number = "faces" if count is None else f"{count} faces"
    return f"{free} can be played: {number}, of which about {parts}"


@contextmanager
def _untouched(home: Path) -> Iterator[Home]:
    """A home that is there, or one for the length of the block in its place. Raises ArenaError for what is no home."""
    if home.is_file() or (home.is_dir() and any(home.iterdir())):
        yield Home.create(home)
        return
    with tempfile.TemporaryDirectory(prefix="arena-") as nowhere:
        yield Home.create(Path(nowhere))
