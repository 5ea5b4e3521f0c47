"""KID and FID proper, of Inception features: only where torch-fidelity and its weights are on this machine already.

Weights are never downloaded: 91 MB in silence, from a server that may be gone, is no way to answer a question.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from arena.quality.distances import Cloud, Features, frechet_distance, kernel_distance
from arena.quality.result import Estimate
from arena.types import ArenaError, Images

NAMES = ("inception_kid", "inception_fid")
WEIGHTS = "weights-inception-2015-12-05-6726825d.pth"
"""As torch-fidelity names them in torch's cache: the network of the FID paper, ported."""
DIGEST = "6726825d"
"""How the SHA-256 of that file begins, as its name says."""
_BATCH = 32


def weights() -> Path:
    """Where torch-fidelity keeps the network's weights; ArenaError says what is missing of it."""
    if find_spec("torch_fidelity") is None:
        raise ArenaError("torch-fidelity is not installed; pip install 'arena[quality]' brings it")
    cache = Path(os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "torch")
    path = cache.expanduser() / "hub" / "checkpoints" / WEIGHTS
    if not path.is_file():
        raise ArenaError(f"torch-fidelity's weights are not in the cache, {path}; nothing is downloaded unasked")
    with path.open("rb") as file:  # they are unpickled, so they had better be the very ones
        if not hashlib.file_digest(file, "sha256").hexdigest().startswith(DIGEST):
            raise ArenaError(f"{path} is not the file that torch-fidelity published; remove it")
    return path


def compare(images: Images, reals: Images) -> tuple[Estimate, Estimate]:
    """KID and FID of fakes and real faces, uint8 `[N, S, S, 3]`. Raises ArenaError where they cannot be had here."""
    path = weights()
    fakes, others = (Cloud(_features(these, path)) for these in (images, reals))
    return kernel_distance(fakes, others), frechet_distance(fakes, others)


def _features(images: Images, path: Path) -> Features:
    """The 2048 features of torch-fidelity's Inception, which brings images to 299 px by itself, float32 `[N, 2048]`."""
    import torch

    module = importlib.import_module("torch_fidelity.feature_extractor_inceptionv3")
    network = module.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], feature_extractor_weights_path=path)
    found = []
    with torch.inference_mode():
        for start in range(0, len(images), _BATCH):
            batch = torch.from_numpy(np.array(images[start : start + _BATCH])).permute(0, 3, 1, 2)
            found.append(network(batch)[0].float().numpy())
    return np.concatenate(found)
