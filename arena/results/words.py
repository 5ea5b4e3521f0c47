"""What the numbers of a verdict say, in words that CLI, report and MLflow share."""

from __future__ import annotations

from arena.referee.verdict import Rule, Verdict


def how_won(verdict: Verdict) -> str:
    """In what way a round was won, in a word or two: clear, too close, degenerate or by forfeit."""
    if verdict.forfeit:
        return "by forfeit"
    if verdict.degenerate:
        return "degenerate"
    return "too close" if verdict.too_close else "clear"


def in_use(verdict: Verdict) -> str:
    """What the detector is good for at its own alarm threshold."""
    caught, alarms = 100 * verdict.tpr, 100 * verdict.false_alarm_rate
    return f"catches {caught:.0f} % of the fakes at {alarms:.1f} % false alarms"


def exam_in_words(verdict: Verdict, win_accuracy: float) -> str:
    """How large the exam was, of how many people, and what it could tell from chance."""
    people = "" if verdict.people is None else f", the real ones of {verdict.people} people"
    return f"{verdict.n} faces{people}{_resolved(verdict.resolution, win_accuracy)}"


def exams_to_come(rule: Rule, size: int, people: int) -> str:
    """The same before a match, whose referee has faces of this many people."""
    resolved = _resolved(rule.resolution(size), rule.win_accuracy)
    more = f"; a little further, as {size // 2} real faces are of {people} people" if people < size // 2 else ""
    return f"exams of {size} faces{resolved}{more if resolved else ''}"


def _resolved(resolution: float | None, win_accuracy: float) -> str:
    if resolution is None:
        return ""
    low, high = win_accuracy - resolution, win_accuracy + resolution
    return f"; an accuracy from {high:.3f} on or up to {low:.3f} is clear"
