"""Make a detector ready for a visitor's browser, in a process of its own (see `forkserver`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from arena import registry
from arena.export.device import kit
from arena.networks.training import use_one_thread
from arena.types import ArenaError

opens_files: Final = True
"""The detector's weights, and the files that it writes."""


def warm() -> None:
    """Load torch and the contenders."""
    use_one_thread()
    registry.load_all()


def work(job: dict[str, Any], files: list[int]) -> dict[str, Any]:
    """Answers what `arena.export.device.kit` does, or a `problem`."""
    path, folder = Path(job["snapshot"]), Path(job["folder"])
    try:
        return kit(path, folder)
    except ArenaError as error:  # folders of this machine stay on it
        return {"problem": str(error).replace(str(path), path.name).replace(str(folder), folder.name)}
