"""`arena probe`: does a detector go by something that is no forgery?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from arena.cli.console import console as console_for
from arena.cli.console import emit, say, table
from arena.cli.detect import chosen
from arena.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from arena.types import ArenaError

if TYPE_CHECKING:
    from arena.referee.probes import Probed
    from arena.types import Faces


def probe(
    detector: Annotated[str, typer.Argument(metavar="SNAPSHOT|MATCH", help="A detector's file, or whose it is.")],
    reals: Annotated[str, typer.Option("--reals", help="Real faces it never trained on: a folder, a zip, ...")],
    round: Annotated[
        int | None, typer.Option("--round", help="After which round of the match; by default the last.")
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="Faces to ask about, evenly spread over the source.")] = 1000,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Tell real faces from the same faces moved, lit or stored differently: a good detector cannot."""
    from arena.networks.training import use_one_thread
    from arena.referee.probes import TOLERANCE
    from arena.referee.probes import probe as shortcuts
    from arena.snapshot import player, read_snapshot

    file = Path(detector) if detector.endswith(".safetensors") or Path(detector).is_file() else None
    if file is not None and round is not None:
        raise ArenaError(f"{file} is one detector, not a match with rounds; leave --round out")
    path, _ = chosen(home, None if file else detector, round, file)
    weights = read_snapshot(path)
    if weights.role != "detector":
        raise ArenaError(f"{path} holds the weights of a generator; only a detector can be probed")
    use_one_thread()
    probed = shortcuts(player(weights), some_faces(reals, home, weights.image_size, most))
    if as_json:
        emit([{**asdict(one), "is_shortcut": one.is_shortcut} for one in probed])
        return
    console_for().print(probes_table(probed))
    found = sum(one.is_shortcut for one in probed)
    say(f"0.5 is chance; framing and light count as shortcuts beyond 0.5 +- {TOLERANCE:g}: {found or 'none'}")


def probes_table(probed: Sequence[Probed]) -> Table:
    """What came of shortcut probes, for people."""
    columns = ("the same faces", ">AUROC", "95 %", "")
    rows = [
        (one.name, f"{one.auroc:.3f}", "{:.3f}-{:.3f}".format(*one.interval), "a shortcut" if one.is_shortcut else "")
        for one in probed
    ]
    return table("", columns, rows)


def some_faces(source: str, home: Path, size: int, most: int) -> Faces:
    """At most so many faces of a source, kept decoded in the home where there is one."""
    import numpy as np

    from arena.faces.sets.cache import prepare
    from arena.types import Faces

    with tempfile.TemporaryDirectory() as nowhere:
        found = prepare(source, home / "faces" if home.is_dir() else Path(nowhere), size)
        index = np.unique(np.linspace(0, len(found.images) - 1, min(most, len(found.images))).round().astype(np.int64))
        return Faces(np.array(found.images[index]), found.identities[index])
