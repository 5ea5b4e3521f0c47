"""Shortcut probes of a match: of its last detector, on the referee's faces, once; or one sentence why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matches import played, start, tiny
from scripted import StampReader

from arena.faces.sets.cache import open_cache
from arena.play import shortcuts
from arena.play.parts import split_match
from arena.play.shortcuts import last_probed
from arena.referee.probes import PROBES
from arena.registry import register
from arena.store.names import PROBES as KEPT
from arena.types import Answer, ArenaError


@register("detector", "by-light")
class ByLight(StampReader):
    """Goes by the light: the worst that a detector can do."""

    def answer(self, paper):
        return Answer(paper.mean(axis=(1, 2, 3)) / 255, 0.5)


def match_of(tmp_path, detector, rounds=1):
    match = start(tmp_path / "home", tiny("stamper", detector, rounds=rounds))
    played(match)
    return match


def test_who_goes_by_the_light_is_found_out(tmp_path):
    found = last_probed((match := match_of(tmp_path, "by-light")).home, match.name)
    assert [one.name for one in found.probed] == list(PROBES)
    assert found.sentence.startswith("A shortcut: the detector of round 1 tells ")
    assert "brighter by 20 % (" in found.sentence
    assert "mirrored" not in found.sentence


def test_who_goes_by_nothing_of_the_kind_is_not(tmp_path):
    found = last_probed((match := match_of(tmp_path, "stamp-reader", rounds=2)).home, match.name)
    assert found.round == 2
    assert found.sentence.startswith("No shortcut was found: the detector of round 2 ")


def test_it_is_asked_about_the_referees_faces_and_only_once(tmp_path, monkeypatch):
    match, asked = match_of(tmp_path, "by-light"), []

    def watched(detector, faces, on_progress):
        asked.append(faces)
        return probe(detector, faces, on_progress)

    probe = shortcuts.probe
    monkeypatch.setattr(shortcuts, "probe", watched)
    first = last_probed(match.home, match.name)
    assert last_probed(match.home, match.name) == first
    faces = open_cache(match.faces)
    exam = split_match(faces, match.home.faces, match.config.dump(), match.facts["faces"]).exam
    (only,) = asked
    np.testing.assert_array_equal(only.images, faces.images[exam])
    assert (first.faces, first.people) == (len(exam), len(np.unique(faces.identities[exam])))
    (match.home.match_folder(match.name) / KEPT).write_text("{")
    assert last_probed(match.home, match.name) == first
    assert len(asked) == 2


def cut(path):
    path.write_bytes(path.read_bytes()[:-9])


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda match: next(Path(match.home.root).rglob("0001/detector.snap*")).unlink(), "are gone or damaged"),
        (lambda match: cut(next(Path(match.home.root).rglob("0001/detector.snap*"))), "are gone or damaged"),
        (lambda match: match.faces.unlink(), "are gone; decode them with: arena resume tiny"),
        (lambda match: match.home.rows("DELETE FROM round WHERE number > 0"), "no detector has played a round of tiny"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence_without_a_folder(tmp_path, harm, sentence):
    match = match_of(tmp_path, "stamp-reader")
    harm(match)
    with pytest.raises(ArenaError, match=sentence) as error:
        last_probed(match.home, match.name)
    assert str(tmp_path) not in str(error.value)


def test_too_few_people_are_one_sentence(tmp_path, monkeypatch):
    match = match_of(tmp_path, "stamp-reader")
    monkeypatch.setattr("arena.referee.probes.FEWEST", 1000)
    with pytest.raises(ArenaError, match=r"at least 1000 faces of two people, not \d+ of \d+"):
        last_probed(match.home, match.name)
