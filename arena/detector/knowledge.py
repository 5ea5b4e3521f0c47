"""Detectors that ask MTCNN's networks what they know of a face: loaded once, their weights on record."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from typing import Any, ClassVar, Final, TypeVar

import numpy as np

from arena.detector.logistic import LogisticDetector, LogisticOptions
from arena.faces.crop.finder import OWN_SIDES, Finder
from arena.faces.crop.knowledge import Knowledge
from arena.types import ArenaError, Snapshot

_NAMES: Final = {"rnet": "RNet", "onet": "ONet"}
_ASKED: Final = "asked"
"""The array of a snapshot that has the SHA-256 of the weights that were asked."""

O = TypeVar("O", bound=LogisticOptions)  # noqa: E741


class KnowingDetector(LogisticDetector[O]):
    """A logistic regression on what some of MTCNN's networks know. `asks`: which, of `rnet` and `onet`."""

    asks: ClassVar[tuple[str, ...]]

    @classmethod
    def fetch(cls, options: Any) -> Mapping[str, str]:
        """See `types.Team.fetch`: their weights, which come with facenet-pytorch. Raises ArenaError without it."""
        return {f"weights of {_NAMES[name]}": _digest(name).hex() for name in cls.asks}

    def snapshot(self, round: int) -> Snapshot:
        """See `types.Team.snapshot`."""
        found = super().snapshot(round)
        return dataclasses.replace(found, weights={**found.weights, _ASKED: self._asked()})

    def load(self, snapshot: Snapshot) -> None:
        """See `types.Team.load`. Raises ArenaError where other weights were asked than are here."""
        asked = snapshot.weights.get(_ASKED)
        if asked is not None and not np.array_equal(asked, self._asked()):
            names = " and ".join(_NAMES[name] for name in self.asks)
            raise ArenaError(
                f"this {snapshot.contender} has learned from other weights of {names} than facenet-pytorch has here: "
                "install the version that it was trained with"
            )
        super().load(snapshot)

    def _asked(self) -> np.ndarray:
        return np.frombuffer(b"".join(_digest(name) for name in self.asks), np.uint8)


@cache
def _digest(name: str) -> bytes:
    weights = knowledge(name, "cpu").state_dict().values()
    return hashlib.sha256(b"".join(one.contiguous().numpy().tobytes() for one in weights)).digest()


@cache
def knowledge(name: str, device: str) -> Knowledge:
    """What `rnet` or `onet` knows, without gradients of its own. Raises ArenaError without facenet-pytorch."""
    if find_spec("facenet_pytorch") is None:
        raise ArenaError(f"this detector asks {_NAMES[name]} of facenet-pytorch, which is not installed")
    network = Knowledge(Finder("cpu").network(name), OWN_SIDES[name]).requires_grad_(False).eval()
    return network.to(device=device)
