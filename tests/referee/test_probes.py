from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tiny import pictures

from arena.referee.probes import FEWEST, MOST, PROBES, STRICT, Probed, _wins, probe, spread
from arena.types import Answer, ArenaError, Faces

REALS = pictures(60, size=40)


class Goes:
    """A detector that goes by one number of an image."""

    def __init__(self, by):
        self.by = by

    def answer(self, paper):
        scores = np.array([float(self.by(image.astype(np.float64))) for image in paper])
        return Answer(1 / (1 + np.exp(-scores / 20)), 0.5)


def probed(by, images=REALS, each=1):
    found = probe(Goes(by), Faces(images, np.arange(len(images)) // each))
    return {one.name: one for one in found}


def test_a_blind_detector_is_at_chance_everywhere():
    found = probed(lambda image: 0)
    assert list(found) == list(PROBES)
    assert {one.auroc for one in found.values()} == {0.5}
    assert not any(one.is_shortcut for one in found.values())


def test_who_goes_by_the_light_is_found_out():
    found = probed(lambda image: image.mean())
    assert found["brighter by 20 %"].auroc > 0.7
    assert found["darker by 20 %"].auroc < 0.3
    assert {"brighter by 20 %", "darker by 20 %"} <= {name for name, one in found.items() if one.is_shortcut}
    assert found["mirrored"].auroc == pytest.approx(0.5)
    low, high = found["brighter by 20 %"].interval
    assert 0.5 < low < found["brighter by 20 %"].auroc < high


@pytest.mark.parametrize(("axis", "sign", "name"), [(1, 1, "right"), (1, -1, "left"), (0, 1, "down"), (0, -1, "up")])
def test_who_goes_by_the_place_is_found_out(axis, sign, name):
    def place(image):
        weight = image.sum(2) ** 4
        return sign * 100 * np.average(np.indices(weight.shape)[axis], weights=weight) / 40

    found = probed(place)
    assert found[f"shifted {name}"].auroc > 0.6
    opposite = {"right": "left", "left": "right", "up": "down", "down": "up"}[name]
    assert found[f"shifted {opposite}"].auroc < 0.4
    across = {"right": "up", "left": "up", "up": "left", "down": "left"}[name]
    assert abs(found[f"shifted {across}"].auroc - 0.5) < 0.1


def test_who_goes_by_the_size_is_found_out():
    found = probed(lambda image: 100 * np.mean(image.mean(2) > 100))
    assert found["zoomed x1.2"].auroc > found["zoomed x1.1"].auroc > 0.55
    assert found["zoomed x0.9"].auroc < 0.45


def test_who_goes_by_fine_detail_is_found_out_but_may():
    grainy = (REALS + np.random.default_rng(0).normal(0, 6, REALS.shape)).clip(0, 255).astype(np.uint8)
    found = probed(lambda image: 10 * np.abs(np.diff(image, axis=1)).mean(), grainy)
    assert found["sharpened"].auroc > 0.9
    assert all(found[name].auroc < 0.3 for name in ("blurred", "halved", "JPEG of quality 50"))
    assert not any(found[name].is_shortcut for name in ("sharpened", "blurred", "halved", "JPEG of quality 50"))


def test_a_mirrored_face_is_mirrored():
    found = probed(lambda image: 30 * np.sign(image[:, :20].mean() - image[:, 20:].mean()))
    left = np.mean(REALS[:, :, :20].mean((1, 2, 3)) > REALS[:, :, 20:].mean((1, 2, 3)))
    assert found["mirrored"].auroc == pytest.approx(0.5 + (1 - 2 * left) / 2, abs=0.02)


@pytest.mark.parametrize("size", [16, 64])
@pytest.mark.parametrize("name", PROBES)
def test_a_change_keeps_the_shape(name, size):
    image = pictures(1, size=size)[0]
    changed = PROBES[name](image)
    assert changed.shape == image.shape
    assert changed.dtype == np.uint8


def test_zooming_by_its_definition():
    ramp = np.repeat(np.arange(0, 240, 6, dtype=np.uint8)[None, :, None], 40, 0).repeat(3, 2)
    for factor in (0.9, 1.1, 1.2):
        row = PROBES[f"zoomed x{factor}"](ramp)[20, 10:30, 0].astype(int)
        slope, level = np.polyfit(np.arange(10, 30) - 19.5, row, 1)
        assert slope == pytest.approx(6 / factor, abs=0.1)
        assert level == pytest.approx(6 * 19.5, abs=1)


def test_the_mean_of_the_wins_is_the_auroc():
    rng = np.random.default_rng(0)
    originals, changed = rng.integers(0, 12, 50) / 12, rng.integers(3, 15, 50) / 15
    labels = np.repeat([0, 1], 50)
    expected = roc_auc_score(labels, np.concatenate([originals, changed]))
    assert _wins(originals, changed).mean() == pytest.approx(expected)


def test_faces_of_one_person_are_one_cluster():
    alone = probed(lambda image: image.mean(), REALS)["brighter by 20 %"]
    copies = REALS.repeat(4, 0)
    clustered = probed(lambda image: image.mean(), copies, each=4)["brighter by 20 %"]
    assert clustered.auroc == pytest.approx(alone.auroc, abs=0.01)
    widths = [np.ptp(one.interval) for one in (alone, clustered)]
    assert widths[1] > 0.9 * widths[0]


@pytest.mark.parametrize(("n", "each"), [(FEWEST - 1, 1), (FEWEST, FEWEST)])
def test_too_few_faces_are_an_error(n, each):
    with pytest.raises(ArenaError, match=f"need at least {FEWEST} faces of two people"):
        probed(lambda image: 0, REALS[:n], each)


def test_scores_that_are_known_are_not_asked_for_again():
    detector, faces, asked = Goes(lambda image: image.mean()), Faces(REALS, np.arange(len(REALS))), []
    known = detector.answer(REALS).scores
    expected = probe(detector, faces)
    answer = detector.answer
    detector.answer = lambda paper: asked.append(len(paper)) or answer(paper)
    assert probe(detector, faces, scores=known) == expected
    assert asked == [len(REALS)] * len(PROBES)


def test_progress_is_told_before_each_probe():
    told = []
    probe(Goes(lambda image: 0), Faces(REALS, np.arange(len(REALS))), lambda done, total: told.append((done, total)))
    assert told == [(i, len(PROBES)) for i in range(len(PROBES))]


@pytest.mark.parametrize(("count", "asked"), [(0, 0), (299, 299), (300, 300), (301, 151), (1000, 250)])
def test_a_report_asks_about_some_evenly_spread(count, asked):
    assert len(range(count)[spread(count)]) == asked <= MOST


def test_only_framing_and_light_are_strict():
    assert {name for name in PROBES if name not in STRICT} == {
        "blurred",
        "sharpened",
        "halved",
        "JPEG of quality 75",
        "JPEG of quality 50",
    }
    assert Probed("mirrored", 0.61, (0.5, 0.7), True).is_shortcut
    assert not Probed("mirrored", 0.59, (0.5, 0.7), True).is_shortcut
