"""What a detector found in a photo, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape

if TYPE_CHECKING:
    from arena.photo.judge import Judged, Judgement

COLOURS = {"real": "green", "fake": "red"}
COLUMNS = ("photo", "face", "left", "top", "width", "height", "score", "threshold", "verdict", "note")
"""Of a table: for each photo a row without a face, with its highest score, and one for each face, counted from 1."""
SHORT = ("photo", "face", "score", "verdict", "note")
"""Of those, what has room on a screen."""


def lines(photo: str, judgement: Judgement) -> list[str]:
    """A line for each face; one for a photo without any."""
    found = [f"{escape(photo)}: {_line(face, judgement.threshold)}" for face in judgement.faces]
    if not found:
        call = f"[{COLOURS[judgement.verdict]}]{judgement.verdict}[/]" if judgement.verdict else "not judged"
        found.append(f"{escape(photo)}: {call}")
    if judgement.note:
        found[-1] += f"; {judgement.note}"
    return found


def rows(photo: str, judgement: Judgement) -> list[dict[str, Any]]:
    """The photo and each of its faces by `COLUMNS`; what is not known is empty."""
    threshold = f"{judgement.threshold:.6f}"
    whole = {"score": _score(judgement.score), "verdict": judgement.verdict or "", "note": judgement.note or ""}
    found = [_row(photo, threshold=threshold, **whole)]
    for i, face in enumerate(judgement.faces, 1):
        left, top, right, bottom = face.box
        place = {"left": left, "top": top, "width": right - left, "height": bottom - top}
        told = {"score": _score(face.score), "verdict": face.verdict or "", "note": face.refused or ""}
        found.append(_row(photo, face=i, threshold=threshold, **{n: f"{v:.1f}" for n, v in place.items()}, **told))
    return found


def unusable(photo: str, reason: str) -> dict[str, Any]:
    """The row of a photo that cannot be judged."""
    return _row(photo, note=reason)


def _row(photo: str, **known: Any) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS, "") | {"photo": photo} | known


def _score(score: float | None) -> str:
    return "" if score is None else f"{score:.6f}"


def _line(face: Judged, threshold: float) -> str:
    left, top, right, bottom = face.box
    what = "the middle" if face.confidence is None else "a face"
    where = f"{what} of {right - left:.0f}x{bottom - top:.0f} pixels at {left:.0f},{top:.0f}"
    if face.verdict is None:
        return f"not judged: {where}: {face.refused}"
    return f"[{COLOURS[face.verdict]}]{face.verdict}[/] {face.score:.3f} (alarm from {threshold:.3f}), {where}"
