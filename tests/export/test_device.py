"""What is exported for visitors' browsers, without the exporting itself."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from tiny import tiny_team

from arena import registry
from arena.export import device
from arena.faces.framing import Framing
from arena.snapshot import to_bytes

POINTS = ((0.31, 0.38), (0.69, 0.38), (0.5, 0.55), (0.38, 0.7), (0.62, 0.7))
FRAMING = Framing(POINTS, ((0.02, 0.02),) * 5, (0.16, 0.15, 0.82, 1.0), 1.0, 96)


@pytest.fixture
def kit(tmp_path, monkeypatch):
    """Makes a kit of a detector that has the given seed; graphs are empty files."""
    monkeypatch.setattr(device, "_network", lambda finder, name, folder: f"{name}.onnx")
    monkeypatch.setattr(device, "exported", lambda subject, shown: None)

    def write(done, path):
        path.write_bytes(b"")
        path.with_suffix(".json").write_text("{}")

    monkeypatch.setattr(device, "write", write)

    def make(seed):
        snapshot = tiny_team(registry.find("detector", "cnn"), seed=seed).snapshot(1)
        path = tmp_path / f"{seed}.safetensors"
        path.write_bytes(to_bytes(replace(snapshot, origin={"framing": FRAMING.to_json()})))
        return device.kit(path, tmp_path / "on-device")["files"]["detector"]

    return make


def test_detectors_that_nobody_asks_for_any_more_go(kit, tmp_path, monkeypatch):
    monkeypatch.setattr(device, "KEPT", 2)
    folder = tmp_path / "on-device"
    first, second = kit(1), kit(2)
    for age, name in enumerate((second, first)):  # a file system's clock may be too coarse for two in a row
        os.utime(folder / name, (1000 + age, 1000 + age))
    (folder / "onet-2.5.3.onnx").write_bytes(b"")
    third = kit(3)
    assert {path.name for path in folder.glob("detector-*.onnx")} == {first, third}
    assert {path.stem for path in folder.glob("*.json")} == {first[:-5], third[:-5]}
    assert (folder / "onet-2.5.3.onnx").exists()


def test_asking_for_a_detector_keeps_it(kit, tmp_path, monkeypatch):
    monkeypatch.setattr(device, "KEPT", 1)
    first = kit(1)
    os.utime(tmp_path / "on-device" / first, (1000, 1000))
    assert kit(1) == first
    assert (tmp_path / "on-device" / first).stat().st_mtime > 1000
