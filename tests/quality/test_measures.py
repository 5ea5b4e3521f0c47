"""Measures on fakes of which one knows how good they are: copies, blur, noise, few faces, the same distribution."""

import numpy as np
import pytest

from arena.faces.procedural import render
from arena.quality import measure as measuring
from arena.quality.jackknife import FEWEST, share
from arena.quality.measure import face_finder, measure, one_face, quality, refer
from arena.quality.result import Quality
from arena.types import ArenaError

N = 120


def faces(seed, n=N, size=64):
    return render(seed, np.arange(n), np.zeros(n, np.int64), size)


@pytest.fixture(scope="module")
def finder():
    return face_finder()


@pytest.fixture(scope="module")
def reference(finder):
    return refer(faces(1), finder)


@pytest.fixture(scope="module")
def blurred(finder, reference):
    images = faces(2).astype(np.float64)
    for axis in (1, 2):
        images = (np.roll(images, 1, axis) + 2 * images + np.roll(images, -1, axis)) / 4
    return measure(images.round().astype(np.uint8), reference, finder, search=40)


@pytest.fixture(scope="module")
def noise(finder, reference):
    images = np.random.default_rng(0).integers(0, 256, (N, 64, 64, 3)).astype(np.uint8)
    return measure(images, reference, finder, search=40)


def test_faces_of_the_same_kind_are_as_good_as_the_reals(finder, reference):
    found = measure(faces(2), reference, finder, search=40)
    assert found.one_face.value >= 0.9
    assert found.onet_kid.low <= 0 <= found.onet_kid.high
    assert found.spectrum.value < 1.5
    for name in ("diversity", "nearest"):
        assert getattr(found, name).value == pytest.approx(1, abs=0.15), name
    assert set(found.estimates) == {*measuring.ONET, "spectrum", "fine_detail"}


def test_blur_is_seen(blurred):
    assert blurred.fine_detail.high < -5
    assert blurred.spectrum.low > 3


def test_noise_is_no_face_and_far_from_all(noise):
    assert noise.one_face.value == 0
    assert noise.one_face.high < 0.1
    assert noise.onet_kid.low > 1
    assert noise.onet_frechet.low > 10
    assert noise.fine_detail.low > 3
    assert noise.nearest.low > 1.5


def test_copies_are_near(finder, reference):
    found = measure(faces(1)[::-1], reference, finder, search=0)
    assert found.nearest.value == pytest.approx(0, abs=1e-3)
    assert found.onet_kid.value <= 0
    assert found.one_face is None


def test_one_face_again_and_again_is_not_diverse(finder, reference):
    few = np.repeat(faces(2, 2), N // 2, axis=0)
    assert measure(few, reference, finder, search=0).diversity.high < 0.9


def test_every_measure_has_an_interval_around_it(blurred, noise):
    for found in (blurred, noise):
        for name, estimate in found.estimates.items():
            assert estimate.low <= estimate.value <= estimate.high, name
            assert estimate.n == (40 if name == "one_face" else N)


def test_the_same_images_give_the_same_numbers():
    images, reals = faces(2, FEWEST), faces(1, FEWEST)
    assert quality(images, reals, search=2) == quality(images.copy(), reals.copy(), search=2)


def test_a_quality_is_what_its_json_says(blurred):
    assert Quality.from_json(blurred.to_json()) == blurred
    assert blurred.to_json()["biased"]
    assert "inception_fid" not in blurred.to_json()
    assert Quality.from_json({**blurred.to_json(), "of_tomorrow": 1}) == blurred


def test_without_the_face_detector_the_rest_is_measured(monkeypatch):
    monkeypatch.setattr(measuring, "find_spec", lambda name: None)
    found = quality(faces(2, 30), faces(1, 30))
    assert set(found.estimates) == {"spectrum", "fine_detail"}
    assert set(found.missing) == set(measuring.ONET)
    assert "facenet-pytorch" in found.missing["one_face"]


def test_16_px_and_large_images_can_be_measured(finder):
    for size in (16, 176):
        found = measure(faces(2, 24, size), refer(faces(1, 24, size), finder), finder, search=4)
        assert found.spectrum.n == 24
        assert np.isfinite(found.onet_kid.value)


@pytest.mark.parametrize(("fakes", "reals"), [(FEWEST - 1, FEWEST), (FEWEST, FEWEST - 1), (0, FEWEST)])
def test_too_few_images_are_an_error(fakes, reals):
    with pytest.raises(ArenaError, match=f"at least {FEWEST} (fakes|real faces) are needed"):
        quality(faces(2, max(fakes, 1))[:fakes], faces(1, reals))


def test_images_of_another_size_are_an_error():
    with pytest.raises(ArenaError, match="fakes of 16 px cannot be compared with real faces of 32 px"):
        quality(faces(2, FEWEST, 16), faces(1, FEWEST, 32))


def test_a_face_that_is_found_twice_or_hardly_is_none(monkeypatch):
    class Finder:
        def find(self, images):
            assert all(image.shape == (160, 160, 3) for image in images)
            return [
                [type("Found", (), {"score": score}) for score in scores]
                for scores in ([0.95], [0.95, 0.8], [0.89], [])
            ]

    found = one_face(np.zeros((4, 64, 64, 3), np.uint8), Finder(), 10)
    assert (found.value, found.n) == (0.25, 4)


def test_wilson_by_hand():
    found = share(61, 100)
    assert (round(found.low, 3), round(found.high, 3)) == (0.512, 0.700)  # Newcombe's calculator
    assert (share(0, 9).low, share(9, 9).high) == (0, 1)
