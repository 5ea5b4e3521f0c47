"""The real faces of exams: whether they and fakes made of them may be shown, and the faces themselves."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from pathlib import Path

from fastapi import HTTPException

from arena.faces.sets.split import Index
from arena.images import Origin
from arena.play.parts import exam_part
from arena.service.views import NotFound
from arena.store.home import MatchRow
from arena.store.settings import SETTINGS, read_settings
from arena.types import ArenaError, Images

MOST_OPEN = 4
"""Matches whose faces are kept open; the pixels stay on disk."""


def origin_of(row: MatchRow) -> Origin:
    """What the real faces of a match are: photographs, unless they were drawn."""
    return "synthetic" if row.has_drawn_faces else "real"


class RealFaces:
    """The referee's part of the faces of matches. For any thread."""

    def __init__(self, root: Path) -> None:
        """`root`: the home. Raises ArenaError for settings that are not understood, so that nobody relies on them."""
        self._root = root
        self._lock = threading.Lock()
        self._open: OrderedDict[str, tuple[Hashable, Images, Index]] = OrderedDict()
        read_settings(root)

    def refusal(self, row: MatchRow) -> str | None:
        """Why the real faces of a match are not shown; None when they are. Asked each time: the owner may think again.

        Raises ArenaError for settings that are not understood.
        """
        if row.has_drawn_faces:
            return None
        return self._unless_allowed(f"the real faces of {row.name} are photographs")

    def fakes_refusal(self, row: MatchRow) -> str | None:
        """The same of its fakes, as far as they were made of photographs, or may have been."""
        if not row.fakes_show_people:
            return None
        made = "were" if row.fakes_are == "composite" else "may have been"
        return self._unless_allowed(f"the fakes of {row.name} {made} made of photographs of people")

    def check(self, row: MatchRow) -> None:
        """Refuse, with status 403, real faces that may not be shown."""
        _forbid(self.refusal(row))

    def check_fakes(self, row: MatchRow) -> None:
        """Refuse, with status 403, fakes that may not be shown."""
        _forbid(self.fakes_refusal(row))

    def check_both(self, row: MatchRow) -> None:
        """Refuse, with status 403, what shows both when one of them may not be shown."""
        self.check(row)
        self.check_fakes(row)

    def _unless_allowed(self, what: str) -> str | None:
        if read_settings(self._root).show_real_faces:
            return None
        return (
            f"{what}, which this home does not show; "
            f"its owner can allow it with the line 'show_real_faces: true' in its {SETTINGS}"
        )

    def get(self, row: MatchRow, places: Sequence[int]) -> Images:
        """Faces of the referee's part by their places in it, uint8 `[N, S, S, 3]`. Raises NotFound."""
        self.check(row)
        images, part = self._part(row)
        faces: Images = images[part[list(places)]]
        return faces

    def _part(self, row: MatchRow) -> tuple[Images, Index]:
        with self._lock:
            known = row.facts["faces"]
            path = Path(known.get("path", ""))
            # A file that was replaced is another one; who reads on in a file that was cut off would be killed.
            version = row.created, path, _identity(path)
            if row.name not in self._open or self._open[row.name][0] != version:
                try:
                    faces, part = exam_part(row.name, self._root / "faces", row.config, known)
                except ArenaError as error:
                    raise NotFound(str(error)) from None
                self._open[row.name] = version, faces.images, part
                if len(self._open) > MOST_OPEN:
                    self._open.popitem(last=False)
            self._open.move_to_end(row.name)
            _, images, part = self._open[row.name]
            return images, part


def _identity(path: Path) -> tuple[int, ...] | None:
    """What tells a file from another of its name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _forbid(reason: str | None) -> None:
    if reason is not None:
        raise HTTPException(403, reason)
