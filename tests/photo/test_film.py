"""Judging the frames of a video, with a finder and a detector whose answers are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from arena.faces.crop.finder import Found
from arena.faces.crop.video import Frame
from arena.faces.decode import Unusable
from arena.photo import film as films
from arena.photo.film import batches, judge_film
from arena.types import Answer

SIZE = 16
FACE = Found((100.0, 100.0, 200.0, 200.0), 1.0, np.zeros((5, 2), np.float32))
SMALL = Found((0.0, 0.0, 49.0, 49.0), 1.0, np.zeros((5, 2), np.float32))


class Finds:
    """Finds one face in every frame that is not black, and counts how many frames it holds at once."""

    def __init__(self):
        self.batches = []

    def find(self, images):
        self.batches.append(len(images))
        return [[FACE, SMALL] if image.any() else [] for image in images]


class Redness:
    """The redder, the faker."""

    def __init__(self, threshold=0.5, photo_threshold=None):
        self.thresholds = threshold, photo_threshold

    def answer(self, paper):
        return Answer(paper[..., 0].mean((1, 2)) / 255, *self.thresholds)


def frames(*levels, size=300):
    for i, level in enumerate(levels):
        image = np.zeros((size, size, 3), np.uint8)
        image[..., 0] = level
        yield Frame(i, i / 25, image)


def test_a_score_of_all_its_frames():
    seen = []
    found = judge_film(frames(*[51] * 10, *[204] * 10), Redness(), SIZE, Finds(), on_seen=lambda s, n: seen.extend(s))
    assert (found.frames, found.faces, found.judged, found.broken, found.note) == (20, 20, 20, None, None)
    assert (found.score, found.verdict) == (pytest.approx(0.5), "fake")  # five of 0.2 and five of 0.8
    assert [(one.frame, one.seconds) for one in seen] == [(i, i / 25) for i in range(20)]
    assert seen[3].summary() == {
        "frame": 3,
        "seconds": 0.12,
        "box": [100, 100, 200, 200],
        "square": [70, 70, 230, 230],
        "confidence": 1.0,
        "score": pytest.approx(0.2),
        "verdict": "real",
        "refused": None,
    }


@pytest.mark.parametrize(("rule", "score"), [("mean", 0.25), ("max", 1.0)])
def test_other_rules(rule, score):
    found = judge_film(frames(255, 0, 1, 1, 1), Redness(), SIZE, Finds(), rule=rule)
    assert (found.frames, found.faces, found.rule) == (5, 4, rule)
    assert found.score == pytest.approx(score, abs=0.01)


def test_the_verdict_is_that_of_the_threshold_for_photos():
    clip = [153] * 20  # 0.6
    assert judge_film(frames(*clip), Redness(0.5, 0.7), SIZE, Finds()).verdict == "real"
    found = judge_film(frames(*clip), Redness(0.7, 0.5), SIZE, Finds())
    assert (found.verdict, found.threshold) == ("fake", 0.5)


def test_clamping_the_score_does_not_hide_a_fake():
    found = judge_film(frames(*[255] * 20), Redness(0.995), SIZE, Finds())
    assert (found.score, found.verdict) == (0.99, "fake")


def test_few_faces_cannot_say():
    found = judge_film(frames(*[255] * 11), Redness(), SIZE, Finds())
    assert (found.score, found.verdict, found.judged) == (0.5, "cannot say", 11)
    assert "needs 12 faces that can be judged, and there are 11 faces" in found.note


def test_a_video_without_faces():
    found = judge_film(frames(*[0] * 20), Redness(), SIZE, Finds())
    assert (found.faces, found.score, found.verdict, found.threshold) == (0, 0.5, "cannot say", None)


@pytest.mark.parametrize("together", [1, 3, 16])
def test_scores_do_not_hang_on_the_batch(together, monkeypatch):
    levels = np.random.default_rng(0).integers(1, 256, 40).tolist()
    monkeypatch.setattr(films, "_FRAMES", together)
    scores = []
    finder = Finds()
    found = judge_film(
        frames(*levels), Redness(), SIZE, finder, on_seen=lambda s, n: scores.extend(one.face.score for one in s)
    )
    assert max(finder.batches) == together
    assert scores == pytest.approx([level / 255 for level in levels])
    assert found.score == pytest.approx(np.mean(sorted(levels)[5:-5]) / 255)


def test_only_a_batch_of_frames_is_held():
    """However long the clip: no frame is read before those of the batch before are forgotten."""
    held = set()

    class Watched(np.ndarray):
        def __del__(self):
            held.discard(id(self))

    def endless():
        for i in range(200):
            image = np.ones((200, 200, 3), np.uint8).view(Watched)
            held.add(id(image))
            most.append(len(held))
            yield Frame(i, None, image)
            del image

    most = []
    assert judge_film(endless(), Redness(), SIZE, Finds()).frames == 200
    assert max(most[100:]) == max(most[:100]) <= 2 * 16 + 1


def test_freed_memory_is_given_back_after_every_batch(monkeypatch):
    given = []
    monkeypatch.setattr(films, "give_back", lambda: given.append(1))
    finder = Finds()
    judge_film(frames(*[200] * 40), Redness(), SIZE, finder)
    assert len(given) == len(finder.batches) == 3


def test_large_frames_come_in_smaller_batches():
    assert [len(batch) for batch in batches(frames(*[1] * 20, size=64))] == [16, 4]
    assert [len(batch) for batch in batches(frames(*[1] * 5, size=2900))] == [1] * 5


def test_what_comes_before_the_break_is_judged():
    def cut_short():
        yield from itertools.islice(frames(*[255] * 40), 21)
        raise Unusable("truncated")

    found = judge_film(cut_short(), Redness(), SIZE, Finds())
    assert (found.frames, found.score, found.broken) == (21, 0.99, "truncated")
    assert found.note == "it is truncated: only its first frames were judged"


def test_what_is_no_video_at_all_is_unusable():
    def nothing():
        raise Unusable("no video in it")
        yield

    with pytest.raises(Unusable, match="no video"):
        judge_film(nothing(), Redness(), SIZE, Finds())
