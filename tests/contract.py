"""What the two suites of contract tests share: who is tested, and what each is given."""

from __future__ import annotations

import dataclasses
from importlib.util import find_spec

import awkward  # noqa: F401 - registers its contenders
import numpy as np
import pytest
from tiny import material, pictures

from arena import registry
from arena.detector.logistic import LogisticDetector
from arena.networks.team import NetworkTeam

PUPPETS = ("scripted",)
"""Modules of other tests' contenders, some of which misbehave by design."""
MISBEHAVE = ("quitter",)
LACKING = () if find_spec("facenet_pytorch") else ("activations", "onet")
"""Who lacks a package on this machine."""
EVERYONE = [c for c in registry.contenders() if c.cls.__module__ not in PUPPETS]
EVERYONE = [c for c in EVERYONE if c.name not in (*MISBEHAVE, *LACKING)]
EVERYONE += [registry.find("generator", "stamper"), registry.find("detector", "stamp-reader")]
GENERATORS = [c for c in EVERYONE if c.role == "generator"]
DETECTORS = [c for c in EVERYONE if c.role == "detector"]
NETWORKS = [c for c in EVERYONE if issubclass(c.cls, NetworkTeam)]
BUILT_IN = [c for c in EVERYONE if c.cls.__module__.startswith("arena.")]


def name_of(contender):
    return f"{contender.role}-{contender.name}"


def each(contenders):
    return pytest.mark.parametrize("contender", contenders, ids=name_of)


def in_each_precision(contenders):
    """Each in fp32 and, but for regressions, which compute the same in either, in bf16."""
    pairs = [
        (c, p) for c in contenders for p in ("fp32", "bf16") if p == "fp32" or not issubclass(c.cls, LogisticDetector)
    ]
    return pytest.mark.parametrize(
        ("contender", "precision"), pairs, ids=lambda x: x if x in ("fp32", "bf16") else name_of(x)
    )


def given(role, number=1):
    """What a team of this role is given to train on in a round."""
    if role == "generator":
        found = material(pictures(40, seed=1))
    else:
        fakes = 255 - pictures(40, seed=10 + number)
        found = material(pictures(40, seed=2), fakes[:20], fakes[20:])
    points = np.random.default_rng(number).uniform(2, 14, (40, 5, 2)).astype(np.float32)
    return dataclasses.replace(found, faces=dataclasses.replace(found.faces, points=points))


def train(team, number=1, material=None, **changes):
    return team.train(number, material or given(team.role, number), **changes)


def output(team):
    """What the referee gets to see of a team, as arrays."""
    if team.role == "generator":
        return [team.generate(5, 77)]
    answer = team.answer(pictures(9, seed=5))
    return [answer.scores, np.array(answer.threshold)]


def same(one, two):
    return all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
