"""A video's score from its faces', by numbers worked out by hand."""

import pytest

from arena.photo.aggregate import overall


def test_the_trimmed_mean_leaves_out_five_at_each_end():
    # Of 13 sorted scores the middle three are 0.2, 0.3 and 0.7: their mean is 0.4.
    scores = [0.7, 1, 1, 1, 1, 1, 0.3, 0, 0, 0, 0, 0, 0.2]
    found = overall(scores, "trimmed-mean")
    assert (found.score, found.held, found.note) == (pytest.approx(0.4), pytest.approx(0.4), None)


def test_of_twelve_faces_two_count():
    found = overall([0] * 5 + [0.5, 0.9] + [1] * 5, "trimmed-mean")
    assert found.score == pytest.approx(0.7)


@pytest.mark.parametrize(("level", "score"), [(0.0, 0.01), (0.005, 0.01), (0.02, 0.02), (0.995, 0.99), (1.0, 0.99)])
def test_the_trimmed_mean_is_never_certain(level, score):
    found = overall([level] * 20, "trimmed-mean")
    assert (found.score, found.held) == (pytest.approx(score), pytest.approx(level))


@pytest.mark.parametrize(("faces", "words"), [(0, "there are 0 faces"), (1, "there are 1 face"), (11, "11 faces")])
def test_eleven_faces_or_fewer_say_nothing(faces, words):
    found = overall([1.0] * faces, "trimmed-mean")
    assert (found.score, found.held) == (0.5, None)
    assert "needs 12 faces" in found.note
    assert words in found.note


def test_mean_and_maximum_of_all():
    scores = [0.0, 0.25, 1.0, 0.75]
    assert overall(scores, "mean").score == 0.5
    assert overall(scores, "max").score == 1.0
    assert overall([0.25], "mean").held == 0.25


@pytest.mark.parametrize("rule", ["mean", "max"])
def test_without_a_face_there_is_no_mean(rule):
    found = overall([], rule)
    assert (found.score, found.held) == (None, None)
    assert "no face" in found.note
