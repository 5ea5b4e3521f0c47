from __future__ import annotations

import numpy as np
import pytest

from arena.referee.blind import (
    BlindTest,
    Count,
    Shown,
    Tally,
    Vote,
    counted,
    detectors_tally,
    draw_images,
    tally,
    visitors_tally,
)
from arena.referee.exam import ExamRecord, draw_paper


def exam(size=60):
    paper = draw_paper(np.arange(100), size, 5)
    return ExamRecord(paper.labels, np.linspace(0, 1, size), 0.5, paper.order, paper.real_indices, 5)


def test_ten_of_each_kind_no_image_twice_with_the_exams_own_truth_and_scores():
    record = exam()
    images = draw_images(record, 1)
    assert (len(images), sum(image.fake for image in images)) == (20, 10)
    assert len({image.place for image in images}) == 20
    for image in images:
        assert (image.fake, image.score) == (record.labels[image.place] == 1, record.scores[image.place])


def test_the_order_tells_nothing():
    draws = [draw_images(exam(), seed) for seed in range(200)]
    fakes_by_position = np.sum([[image.fake for image in images] for images in draws], axis=0)
    # 200 tosses of a fair coin 20 times: outside of 60 to 140 once in 10^8 draws.
    assert fakes_by_position.min() > 60
    assert fakes_by_position.max() < 140
    assert draw_images(exam(), 1) != draw_images(exam(), 2)
    assert draw_images(exam(), 1) == draw_images(exam(), 1)


def test_a_small_exam_gives_a_small_test():
    assert sum(not image.fake for image in draw_images(exam(8), 1)) == 4


def blind_test(*images, threshold=0.5, match="m"):
    return BlindTest("x", match, 1, threshold, tuple(Shown(i, *image) for i, image in enumerate(images)))


def test_a_vote_in_numbers():
    test = blind_test((True, 0.9), (True, 0.1), (False, 0.5), (False, 0.2))
    assert test.detector_called_fake == (True, False, True, False)  # from the threshold on
    assert counted(Vote(test, (True, True, True, False))) == Count("m", 1, images=4, visitor=3, detector=2)


def test_a_vote_names_every_image():
    with pytest.raises(ValueError, match="longer"):
        counted(Vote(blind_test((True, 0.9), (False, 0.1)), (True,)))


def test_tallies_add_up_over_tests():
    counts = [Count("m", 1, 20, 13, 19), Count("n", 2, 20, 7, 20)]
    assert (visitors_tally(counts).votes, visitors_tally(counts).right) == (40, 20)
    assert detectors_tally(counts).accuracy == 39 / 40


def test_a_tally_has_wilsons_interval():
    # 10 of 20 at 95 %: centre 1/2, half width z sqrt(1/80 + z^2/1600) / (1 + z^2/20) with z = 1.959964
    found = tally(20, 10)
    assert (found.accuracy, found.low, found.high) == (
        0.5,
        pytest.approx(0.2993, abs=1e-4),
        pytest.approx(0.7007, abs=1e-4),
    )


def test_no_votes_are_no_accuracy():
    assert visitors_tally([]) == detectors_tally([]) == Tally(0, 0, None, None, None)
