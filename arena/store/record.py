"""What the ledger holds of a round: one type for everybody who reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from arena.quality.result import Quality
from arena.referee.verdict import Verdict
from arena.types import ROLES, CurvePoint, Role, Training

_VERDICT = tuple(part.name for part in fields(Verdict))


@dataclass(frozen=True)
class RoundRecord:
    """A round that was played. `generator`, `detector`: the contenders' names. `verdict`: None for the opening.

    `training`: what each team reports. `timings`: seconds by worker and by what they were spent on. `seconds`: of the
    whole round. `absent`: teams that had failed and played no part; what they handed in last took its place.
    `quality`: how good the fakes of its gallery were, None where nobody measured it. `usage`: what each worker took of
    the machine while it was timed, see `Stopwatch.usage`.
    """

    match: str
    round: int
    generator: str
    detector: str
    verdict: Verdict | None
    training: Mapping[Role, Training]
    timings: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    seconds: float = 0.0
    absent: tuple[Role, ...] = ()
    quality: Quality | None = None
    usage: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def judged(self) -> Verdict:
        """The verdict of a round that has one. Raises ValueError for the opening."""
        if self.verdict is None:
            raise ValueError(f"round {self.round} of {self.match} has no verdict")
        return self.verdict

    @property
    def without_curves(self) -> RoundRecord:
        """The record without the training curves, which are long."""
        return replace(self, training={role: replace(report, curve=()) for role, report in self.training.items()})

    def to_json(self, curves: bool = True) -> dict[str, Any]:
        """As the ledger stores it, or as programs are told: plain values, those of the verdict among the others."""
        values = {"match": self.match, "round": self.round, "generator": self.generator, "detector": self.detector}
        values |= {} if self.verdict is None else asdict(self.verdict)
        training = {role: asdict(report) for role, report in self.training.items()}
        if not curves:
            for report in training.values():
                del report["curve"]
        timings = {worker: dict(seconds) for worker, seconds in self.timings.items()}
        values |= {"absent": list(self.absent)} if self.absent else {}
        values |= {"quality": self.quality.to_json()} if self.quality else {}
        values |= {"usage": {worker: dict(used) for worker, used in self.usage.items()}} if self.usage else {}
        return values | {"training": training, "timings": timings, "seconds": self.seconds}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RoundRecord:
        """The record that `to_json` wrote, now or in an older arena: what was not known then has its default."""
        if "call" in values:  # before the word was the detector's alone
            values = {**values, "too_close": values["call"] == "too close"}
        verdict = {name: values[name] for name in _VERDICT if name in values}
        return cls(
            match=values["match"],
            round=values["round"],
            generator=values["generator"],
            detector=values["detector"],
            verdict=Verdict(**verdict) if verdict else None,
            training={role: _training(values["training"][role]) for role in ROLES},
            timings=values.get("timings", {}),
            seconds=values.get("seconds", 0.0),
            absent=tuple(values.get("absent", ())),
            quality=Quality.from_json(values["quality"]) if "quality" in values else None,
            usage=values.get("usage", {}),
        )


def rounds_of(records: Iterable[RoundRecord]) -> list[RoundRecord]:
    """The records with a verdict: all but the opening."""
    return [record for record in records if record.verdict is not None]


def _training(report: Mapping[str, Any]) -> Training:
    curve = tuple(CurvePoint(point["images"], point["losses"]) for point in report.get("curve", ()))
    return Training(**{**report, "curve": curve})
