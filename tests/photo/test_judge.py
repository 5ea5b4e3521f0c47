from __future__ import annotations

import json

import numpy as np
import pytest

from arena.faces.crop.cropping import CropPlan
from arena.faces.crop.finder import Found, cut
from arena.faces.crop.memory import OutOfMemory
from arena.faces.decode import square
from arena.photo.judge import CROP_SIDE, CUT_OUT_SIDE, MOST_FACES, judge, seen_square
from arena.types import Answer

SIZE = 16


class Finds:
    """Finds the same faces in everything."""

    def __init__(self, *faces):
        self.faces = sorted(faces, key=lambda face: -face.size)

    def find(self, images):
        return [self.faces for _ in images]


class FindsEnlarged(Finds):
    """Finds them only where a picture was enlarged for it."""

    def find(self, images):
        return [self.faces if image.shape == (CUT_OUT_SIDE, CUT_OUT_SIDE, 3) else [] for image in images]


class Redness:
    """The redder, the faker; remembers what it was shown."""

    no_face = "whole"

    def __init__(self, threshold=0.5):
        self.threshold, self.papers = threshold, []

    def answer(self, paper):
        self.papers.append(paper)
        return Answer(paper[..., 0].mean((1, 2)) / 255, self.threshold)


class Strict(Redness):
    no_face = "fake"


class Looks(Redness):
    def heat_maps(self, images):
        return np.stack([np.full((SIZE, SIZE), i, np.float32) for i in range(len(images))])


def face(left, top, right, bottom, score=1.0):
    return Found((left, top, right, bottom), score, np.zeros((5, 2), np.float32))


def photo(red=0, height=300, width=400):
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = red
    return image


def test_faces_are_cut_as_the_faces_of_a_training_set():
    image = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    large, small = face(100, 50, 200, 180), face(250, 50, 310, 120)
    detector, recipe = Redness(), CropPlan()
    judgement = judge(image, detector, SIZE, Finds(small, large))
    (paper,) = detector.papers  # all in one batch, the largest first
    for crop, seen, one in zip(paper, judgement.faces, (large, small), strict=True):
        np.testing.assert_array_equal(crop, cut(image, one, SIZE, recipe.margin, recipe.align))
        np.testing.assert_array_equal(seen.crop, crop)
        assert (seen.box, seen.confidence) == (one.box, 1.0)


def test_the_square_that_the_detector_saw():
    image = np.zeros((200, 200, 3), np.uint8)
    image[..., 0], image[..., 1] = np.arange(200), np.arange(200)[:, None]  # red tells x, green tells y
    one = face(60, 70, 110, 130)
    left, top, right, bottom = seen_square(one)
    assert (left, top, right, bottom) == pytest.approx((37, 52, 133, 148))  # 60 and 0.3 of it on each side
    crop = cut(image, one, 32, 0.3, False).astype(float)
    pixel = 96 / 32
    assert crop[:, 0, 0].mean() == pytest.approx(left + pixel / 2, abs=2)
    assert crop[:, -1, 0].mean() == pytest.approx(right - pixel / 2, abs=2)
    assert crop[0, :, 1].mean() == pytest.approx(top + pixel / 2, abs=2)
    assert crop[-1, :, 1].mean() == pytest.approx(bottom - pixel / 2, abs=2)


@pytest.mark.parametrize(("threshold", "verdict"), [(0.6, "fake"), (0.600001, "real")])
def test_fake_from_the_threshold_on(threshold, verdict):
    judgement = judge(photo(red=153), Redness(threshold), SIZE, Finds(face(100, 100, 200, 200)))
    assert judgement.score == pytest.approx(0.6)
    assert (judgement.verdict, judgement.faces[0].verdict, judgement.threshold) == (verdict, verdict, threshold)


def test_a_photo_is_as_fake_as_its_fakest_face():
    image = photo()
    image[:, 200:, 0] = 204
    judgement = judge(image, Redness(), SIZE, Finds(face(20, 100, 120, 200), face(270, 100, 330, 160)))
    assert [face.verdict for face in judgement.faces] == ["real", "fake"]
    assert (judgement.score, judgement.verdict) == (pytest.approx(0.8), "fake")
    assert not judgement.whole_image
    assert judgement.note is None


def test_what_a_training_set_leaves_out_is_left_out():
    unsure, small, good = face(0, 0, 100, 100, 0.96), face(0, 0, 49, 100), face(0, 0, 50, 60, 0.97)
    judgement = judge(photo(), Redness(), SIZE, Finds(unsure, small, good))
    assert [face.box for face in judgement.faces] == [good.box]


def test_a_small_picture_that_is_a_face_is_judged_as_one():
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    detector = Redness()
    judgement = judge(image, detector, SIZE, FindsEnlarged(face(20, 20, 140, 140)))
    np.testing.assert_array_equal(detector.papers[0], square(image, SIZE)[None])
    (only,) = judgement.faces
    assert (only.box, only.square, only.confidence) == ((10, 0, 50, 40), (10, 0, 50, 40), None)
    assert (judgement.whole_image, judgement.verdict, only.verdict) == (True, only.verdict, judgement.verdict)
    assert only.verdict in ("real", "fake")
    assert "cut out" in judgement.note


@pytest.mark.parametrize("found", [face(20, 20, 140, 140, 0.9), face(20, 20, 60, 60)])
def test_what_is_no_sure_face_even_enlarged_has_no_verdict(found):
    judgement = judge(photo(height=40, width=60), Redness(), SIZE, FindsEnlarged(found))
    assert (judgement.verdict, judgement.faces, judgement.whole_image) == (None, (), False)


def test_a_large_picture_is_not_enlarged():
    image = photo(height=int(CROP_SIDE), width=int(CROP_SIDE))
    assert judge(image, Redness(), SIZE, FindsEnlarged(face(20, 20, 140, 140))).verdict is None


@pytest.mark.parametrize("shape", [(40, 60), (300, 400), (300, 300)])
def test_without_a_face_there_is_no_verdict(shape):
    judgement = judge(photo(255, *shape), Redness(), SIZE, Finds())
    assert (judgement.verdict, judgement.faces, judgement.whole_image) == (None, (), False)
    assert judgement.score == 1.0  # for who has to put a number on every photo
    assert judgement.note == "no face was found, so there is no verdict"


def test_a_detectors_own_rule_is_a_note():
    judgement = judge(photo(), Strict(), SIZE, Finds())
    assert (judgement.score, judgement.verdict, judgement.faces) == (1.0, None, ())
    assert not judgement.whole_image
    assert judgement.note.endswith("no verdict; this detector takes that for the sign of a fake")
    assert judge(photo(), Strict(), SIZE, Finds(face(0, 0, 100, 100))).verdict == "real"


def test_a_crowd_is_judged_in_part_and_says_so():
    crowd = [face(0, 0, 60 + i, 60 + i) for i in range(MOST_FACES + 5)]
    judgement = judge(photo(), Redness(), SIZE, Finds(*crowd))
    assert len(judgement.faces) == MOST_FACES
    assert judgement.faces[0].box == crowd[-1].box
    assert f"{MOST_FACES} largest of {MOST_FACES + 5}" in judgement.note


def test_where_it_looked_on_request():
    faces = Finds(face(0, 0, 100, 100), face(100, 0, 180, 80))
    assert [one.heat.max() for one in judge(photo(), Looks(), SIZE, faces, heat=True).faces] == [0, 1]
    assert [one.heat for one in judge(photo(), Looks(), SIZE, faces).faces] == [None, None]
    assert [one.heat for one in judge(photo(), Redness(), SIZE, faces, heat=True).faces] == [None, None]


def test_a_summary_is_json():
    judgement = judge(photo(), Redness(), SIZE, Finds(face(0.123, 0, 100, 100)))
    summary = json.loads(json.dumps(judgement.summary()))
    assert (summary["width"], summary["height"], summary["verdict"]) == (400, 300, "real")
    assert summary["faces"] == [
        {
            "box": [0.1, 0, 100, 100],
            "square": [-29.9, -30.0, 130.1, 130.0],
            "confidence": 1.0,
            "score": 0.0,
            "verdict": "real",
            "refused": None,
        }
    ]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA out of memory")])
def test_out_of_memory_is_no_judgement(error):
    class Huge(Redness):
        def answer(self, paper):
            raise error

    with pytest.raises(OutOfMemory, match="not enough memory to judge the photo"):
        judge(photo(), Huge(), SIZE, Finds())
