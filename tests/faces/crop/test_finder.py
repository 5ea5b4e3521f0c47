from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from arena.faces.crop.finder import Finder, Found, cut, overlap, pick_device, similarity
from arena.faces.crop.memory import OutOfMemory, enough_memory, is_out_of_memory
from arena.faces.procedural import render
from arena.types import ArenaError

UPRIGHT = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])


def face(left: float, top: float, right: float, bottom: float, points: Any = UPRIGHT, score: float = 1.0) -> Found:
    return Found((left, top, right, bottom), score, np.asarray(points, np.float32))


def gradient(height: int, width: int) -> np.ndarray:
    """Red tells x, green tells y."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0], image[..., 1] = np.arange(width), np.arange(height)[:, None]
    return image


def test_overlap_by_hand() -> None:
    assert overlap(face(0, 0, 10, 10), face(5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert overlap(face(0, 0, 10, 10), face(0, 0, 10, 10)) == 1.0
    assert overlap(face(0, 0, 10, 10), face(10, 0, 20, 10)) == 0.0


def test_similarity_recovers_turn_scale_and_shift() -> None:
    matrix = np.array([[0, -2, 7], [2, 0, -3]])  # twice as large, turned by 90 degrees
    target = UPRIGHT @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(similarity(UPRIGHT, target), matrix, atol=1e-9)


def test_similarity_never_mirrors() -> None:
    mirrored = UPRIGHT * [-1, 1]
    assert np.linalg.det(similarity(UPRIGHT, mirrored)[:, :2]) > 0


def test_points_in_one_place_leave_the_face_as_it_is() -> None:
    odd = face(0, 0, 20, 20, np.ones((5, 2)))
    aligned, upright = (cut(gradient(50, 50), odd, 16, 0.0, align) for align in (True, False))
    np.testing.assert_array_equal(aligned, upright)


def test_square_around_the_box_with_margin() -> None:
    # A box 40 wide and 20 high around (100, 60): the crop is 60 wide, from 70 to 130 and from 30 to 90.
    crop = cut(gradient(200, 200), face(80, 50, 120, 70), 60, 0.25, align=False)
    np.testing.assert_allclose(crop[30, :, 0], np.arange(70, 130), atol=1)
    np.testing.assert_allclose(crop[:, 30, 1], np.arange(30, 90), atol=1)


def test_what_lies_beyond_the_photo_is_black() -> None:
    crop = cut(np.full((100, 100, 3), 255, np.uint8), face(-50, 0, 50, 100), 64, 0.0, align=False)
    assert crop[:, :28].max() == 0
    assert crop[4:-4, 36:].min() >= 250
    assert cut(np.full((100, 100, 3), 255, np.uint8), face(300, 300, 400, 400), 64, 0.0, align=False).max() == 0


def test_aligned_points_land_on_the_template() -> None:
    # The photo shows the template turned by 90 degrees and three times as large; the crop must show it upright.
    turned = UPRIGHT @ np.array([[0, 3], [-3, 0]]) + [400, 20]
    photo = np.zeros((500, 500, 3), np.uint8)
    for x, y in turned.round().astype(int):
        photo[y - 6 : y + 7, x - 6 : x + 7] = 255
    crop = cut(photo, face(0, 0, 1, 1, turned), 112, 0.0, align=True)
    for x, y in UPRIGHT.round().astype(int):
        assert crop[y, x, 0] > 200
    with_margin = cut(photo, face(0, 0, 1, 1, turned), 112, 0.5, align=True)
    for x, y in (UPRIGHT / 2 + 28).round().astype(int):
        assert with_margin[y, x, 0] > 150


def test_shrinking_averages() -> None:
    stripes = np.zeros((640, 640, 3), np.uint8)
    stripes[:, ::2] = 255
    inner = cut(stripes, face(100, 100, 500, 500), 50, 0.0, align=False)[5:-5, 5:-5]
    assert 110 <= inner.min() <= inner.max() <= 145


class ScriptedMTCNN:
    """One face as large as the image, minus a border that tells its size; none in dark images."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, ...]] = []

    def detect(self, images: np.ndarray, landmarks: bool) -> tuple[Any, Any, Any]:
        self.batches.append(images.shape)
        if (images == 13).any():
            raise RuntimeError("torch.cat(): expected a non-empty list of Tensors")
        height, width = images.shape[1:3]
        boxes: list[Any] = []
        for image in images:
            boxes.append(None if image.max() == 0 else np.array([[0, 0, 9, 9], [1, 2, width - 3, height - 4]]))
        scores = [[None] if box is None else [0.8, 0.9] for box in boxes]
        points = [None if box is None else np.zeros((2, 5, 2)) for box in boxes]
        return np.array(boxes, dtype=object), np.array(scores, dtype=object), np.array(points, dtype=object)


@pytest.fixture
def finder() -> Finder:
    finder = Finder(min_size=25)
    finder.__dict__["_mtcnn"] = ScriptedMTCNN()
    return finder


def test_ragged_images_are_searched_by_size(finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arena.faces.crop.finder._BATCH_PIXELS", 3 * 60 * 50)
    light = [np.full(shape, 99, np.uint8) for shape in [(60, 50, 3), (30, 40, 3)]]
    found = finder.find([light[0], light[1], light[0], 0 * light[0], light[0], np.full((12, 90, 3), 99, np.uint8)])
    assert finder._mtcnn.batches == [(3, 60, 50, 3), (1, 60, 50, 3), (1, 30, 40, 3)]
    assert [len(faces) for faces in found] == [2, 2, 2, 0, 2, 0]
    assert found[0][0].box == (1, 2, 47, 56)  # the largest first
    assert found[1][0].box == (1, 2, 37, 26)
    assert found[0][0].score == 0.9


def test_a_huge_photo_is_searched_small_and_answered_large(finder: Finder) -> None:
    (faces,) = finder.find([np.full((3000, 5000, 3), 99, np.uint8)])
    assert finder._mtcnn.batches == [(1, 1000, 1667, 3)]
    assert faces[0].box == (3, 6, 3 * 1664, 3 * 996)


def test_one_image_that_upsets_the_network_spares_the_others(finder: Finder) -> None:
    good, bad = np.full((30, 30, 3), 99, np.uint8), np.full((30, 30, 3), 13, np.uint8)
    assert [len(faces) for faces in finder.find([good, bad, good])] == [2, 0, 2]
    assert finder.find([]) == []


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 40000000000000 bytes."),
        RuntimeError("std::bad_alloc"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
)
def test_out_of_memory_is_not_no_face(finder: Finder, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(images: np.ndarray, landmarks: bool) -> None:
        raise error

    monkeypatch.setattr(finder._mtcnn, "detect", fail)
    with pytest.raises(OutOfMemory, match="not enough memory to search a photo for faces"):
        finder.find([np.full((30, 30, 3), 99, np.uint8)])


def test_torchs_own_error_is_taken_for_out_of_memory() -> None:
    import torch

    with pytest.raises(OutOfMemory), enough_memory("try"):
        torch.empty(10**15)
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(RuntimeError, match="shape"), enough_memory("try"):
        torch.empty(3).reshape(2)


def test_the_real_network_finds_a_drawn_face_where_it_is() -> None:
    drawn = render(3, np.arange(4), np.zeros(4, np.int64), 160)
    canvas = np.full((4, 300, 400, 3), 90, np.uint8)
    canvas[:, 100:260, 200:360] = drawn
    small = np.zeros((10, 10, 3), np.uint8)
    found = Finder(min_size=50).find([*canvas, small, drawn[0]])
    assert found[4] == []
    faces = [max(one, key=lambda face: face.score) for one in found[:4] if one]
    assert len(faces) >= 3
    for one in faces:
        assert overlap(one, face(230, 115, 330, 245)) > 0.4
        left_eye, right_eye, nose, left_mouth, right_mouth = one.points
        assert left_eye[0] < nose[0] < right_eye[0]
        assert left_eye[1] < nose[1] < left_mouth[1]
        assert left_mouth[0] < right_mouth[0]


def test_a_device_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArenaError, match="must be auto, cpu or cuda, not 'tpu'"):
        Finder("tpu")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ArenaError, match="no CUDA device on this machine"):
        Finder("cuda")
    assert pick_device("auto") == "cpu"


def test_features_tell_faces_from_noise_whatever_the_batch() -> None:
    faces = render(7, np.arange(70), np.zeros(70, np.int64), 64)
    noise = np.random.default_rng(0).integers(0, 256, faces.shape).astype(np.uint8)
    finder = Finder("cpu")
    found, unlike = finder.features(faces), finder.features(noise)
    assert found.shape == (70, 256)
    assert found.dtype == np.float32
    np.testing.assert_allclose(finder.features(faces[66:]), found[66:], atol=1e-5)
    assert np.linalg.norm(found.mean(0) - unlike.mean(0)) > 5 * np.linalg.norm(found[:35].mean(0) - found[35:].mean(0))
