from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from arena.faces.coding import Coding, Way, tables_of
from arena.faces.crop.finder import Found
from arena.faces.framing import Framing
from arena.photo.judge import CROP_SIDE, judge
from arena.photo.likeness import MOST_BEYOND, Likeness
from arena.types import Answer

SIZE = 16
POINTS = ((0.34, 0.5), (0.65, 0.5), (0.49, 0.69), (0.36, 0.82), (0.63, 0.82))
FRAMING = Framing(POINTS, ((0.02, 0.02),) * 5, (0.16, 0.15, 0.82, 1.0), 1.0, 96)
CODING = Coding(((Way("JPEG", SIZE, tables_of(30), "4:2:0"), 1.0),), 10)
PNGS = Coding(((Way("PNG"), 1.0),), 10)
FRAMED = {"framing": FRAMING.to_json()}
ORIGIN = {**FRAMED, "coding": CODING.to_json(), "coded": True}


def photo(height=300, width=400):
    y, x = np.mgrid[:height, :width]
    grain = np.random.default_rng(0).normal(0, 20, (height, width))
    return np.stack([y % 256, x % 256, 128 + grain], 2).clip(0, 255).astype(np.uint8)


def face(left, top, side, turn=0.0, score=1.0):
    """A face that fills the square at (left, top), its head turned by an angle in degrees."""
    angle = np.radians(turn)
    about = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = ((np.array(POINTS) - 0.5) @ about.T + 0.5) * side + (left, top)
    box = tuple((np.array(FRAMING.box) * side + (left, top, left, top)).tolist())
    return Found(box, score, points.astype(np.float32))


class Finds:
    def __init__(self, *faces):
        self.faces = sorted(faces, key=lambda one: -one.size)

    def find(self, images):
        return [self.faces for _ in images]


class Remembers:
    """Calls everything half a fake, and remembers what it was shown."""

    threshold, no_face = 0.4, "whole"

    def __init__(self):
        self.papers = []

    def answer(self, paper):
        self.papers.append(paper)
        return Answer(np.full(len(paper), 0.5), self.threshold)


def judged(image, *faces, origin=FRAMED):
    detector = Remembers()
    return judge(image, detector, SIZE, Finds(*faces), origin=origin), detector.papers[0]


def test_a_face_is_cut_by_its_points_in_one_resampling():
    image = photo()
    found, paper = judged(image, face(100, 60, 160))
    assert found.faces[0].square == pytest.approx((100, 60, 260, 220), abs=0.1)  # points are in eighths of a pixel
    expected = Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.LANCZOS, box=found.faces[0].square)
    np.testing.assert_array_equal(paper[0], np.asarray(expected))
    assert (found.verdict, found.faces[0].refused) == ("fake", None)


def test_the_box_decides_nothing():
    wide = face(100, 60, 160)
    other = Found((0.0, 0.0, 399.0, 299.0), 1.0, wide.points)
    np.testing.assert_array_equal(judged(photo(), wide)[1], judged(photo(), other)[1])


def test_beyond_the_edge_lies_the_mirror_image():
    image = photo()
    found, paper = judged(image, face(-20, 60, 160))
    mirrored = np.pad(image, ((0, 0), (100, 0), (0, 0)), mode="symmetric")
    expected = Image.fromarray(mirrored).resize((SIZE, SIZE), Image.Resampling.LANCZOS, box=(80, 60, 240, 220))
    # The square is known to a fraction of a pixel, as landmarks in eighths of one are.
    np.testing.assert_allclose(paper[0].astype(int), np.asarray(expected).astype(int), atol=1)
    assert found.faces[0].square[0] == pytest.approx(-20, abs=0.1)


def test_it_is_coded_as_the_training_faces():
    _, plain = judged(photo(), face(100, 60, 160))
    found, coded = judged(photo(), face(100, 60, 160), origin=ORIGIN)
    buffer = io.BytesIO()
    Image.fromarray(plain[0]).save(buffer, "JPEG", quality=30, subsampling="4:2:0")
    np.testing.assert_array_equal(coded[0], np.asarray(Image.open(buffer)))
    np.testing.assert_array_equal(coded[0], found.faces[0].crop)
    _, uncoded = judged(photo(), face(100, 60, 160), origin={**FRAMED, "coding": PNGS.to_json()})
    np.testing.assert_array_equal(uncoded, plain)


def test_how_a_face_is_coded_depends_on_no_other_face():
    several = Coding(tuple((Way("JPEG", SIZE, tables_of(q), "4:4:4"), 0.1) for q in range(10, 100, 10)), 10)
    origin = {**FRAMED, "coding": several.to_json(), "coded": True}
    faces = [face(20 * i, 15 * i, 160) for i in range(8)]
    _, together = judged(photo(), *faces, origin=origin)
    for one, shown in zip(Finds(*faces).faces, together, strict=True):
        np.testing.assert_array_equal(judged(photo(), one, origin=origin)[1][0], shown)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (face(100, 60, 160, turn=40), "turned or tilted too far"),
        (face(100, 60, 160, turn=180), "turned or tilted too far"),
        (face(-60, 60, 160), "the edge of the photo cuts it off: 38% of what"),
        (face(100, 200, 160), "the edge of the photo cuts it off"),
    ],
)
def test_what_cannot_be_brought_there_is_not_judged(found, sentence):
    judgement, _ = judged(photo(), found)
    (only,) = judgement.faces
    assert sentence in only.refused
    assert (only.score, only.verdict, only.crop, only.square) == (None, None, None, only.box)
    assert (judgement.score, judgement.verdict, judgement.whole_image) == (None, None, False)
    assert judgement.summary()["faces"][0]["refused"] == only.refused


def test_a_face_that_would_have_to_be_enlarged_is_not_judged():
    likeness = Likeness(FRAMING, None, 100)
    assert likeness.objection((0, 0, 80, 80), 200, 200) is None
    assert "79 pixels of the photo would be enlarged to 100" in likeness.objection((0, 0, 79, 79), 200, 200)


def test_a_little_may_lie_beyond_the_edge():
    likeness = Likeness(FRAMING, None, SIZE)
    assert likeness.objection((-99 * MOST_BEYOND, 0, 100 - 99 * MOST_BEYOND, 100), 200, 200) is None
    assert likeness.objection((-101 * MOST_BEYOND, 0, 100 - 101 * MOST_BEYOND, 100), 200, 200) is not None


def test_the_others_are_judged():
    good, small = face(100, 60, 160), face(-60, 60, 180)
    judgement, paper = judged(photo(), good, small)
    assert [one.verdict for one in judgement.faces] == [None, "fake"]
    assert len(paper) == 1
    assert judgement.verdict == "fake"


def test_it_says_what_was_done():
    words = judged(photo(), face(100, 60, 160), origin=ORIGIN)[0].prepared
    assert words.startswith("each face is framed as the training faces are (eyes 31% apart at 50% of the height)")
    assert "coded as they are (JPEG (quality 30, 4:2:0, 16 px) 100 %)" in words
    assert judged(photo(), face(100, 60, 160), origin={})[0].prepared is None


def test_a_photo_without_a_face_is_not_judged():
    judgement, _ = judged(photo())
    assert (judgement.faces, judgement.score, judgement.verdict, judgement.whole_image) == ((), None, None, False)
    assert judgement.note == "no face was found, so there is no verdict"


@pytest.mark.parametrize("shape", [(CROP_SIDE - 1, 300), (200, 200)])
def test_a_picture_that_may_be_a_crop_is_coded_and_scored(shape):
    judgement, paper = judged(photo(*map(int, shape)), origin=ORIGIN)
    assert (judgement.verdict, judgement.whole_image) == (None, False)
    assert judgement.score == 0.5
    np.testing.assert_array_equal(CODING.apply(paper, 0)[0], CODING.apply(CODING.apply(paper, 0), 0)[0])


def test_heat_belongs_to_the_faces_that_were_judged():
    class Looks(Remembers):
        def heat_maps(self, images):
            return np.ones((len(images), SIZE, SIZE), np.float32)

    faces = Finds(face(-60, 60, 180), face(100, 60, 160))
    found = judge(photo(), Looks(), SIZE, faces, heat=True, origin=FRAMED)
    assert [one.heat is None for one in found.faces] == [True, False]
    nobody = judge(photo(), Looks(), SIZE, Finds(face(-60, 60, 180)), heat=True, origin=FRAMED)
    assert nobody.verdict is None
