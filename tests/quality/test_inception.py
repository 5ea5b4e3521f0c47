"""Inception features: only where package and weights are there already, and never fetched."""

from __future__ import annotations

import hashlib
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from arena.faces.procedural import render
from arena.quality import inception
from arena.quality.measure import full_quality
from arena.types import ArenaError

FAKES, REALS = (render(seed, np.arange(24), np.zeros(24, np.int64), 16) for seed in (1, 2))


@pytest.fixture
def package(monkeypatch):
    """A package that looks like torch-fidelity; its features are eight pixels."""

    class Extractor(torch.nn.Module):
        def __init__(self, name, features, feature_extractor_weights_path):
            assert (name, features) == ("inception-v3-compat", ["2048"])
            assert feature_extractor_weights_path.read_bytes() == b"weights"
            super().__init__()

        def forward(self, batch):
            assert batch.dtype == torch.uint8
            assert batch.shape[1:] == (3, 16, 16)
            return (batch[:, 0, 8, 4:12].float() / 255,)

    module = ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = Extractor
    monkeypatch.setitem(sys.modules, "torch_fidelity", ModuleType("torch_fidelity"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(inception, "find_spec", lambda name: SimpleNamespace())


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder / inception.WEIGHTS


def test_with_package_and_weights_both_are_measured(package, cache, monkeypatch):
    cache.write_bytes(b"weights")
    monkeypatch.setattr(inception, "DIGEST", hashlib.sha256(b"weights").hexdigest()[:8])
    found = full_quality(FAKES, REALS, search=0)
    assert found.missing == {}
    assert found.inception_fid.value > 0
    assert found.inception_kid.low <= found.inception_kid.value <= found.inception_kid.high
    assert inception.compare(FAKES, FAKES[::-1])[1].value == pytest.approx(0, abs=1e-3)


def test_without_the_package_one_line_says_so(monkeypatch):
    monkeypatch.setattr(inception, "find_spec", lambda name: None)
    found = full_quality(FAKES, REALS, search=0)
    assert set(found.missing) == set(inception.NAMES)
    assert "torch-fidelity is not installed" in found.missing["inception_fid"]
    assert found.onet_kid is not None


def test_without_the_weights_nothing_is_downloaded(package, cache):
    with pytest.raises(ArenaError, match=r"not in the cache.*nothing is downloaded unasked"):
        inception.compare(FAKES, REALS)


def test_other_weights_are_refused(package, cache):
    cache.write_bytes(b"weights")
    with pytest.raises(ArenaError, match="is not the file that torch-fidelity published"):
        inception.compare(FAKES, REALS)
