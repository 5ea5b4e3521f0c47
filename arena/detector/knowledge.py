"""What MTCNN's networks know of faces, for detectors: loaded once, their weights on record."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec

from arena.faces.crop.finder import OWN_SIDES, Finder
from arena.faces.crop.knowledge import Knowledge
from arena.types import ArenaError

_NAMES = {"rnet": "RNet", "onet": "ONet"}


def fetched(*names: str) -> dict[str, str]:
    """SHA-256 of the weights of some of these networks, for the record. Raises ArenaError as `knowledge` does."""
    found = {}
    for name in names:
        weights = knowledge(name, "cpu").state_dict().values()
        digest = hashlib.sha256(b"".join(one.contiguous().numpy().tobytes() for one in weights)).hexdigest()
        found[f"weights of {_NAMES[name]}"] = digest
    return found


@cache
def knowledge(name: str, device: str) -> Knowledge:
    """What `rnet` or `onet` knows, without gradients of its own. Raises ArenaError without facenet-pytorch."""
    if find_spec("facenet_pytorch") is None:
        raise ArenaError(f"this detector asks {_NAMES[name]} of facenet-pytorch, which is not installed")
    network = Knowledge(Finder("cpu").network(name), OWN_SIDES[name]).requires_grad_(False).eval()
    return network.to(device=device)
