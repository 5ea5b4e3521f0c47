"""What a detector found in a photo or a video, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape

if TYPE_CHECKING:
    from arena.photo.film import FilmJudgement
    from arena.photo.judge import Judged, Judgement

COLOURS = {"real": "green", "fake": "red", "cannot say": "yellow"}
COLUMNS = (
    *("file", "face", "left", "top", "width", "height", "frames", "faces"),
    *("score", "threshold", "verdict", "note"),
)
"""Of a table: for each photo a row without a face, with its highest score, and one for each face, counted from 1; for
each video a row, with the frames that were looked at and the faces that were judged."""
SHORT = ("file", "face", "frames", "faces", "score", "verdict", "note")
"""Of those, what has room on a screen."""


def lines(photo: str, judgement: Judgement) -> list[str]:
    """A line for each face; one for a photo without any."""
    found = [f"{escape(photo)}: {_line(face, judgement.threshold)}" for face in judgement.faces]
    if not found:
        found.append(f"{escape(photo)}: not judged")
    if judgement.note:
        found[-1] += f"; {judgement.note}"
    return found


def film_line(video: str, judgement: FilmJudgement) -> str:
    """The line of a video."""
    score = "" if judgement.score is None else f" {judgement.score:.3f}"
    alarm = "" if judgement.threshold is None else f" (alarm from {judgement.threshold:.3f})"
    of = f"{judgement.rule} of {judgement.judged} faces in {judgement.frames} frames"
    note = f"; {judgement.note}" if judgement.note else ""
    return f"{escape(video)}: {_call(judgement.verdict)}{score}{alarm}, {of}{note}"


def rows(photo: str, judgement: Judgement) -> list[dict[str, Any]]:
    """The photo and each of its faces by `COLUMNS`; what is not known is empty."""
    threshold = f"{judgement.threshold:.6f}"
    whole = {"score": _score(judgement.score), "verdict": judgement.verdict or "", "note": judgement.note or ""}
    found = [_row(photo, faces=len(judgement.faces), threshold=threshold, **whole)]
    for i, face in enumerate(judgement.faces, 1):
        left, top, right, bottom = face.box
        place = {"left": left, "top": top, "width": right - left, "height": bottom - top}
        told = {"score": _score(face.score), "verdict": face.verdict or "", "note": face.refused or ""}
        found.append(_row(photo, face=i, threshold=threshold, **{n: f"{v:.1f}" for n, v in place.items()}, **told))
    return found


def film_row(video: str, judgement: FilmJudgement) -> dict[str, Any]:
    """The row of a video by `COLUMNS`."""
    scores = {"score": _score(judgement.score), "threshold": _score(judgement.threshold)}
    counts = {"frames": judgement.frames, "faces": judgement.judged}
    return _row(video, **counts, **scores, verdict=judgement.verdict, note=judgement.note or "")


def unusable(file: str, reason: str) -> dict[str, Any]:
    """The row of a file that cannot be judged."""
    return _row(file, note=reason)


def _row(file: str, **known: Any) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS, "") | {"file": file} | known


def _score(score: float | None) -> str:
    return "" if score is None else f"{score:.6f}"


def _call(verdict: str) -> str:
    return f"[{COLOURS[verdict]}]{verdict}[/]"


def _line(face: Judged, threshold: float) -> str:
    left, top, right, bottom = face.box
    what = "the middle" if face.confidence is None else "a face"
    where = f"{what} of {right - left:.0f}x{bottom - top:.0f} pixels at {left:.0f},{top:.0f}"
    if face.verdict is None:
        return f"not judged: {where}: {face.refused}"
    return f"{_call(face.verdict)} {face.score:.3f} (alarm from {threshold:.3f}), {where}"
