from __future__ import annotations

import json
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from facefiles import film

from arena.faces.crop.video import Subject, frames, subjects
from arena.faces.decode import Unusable
from arena.types import FAKE, REAL


def greys(n: int) -> list[np.ndarray]:
    """Frame i is a plain grey of 10 i."""
    return [np.full((48, 64, 3), 10 * i, np.uint8) for i in range(n)]


def numbers(path: Path, every: int = 1, most: int | None = None) -> list[int]:
    """Which frames come, and check that each looks like its number."""
    found = []
    for number, _, image in frames(path, every, most):
        assert image.shape == (48, 64, 3)
        assert round(image.mean() / 10) == number
        found.append(number)
    return found


def test_every_kth_frame_and_no_more_than_asked(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", greys(20))
    assert numbers(path) == list(range(20))
    assert numbers(path, every=6) == [0, 6, 12, 18]
    assert numbers(path, every=6, most=2) == [0, 6]
    assert numbers(path, every=100) == [0]


def test_variable_frame_rate_counts_frames(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", greys(6), times=[0, 1, 2, 50, 51, 200])
    assert numbers(path, every=2) == [0, 2, 4]


def test_every_frame_knows_when_it_is_shown(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", greys(4), times=[0, 10, 25, 100])
    assert [frame.seconds for frame in frames(path, every=2)] == [0, pytest.approx(1, abs=0.002)]


def test_a_phone_held_upright(tmp_path: Path) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24, :32] = 255  # the sensor's upper left corner
    path = film(tmp_path / "a.mp4", [image])
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 44
    assert struct.unpack(">3i", data[matrix : matrix + 12]) == (65536, 0, 0)
    data[matrix : matrix + 24] = struct.pack(">6i", 0, 65536, 0, -65536, 0, 0)  # shown turned 90 degrees clockwise
    path.write_bytes(data)
    (shown,) = (frame.image for frame in frames(path))
    assert shown.shape == (64, 48, 3)
    assert shown[5, 40].min() > 200  # now the upper right corner
    assert shown[5, 5].max() < 50


def test_a_truncated_video_gives_its_frames_first(tmp_path: Path) -> None:
    noise = [np.random.default_rng(i).integers(0, 256, (48, 64, 3), np.uint8) for i in range(30)]
    path = film(tmp_path / "a.mp4", noise, movflags="faststart")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    shown = []
    with pytest.raises(Unusable, match=r"^(damaged or )?truncated"):
        shown.extend(frame.number for frame in frames(path))
    given = iter(frames(path))
    assert [next(given)[0] for _ in range(5)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("data", [b"", b"no video", bytes(5000)])
def test_no_video(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(data)
    with pytest.raises(Unusable):
        list(frames(tmp_path / "a.mp4"))


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        sound.rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(Unusable, match="no video in it"):
        list(frames(tmp_path / "a.mp4"))


def test_dfdc_metadata_names_the_original_person(tmp_path: Path) -> None:
    facts = {
        "aa.mp4": {"label": "FAKE", "split": "train", "original": "bb.mp4"},
        "bb.mp4": {"label": "REAL", "split": "train"},
        "cc.mp4": {"label": "REAL", "split": "train", "original": None},
    }
    (tmp_path / "metadata.json").write_text(json.dumps(facts))
    assert subjects(tmp_path) == {
        "aa.mp4": Subject("bb", FAKE),
        "bb.mp4": Subject("bb", REAL),
        "cc.mp4": Subject("cc", REAL),
    }


def test_missing_and_damaged_metadata(tmp_path: Path) -> None:
    assert subjects(tmp_path) == {}
    for text in ("{", "[]", '{"a.mp4": {"label": "MAYBE"}}', '{"a.mp4": 1}', '{"a.mp4": {}}'):
        (tmp_path / "metadata.json").write_text(text)
        with pytest.raises(Unusable, match="corrupt"):
            subjects(tmp_path)
