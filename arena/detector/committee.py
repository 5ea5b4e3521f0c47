"""Several contenders with one opinion: each brings its own mistakes, and they are seldom the same."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from arena import registry
from arena.detector.calibrated import CalibratedDetector
from arena.detector.heatmap import heat_of, smooth_grad
from arena.detector.options import DetectorOptions
from arena.networks.team import joined, part_of
from arena.networks.training import as_pool, to_range
from arena.registry import register
from arena.seeds import derive, rng
from arena.types import (
    LAST,
    OLDER,
    ArenaError,
    Brief,
    Critic,
    Detector,
    Faces,
    Heat,
    Images,
    Material,
    Pool,
    Progress,
    Scores,
    Snapshot,
    State,
    Training,
    ignore_progress,
)

_SUREST = 1e-9
"""Scores closer to 0 or 1 than this count as this close: their log-odds are finite."""
_SMALLEST_SPREAD = 1e-6

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CommitteeOptions(DetectorOptions):
    """Options of the committee. Memory, changes and validation that it is given hold for members not told otherwise."""

    members: tuple[str, ...] = ("patch", "activations")
    """The contenders it is made of: by default one that fakes taught what to look at, and one that they did not."""
    inner: dict[str, Any] | None = None
    """Options of members, by their names; what is not given is the member's default."""
    weights: tuple[float, ...] = ()
    """What each member's opinion weighs; none given: as far as it tells real from fake in faces held out of training,
    which is its AUROC there beyond 0.5."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.members or len(set(self.members)) < len(self.members) or "committee" in self.members:
            raise ValueError("members must be one contender or more, each once, and no committee")
        if self.weights and not (
            len(self.weights) == len(self.members)
            and all(0 <= weight < math.inf for weight in self.weights)
            and sum(self.weights) > 0
        ):
            raise ValueError("weights must be one for each member, none negative and one at least above 0")
        inner = dict(self.inner or {})
        if unknown := inner.keys() - set(self.members):
            raise ValueError(f"inner has options for {min(unknown)}, who is no member")
        try:
            contenders = [registry.find("detector", name) for name in self.members]
            options = {c.name: c.options(self._given(c) | inner.get(c.name, {})) for c in contenders}
        except ArenaError as error:
            raise ValueError(str(error)) from error
        if picky := [c.name for c in contenders if c.cls.needs_points]:
            raise ValueError(f"{picky[0]} trains with landmarks and cannot be a member")
        stored = {name: dataclasses.asdict(one) for name, one in options.items()}
        object.__setattr__(self, "inner", stored)  # so that a stored config says all

    @staticmethod
    def inner_as_stored(options: Mapping[str, Any]) -> dict[str, Any]:
        """See `types.Team.Options`."""
        inner = options.get("inner") or {}
        then = {name: registry.find("detector", name).as_stored(one) for name, one in inner.items()}
        return {**options, "inner": then}

    def _given(self, contender: registry.Contender) -> dict[str, Any]:
        """What a member has that is not told otherwise: what the committee was given."""
        declared = {option.name for option in contender.declared}
        own = {field.name: field.default for field in dataclasses.fields(DetectorOptions) if field.name in declared}
        return {name: getattr(self, name) for name, usual in own.items() if getattr(self, name) != usual}


@register("detector", "committee")
class Committee(CalibratedDetector):
    """The weighted mean of others' standardised opinions: patch and activations, unless told.

    A member's opinion is its log-odds, less their mean over held-out faces and in units of their spread over real ones:
    who is sure of a fake may say so. With the committee's seed members hold out the same people; of each gallery it
    keeps the share `validation` from them.
    """

    Options = CommitteeOptions

    def __init__(self, options: CommitteeOptions, brief: Brief) -> None:
        self.options, self.brief = options, brief
        self.on_progress = ignore_progress
        inner = options.inner or {}
        self.members: dict[str, Detector] = {
            name: registry.find("detector", name).team(brief, inner[name]) for name in options.members
        }
        n = len(self.members)
        self.rule: dict[str, Numbers] = {"mean": np.zeros(n), "spread": np.ones(n), "weight": np.full(n, 1 / n)}
        """Mean and spread of each member's log-odds, and its weight; the weights add up to 1."""

    @classmethod
    def fetch(cls, options: CommitteeOptions) -> Mapping[str, str]:
        """See `types.Team.fetch`: what its members need."""
        fetched: dict[str, str] = {}
        for name in options.members:
            contender = registry.find("detector", name)
            fetched |= contender.cls.fetch(contender.options((options.inner or {})[name]))
        return fetched

    def check(self, faces: Faces) -> None:
        """See `types.Team.check`."""
        super().check(faces)
        for member in self.members.values():
            member.check(faces)

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        """See `types.Team.train`: every member in turn, then the rule by which their opinions are one."""
        held_out, _ = self._split(material.faces)
        shown, kept = self._kept(material, round)
        reports = {}
        for i, (name, member) in enumerate(self.members.items()):
            member.on_progress = partial(self._tell, i, name)
            reports[name] = member.train(round, shown, learning_rate_scale=learning_rate_scale)
        reals = material.faces.images[held_out]
        self._agree(self._opinions(reals), self._opinions(kept))
        self._calibrate(reals)
        return Training(
            steps=sum(report.steps for report in reports.values()),
            images=sum(report.images for report in reports.values()),
            seconds=sum(report.seconds for report in reports.values()),
            losses=_named({name: report.losses for name, report in reports.items()}),
            curve=tuple(
                replace(point, losses=_named({name: point.losses}))
                for name, report in reports.items()
                for point in report.curve
            ),
            learning_rate_scale=learning_rate_scale,
        )

    def _kept(self, material: Material, round: int) -> tuple[Material, Images]:
        """The material without some fakes, and those; where there are too few to share, they are in both."""
        shown, kept = [], []
        for pool in material.fakes:
            order = rng(derive(self.brief.seed, "kept", pool.origin, round)).permutation(len(pool.images))
            few = int(len(order) * self.options.validation)
            shown.append(Pool(pool.origin, pool.images[np.sort(order[few:])]))
            kept.append(pool.images[np.sort(order[:few])] if pool.origin in (LAST, OLDER) else pool.images[:0])
        found: Images = np.concatenate(kept)
        return replace(material, fakes=tuple(shown)), found if len(found) else material.pool(LAST)

    def _tell(self, member: int, name: str, told: Progress) -> None:
        steps, losses = told.steps * len(self.members), _named({name: told.losses})
        self.on_progress(replace(told, step=told.steps * member + told.step, steps=steps, losses=losses))

    def _agree(self, reals: Numbers, fakes: Numbers) -> None:
        """Settle the rule by log-odds `[N, members]` of held-out reals and fakes."""
        mean, spread = (reals.mean(0) + fakes.mean(0)) / 2, reals.std(0)
        weight = np.array(self.options.weights, np.float64)
        if not weight.size:
            weight = np.array([max(_auroc(*pair) - 0.5, 0.0) for pair in zip(reals.T, fakes.T, strict=True)])
        if not weight.any():
            weight = np.ones(len(self.members))
        self.rule = {"mean": mean, "spread": np.maximum(spread, _SMALLEST_SPREAD), "weight": weight / weight.sum()}

    def _opinions(self, images: Images) -> Numbers:
        """Log-odds of every member, float64 `[N, members]`."""
        scores = np.stack([member.answer(images).scores for member in self.members.values()], 1)
        sure = scores.clip(_SUREST, 1 - _SUREST)
        odds: Numbers = np.log(sure / (1 - sure))
        return odds

    def score(self, images: Images) -> Scores:
        """See `CalibratedDetector.score`."""
        rule = self.rule
        logits = (self._opinions(images) - rule["mean"]) / rule["spread"] @ rule["weight"]
        scores: Scores = 1 / (1 + np.exp(-logits))
        return scores

    def critic(self) -> Critic | None:
        """See `types.Detector.critic`: of the members that have gradients; None when none of them has.

        With all of them its logits are those of its scores. Where one has none, the others speak for it.
        """
        critics = [member.critic() for member in self.members.values()]
        numbers = (self.rule[name].tolist() for name in ("mean", "spread", "weight"))
        heard = [one for one in zip(critics, *numbers, strict=True) if one[0] is not None and one[-1]]
        total = sum(weight for *_, weight in heard)
        if not heard:
            return None

        def logits(images: Tensor) -> Tensor:
            parts = [(critic(images) - mean) * (weight / spread / total) for critic, mean, spread, weight in heard]
            return torch.stack(parts).sum(0)

        return logits

    def heat_maps(self, images: Images) -> Heat | None:
        """See `types.Detector.heat_maps`: where its critic's answer hangs."""
        critic = self.critic()
        return None if critic is None else heat_of(smooth_grad(critic, to_range(as_pool(images, self.brief.device))))

    def state(self) -> State:
        """See `types.Team.state`."""
        members = joined({name: member.state() for name, member in self.members.items()})
        return members | self.rule | {name: np.array(value) for name, value in self.thresholds().items()}

    def restore(self, state: State) -> None:
        """See `types.Team.restore`."""
        for name, member in self.members.items():
            member.restore(part_of(state, name))
        self._take(state, state)

    def snapshot(self, round: int) -> Snapshot:
        """See `types.Team.snapshot`: each member's is a part of it."""
        return Snapshot(
            role=self.role,
            contender=self.contender,
            options=dataclasses.asdict(self.options),
            image_size=self.brief.image_size,
            round=round,
            weights=dict(self.rule),
            extra=self.thresholds(),
            parts={
                name: replace(member.snapshot(round), origin=self.brief.origin) for name, member in self.members.items()
            },
        )

    def load(self, snapshot: Snapshot) -> None:
        """See `types.Team.load`."""
        if missing := [name for name in self.members if name not in snapshot.parts]:
            raise ArenaError(f"this snapshot of a committee has no part named {missing[0]!r}")
        for name, member in self.members.items():
            member.load(snapshot.parts[name])
        self._take(snapshot.weights, snapshot.extra)

    def _take(self, arrays: Mapping[str, npt.NDArray[Any]], thresholds: Mapping[str, Any]) -> None:
        self.rule = {name: np.asarray(arrays[name]) for name in self.rule}
        self.take_thresholds(thresholds)


def _named(losses: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Losses by member as losses of one team."""
    return {f"{name} {loss}": value for name, found in losses.items() for loss, value in found.items()}


def _auroc(reals: Numbers, fakes: Numbers) -> float:
    """How often a fake has more than a real face, ties counted half."""
    ordered = np.sort(reals)
    below, up_to = (np.searchsorted(ordered, fakes, side).mean() for side in ("left", "right"))
    return float((below + up_to) / (2 * len(reals)))
