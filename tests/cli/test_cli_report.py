"""`arena report` and what `arena show` says in words."""

from __future__ import annotations

import pytest
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
    report("duel", file, home)
    assert "".join(capsys.readouterr().out.split()) == str(file)  # a long path is broken into lines
    assert "Nobody wins" in file.read_text(encoding="utf-8")
    with pytest.raises(ArenaError):
        report("nobody", file, home)


def test_a_round_is_shown_in_words(home, capsys):
    show("duel", 1, home)
    assert capsys.readouterr().out.startswith("Too close to say who won: 25 of 100 fakes got through")
