"""Photos judged on a visitor's own device: the runtime that was installed, and what is exported for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from starlette.exceptions import HTTPException

from arena.photo.latest import ChosenDetector
from arena.service.photos import SYNTHETIC
from arena.service.workers import Died, Worker

FOLDER: Final = "on-device"
"""Of a home: what was exported. It can be deleted at any time."""
RUNTIME: Final = Path(__file__).parent / "device" / "node_modules" / "onnxruntime-web" / "dist"
"""Where `make on-device` puts the runtime."""
RUNTIME_FILES: Final = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
MISSING: Final = "the browser's runtime is not installed here: run make on-device where the service runs"


def missing(folder: Path | None = None) -> str | None:
    """Why photos cannot be judged on a visitor's device, None where they can."""
    return None if all(((folder or RUNTIME) / name).is_file() for name in RUNTIME_FILES) else MISSING


class Devices:
    """Has detectors exported, one at a time. Lives on the event loop's thread; starts nothing before it is needed."""

    def __init__(self, root: Path) -> None:
        """`root`: the home."""
        self.folder = root / FOLDER
        # On two busy cores an export takes from 10 s, for a small network, to a minute, for a texture's statistics.
        self._porter = Worker(
            "arena.service.porting", at_once=1, seconds=180, memory=2**33, start_seconds=120, idle_seconds=60
        )

    def close(self) -> None:
        """End the worker."""
        self._porter.stop()

    async def kit(self, chosen: ChosenDetector) -> dict[str, Any]:
        """What a browser needs to judge as this detector does. Raises HTTPException."""
        if reason := missing():
            raise HTTPException(503, reason)
        try:
            found = await self._porter.run({"snapshot": str(chosen.snapshot), "folder": str(self.folder)})
        except Died:
            raise HTTPException(503, "the detector could not be exported: it took too long or broke") from None
        if "problem" in found:
            raise HTTPException(422, found["problem"])
        judge = {name: value for name, value in vars(chosen).items() if name != "snapshot"}
        return found | {
            "files": {use: f"/on-device/files/{name}" for use, name in found["files"].items()},
            "judge": judge | {"threshold": found.pop("threshold")},
            "note": SYNTHETIC if chosen.synthetic else None,
        }
