from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from matches import played, reopened, start, tiny

from arena.cli.look import _pruned
from arena.photo.latest import NoDetector, chosen_detector
from arena.play.match import play_more
from arena.play.verify import replay, verify
from arena.referee.verdict import verdict
from arena.store.follow import Follower
from arena.store.names import GALLERY, SNAPSHOT
from arena.store.prune import Keep, in_words, prune, pruned_files
from arena.store.record import RoundRecord
from arena.types import Answer, ArenaError


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A finished match of four rounds, of which the second is the detector's best."""
    root = tmp_path_factory.mktemp("whole") / "home"
    match = start(root, tiny(rounds=4))
    played(match)
    with match.home.transaction() as ledger:
        for number, accuracy in ((1, 0.5), (2, 0.9), (3, 0.6), (4, 0.55)):
            query = "UPDATE round SET record = json_set(record, '$.accuracy', ?) WHERE number = ?"
            ledger.execute(query, (accuracy, number))
    match.home.close()
    return root


@pytest.fixture
def match(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "home")
    return reopened(tmp_path / "home")


def present(match, name):
    return [n for n in range(5) if (match.home.round_folder("tiny", n) / name).exists()]


def damaged(match):
    """Findings about files; the accuracies above are not those of the exams."""
    return [finding for _, found in verify(match) for finding in found if finding.file]


def test_weights_and_galleries_go_and_verdicts_stay(match):
    records = match.home.records("tiny")
    done = prune(match.home, "tiny", Keep.parse("last:1,best:1"))
    assert (done.rounds, done.galleries_stay) == ((0, 1, 3), False)
    assert done.bytes > 0
    for name in (GALLERY, SNAPSHOT.format(role="generator"), SNAPSHOT.format(role="detector")):
        assert present(match, name) == [2, 4]
    assert match.home.records("tiny") == records
    assert present(match, "exam.safetensors") == present(match, "fakes.npy") == [1, 2, 3, 4]
    assert present(match, "samples.png") == [0, 1, 2, 3, 4]
    assert damaged(match) == []
    assert _pruned(match.home, "tiny") == {"weights and galleries": [0, 1, 3]}
    (match.home.round_folder("tiny", 2) / GALLERY).unlink()  # which nobody has pruned
    assert [(f.round, f.file) for f in damaged(match)] == [(2, GALLERY)]


def test_what_needs_what_is_gone_is_refused_in_one_sentence(match):
    prune(match.home, "tiny", Keep.parse("last:2"))
    with pytest.raises(ArenaError, match="round 1 of tiny was pruned: its weights are gone"):
        replay(match, 1)
    assert replay(match, 4) == []
    with pytest.raises(ArenaError, match=r"tiny cannot go on: the galleries .* were pruned"):
        play_more(match, 1)
    ledger = Follower(match.home.root)
    ledger.refresh()
    with pytest.raises(NoDetector, match="the weights of round 2 of tiny were pruned"):
        chosen_detector(ledger, "tiny", 2)
    assert chosen_detector(ledger, "tiny").round == 4


def test_a_match_that_is_not_over_keeps_its_galleries_and_goes_on(match):
    longer = play_more(match, 1)
    done = prune(match.home, "tiny", Keep())
    assert (done.rounds, done.galleries_stay) == ((0, 1, 2, 3), True)
    assert present(match, GALLERY) == [0, 1, 2, 3, 4]
    assert [record.round for record in played(longer).rounds] == [5]
    assert damaged(match) == []


def test_pruning_again_removes_what_a_stop_has_left(match, monkeypatch):
    def stop(path, missing_ok=False):
        raise OSError(5, "the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", stop)
        with pytest.raises(ArenaError, match="the disk is gone"):
            prune(match.home, "tiny", Keep())
    assert list(pruned_files(match.home, "tiny")) == [0]
    assert damaged(match) == []
    assert prune(match.home, "tiny", Keep()).rounds == (0, 1, 2, 3)
    assert prune(match.home, "tiny", Keep()).rounds == ()
    assert present(match, GALLERY) == [4]


def test_a_match_that_is_played_is_left_alone(match):
    with match.home.lock("tiny"), pytest.raises(ArenaError, match="being played"):
        prune(reopened(match.home.root).home, "tiny", Keep())
    assert present(match, GALLERY) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "keep"),
    [("last:2,best:1", Keep(2, 1)), ("best:3", Keep(1, 3)), ("last:0", Keep(1, 0)), (" last:5 , best:0", Keep(5, 0))],
)
def test_what_to_keep(text, keep):
    assert Keep.parse(text) == keep


@pytest.mark.parametrize("text", ["", "last", "last:-1", "last:1,last:2", "first:1", "last:x", "last:1,"])
def test_nonsense_is_refused(text):
    with pytest.raises(ArenaError, match="--keep takes last:N, best:N or both"):
        Keep.parse(text)


def test_rounds_in_words():
    assert in_words([7, 0, 1, 2, 5]) == "0-2, 5, 7"
    assert in_words([]) == ""


def made_up(number, accuracy):
    """A round whose detector was so accurate; None for the opening."""
    labels = np.array([0, 0, 1, 1], np.int8)
    judged = None if accuracy is None else replace(verdict(labels, Answer(labels / 2.0, 0.4)), accuracy=accuracy)
    return RoundRecord("tiny", number, "dcgan", "cnn", judged, {})


def test_of_equals_the_later_round_is_the_best():
    records = [made_up(0, None), *(made_up(n, a) for n, a in ((1, 0.9), (2, 0.9), (3, 0.5)))]
    assert Keep(last=1, best=1).rounds(records) == {2, 3}
    assert Keep(last=9, best=9).rounds(records) == {0, 1, 2, 3}
