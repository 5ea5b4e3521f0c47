"""`arena report` and what `arena show` says in words."""

from __future__ import annotations

import pytest
from matches import played, start, tiny
from scripted import StampReader  # noqa: F401 - registers it
from servedhome import new_home, play_all

from arena.cli.look import show
from arena.cli.report import report
from arena.types import ArenaError


@pytest.fixture
def home(tmp_path):
    home = new_home(tmp_path / "home")
    play_all(home)
    home.close()
    return home.root


def test_a_match_becomes_one_file(home, tmp_path, capsys):
    file = tmp_path / "duel.html"
    report("duel", file, home=home)
    out, err = capsys.readouterr()
    assert "".join(out.split()) == str(file)  # a long path is broken into lines
    assert err.startswith("the report goes without shortcut probes: the detector's weights of round 2 of duel are gone")
    page = file.read_text(encoding="utf-8")
    assert "Nobody wins" in page
    assert "Nobody knows: the detector&#x27;s weights of round 2 of duel are gone or damaged." in page
    with pytest.raises(ArenaError):
        report("nobody", file, home=home)


def test_the_last_detector_is_probed_unless_told_otherwise(tmp_path, capsys):
    played(start(tmp_path / "home", tiny("stamper", "stamp-reader", rounds=1)))
    for probes, said in ((False, "Not asked yet"), (True, "No shortcut was found: the detector of round 1")):
        report("tiny", tmp_path / "tiny.html", probes, tmp_path / "home")
        assert said in (tmp_path / "tiny.html").read_text(encoding="utf-8")
        assert (said in capsys.readouterr().err) == probes


def test_a_round_is_shown_in_words(home, capsys):
    show("duel", 1, home)
    assert capsys.readouterr().out.startswith("Too close to say who won: 25 of 100 fakes got through")
