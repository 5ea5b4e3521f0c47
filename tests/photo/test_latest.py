from __future__ import annotations

import pytest
from servedhome import CONFIG, FACTS, SIZE, new_home, new_match, play, play_all

from arena.photo.latest import NoDetector, chosen_detector
from arena.store.follow import Follower


@pytest.fixture
def home(tmp_path):
    return new_home(tmp_path / "home")


def chosen(home, *place):
    ledger = Follower(home.root)
    ledger.refresh()
    try:
        return chosen_detector(ledger, *place)
    finally:
        ledger.close()


def test_the_detector_that_played_last(home):
    play_all(home)
    new_match(home, "newer")
    play(home, 0, "newer")  # an opening is no round that a detector has played
    found = chosen(home)
    assert (found.match, found.round, found.contender, found.image_size) == ("duel", 2, "cnn", SIZE)
    assert (found.threshold, found.faces, found.synthetic) == (0.5, "photos.zip", False)
    assert found.snapshot == home.round_folder("duel", 2) / "detector.snapshot.safetensors"
    play(home, 1, "newer")
    assert (chosen(home).match, chosen(home).round) == ("newer", 1)
    assert (chosen(home, "duel").match, chosen(home, "duel").round) == ("duel", 2)


def test_a_detector_of_a_round(home):
    play_all(home)
    assert chosen(home, "duel", 1).round == 1
    assert chosen(home, None, 1).snapshot.parent == home.round_folder("duel", 1)


def test_a_detector_of_drawn_faces_is_known_as_such(home):
    facts = FACTS | {"faces": FACTS["faces"] | {"synthetic": True}}
    home.create_match("drawn", CONFIG | {"faces": "procedural"}, facts)
    for number in range(2):
        play(home, number, "drawn")
    assert (chosen(home).faces, chosen(home).synthetic) == ("procedural", True)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ((), "no detector has played a round yet"),
        (("nobody",), "no match named 'nobody'; known: duel"),
        (("duel",), "no detector has played a round of duel yet"),
    ],
)
def test_nobody_to_judge(home, place, sentence):
    play(home, 0)
    with pytest.raises(NoDetector, match=sentence):
        chosen(home, *place)


@pytest.mark.parametrize("number", [0, 3])
def test_a_round_that_no_detector_has_played(home, number):
    play_all(home)
    with pytest.raises(NoDetector, match=f"rounds 1 to 2 of duel, not {number}"):
        chosen(home, "duel", number)
