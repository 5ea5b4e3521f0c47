"""Tiny teams and pictures: everything the arena computes, in milliseconds."""

from __future__ import annotations

import atexit
import dataclasses
import functools
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from arena import registry
from arena.types import LAST, OLDER, Brief, Faces, Material, Pool

SIZE = 16
OPTIONS = {"width": 4, "latent": 8, "batch": 8, "steps": 3, "warmup_steps": 4, "average": 0.5, "anticipate": 1}
MORE = {"side": 4, "sampling_steps": 2, "images_per_stage": 9, "samples": 24}
"""Options that DCGAN does not have, which evaders wrap."""

OF_CONTENDERS = {
    "activations": lambda: {"steady": False},
    "evader": lambda: {"inner": OPTIONS},
    "face-parts": lambda: {"filters": ("MOUTH_blur", "LEFT_EYE_cut"), "swaps": 6, "steady": True},
    "folder": lambda: {"path": str(fakes_on_disk())},
    "resnet-ensemble": lambda: {"models": 1, "steady": False},
    "robust": lambda: {"backbone": BACKBONE, "attack_steps": 2},
    "triplet-svm": lambda: {"backbone": BACKBONE},
    "inception-resnet": lambda: {"backbone": BACKBONE, "input_side": 32},
    "committee": lambda: {
        "members": MEMBERS,
        "inner": {name: tiny_options(registry.find("detector", name)) for name in MEMBERS},
    },
}
"""What a contender needs besides, by its name. `face-parts` and `texture` are steady, cheaply."""
BACKBONE = "test_efficientnet"
"""A network that timm has for tests: all its layers, few of each."""
MEMBERS = ("residual", "patch")


@functools.cache
def fakes_on_disk():
    """A folder of 40 fakes that differ, until the tests end."""
    folder = tempfile.TemporaryDirectory(prefix="arena-fakes-")
    atexit.register(folder.cleanup)
    for i, image in enumerate(255 - pictures(40, seed=90)):
        Image.fromarray(image).save(Path(folder.name) / f"{i}.png")
    return Path(folder.name)


def pictures(n, seed=0, size=SIZE):
    """`n` smooth pictures: one bright spot each, on a tinted ground; read-only, as the face cache hands them out."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    centre = rng.uniform(0.3, 0.7, (n, 2, 1, 1))
    spot = np.exp(-((y - centre[:, 0]) ** 2 + (x - centre[:, 1]) ** 2) / 0.05)
    ground, tint = rng.uniform(0, 0.4, (2, n, 1, 1, 3))
    images = (255 * np.clip(ground + spot[..., None] * (0.6 + tint), 0, 1)).astype(np.uint8)
    images.flags.writeable = False
    return images


def brief(**changes):
    return dataclasses.replace(Brief(SIZE, seed=3, false_alarm_rate=0.25), **changes)


def material(reals, last=None, older=None, *opponents, identities=None):
    """What a team trains on; every real face shows somebody else unless `identities` say who."""
    who = np.arange(len(reals)) if identities is None else identities
    pools = [Pool(origin, images) for origin, images in ((LAST, last), (OLDER, older)) if images is not None]
    return Material(Faces(reals, who), tuple(pools), opponents)


def tiny_options(contender, /, **changes):
    """The smallest options of a contender, whichever of them it has."""
    known = {f.name for f in dataclasses.fields(contender.cls.Options)}
    changes = OF_CONTENDERS.get(contender.name, dict)() | changes
    return {name: value for name, value in (OPTIONS | MORE | changes).items() if name in known}


def tiny_team(contender, /, *, options=None, **changes):
    """A fresh team of a contender; `changes` go to its brief."""
    return contender.team(brief(**changes), tiny_options(contender, **(options or {})))


def equal_states(one, two):
    """Whether two states have the same names and, bit for bit, the same arrays."""
    return one.keys() == two.keys() and all(
        one[name].dtype == two[name].dtype
        and one[name].shape == two[name].shape
        and one[name].tobytes() == two[name].tobytes()
        for name in one
    )
