"""The report of a match: everything is in it, nothing is that may not be shown, and it stays small."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from servedhome import CONFIG, FACTS, new_home, play, play_all

from arena.images import png
from arena.referee.probes import Probed
from arena.results import report
from arena.results.report import MOST_SHEETS, match_report
from arena.results.shortcuts import Shortcuts, keep
from arena.store.home import Home
from arena.store.names import SAMPLES
from arena.types import ArenaError


def content(page):
    (found,) = re.findall(r'id="content">(.*?)</script>', page, re.S)
    return json.loads(found)


def test_story_verdicts_settings_and_how_to_replay_are_in_it(tmp_path):
    home = new_home(tmp_path / "home")
    with pytest.raises(ArenaError, match="no round yet"):
        match_report(home, "duel")
    play_all(home)
    page = match_report(home, "duel")
    assert "Nobody wins: no round was won by more than luck." in page
    assert page.count('<tr id="round-') == 3
    assert "<td>B, too close</td><td>0.750 (" in page
    assert "arena verify duel --replay 2" in page
    assert "<th scope=row>detector.options.width</th><td>2</td>" in page
    assert "/home/somebody" not in page
    assert [sheet["round"] for sheet in content(page)["sheets"]] == [0, 1, 2]
    assert [exam["round"] for exam in content(page)["exams"]] == [1, 2]
    assert "://" not in re.sub(r'<script type="text/plain".*?</script>', "", page, flags=re.S)


def probed(*aurocs):
    names = ("mirrored", "zoomed x1.2", "blurred")
    spread = zip(names, aurocs, (True, True, False), strict=False)
    return tuple(Probed(name, auroc, (auroc - 0.05, auroc + 0.05), strict) for name, auroc, strict in spread)


def test_shortcut_probes_are_told_and_shown(tmp_path):
    home = new_home(tmp_path / "home")
    play_all(home)
    assert "Not asked yet; <code>arena report duel -o duel.html</code> asks." in match_report(home, "duel")
    assert "Nobody knows: the faces are &lt;gone&gt;." in match_report(home, "duel", "the faces are <gone>")
    keep(home, "duel", Shortcuts(2, 300, 120, probed(0.55, 0.75, 0.9)))
    page = match_report(home, "duel", "not said, because somebody knows")
    assert "not said" not in page
    assert "A shortcut: the detector of round 2 tells 300 real faces of 120 people" in page
    assert "from the same faces zoomed x1.2 (0.750), further" in page
    assert "<th scope=row>zoomed x1.2</th><td>0.750 (0.70–0.80)</td><td>a shortcut</td>" in page
    assert "<th scope=row>blurred</th><td>0.900 (0.85–0.95)</td><td></td>" in page
    keep(home, "duel", Shortcuts(1, 300, 120, probed(0.55)))  # of a round that is no longer the last
    assert "Not asked yet" in match_report(home, "duel")


@pytest.mark.parametrize(
    ("aurocs", "begin"),
    [((0.6, 0.4), "No shortcut was found"), ((0.64,), "Perhaps a shortcut"), ((0.3, 0.62), "A shortcut")],
)
def test_a_sentence_says_how_sure_a_shortcut_is(aurocs, begin):
    assert Shortcuts(3, 40, 20, probed(*aurocs)).sentence.startswith(f"{begin}: the detector of round 3 tells 40 real")


def test_an_opening_has_no_detector_to_probe(tmp_path):
    home = new_home(tmp_path / "home")
    play(home, 0)
    assert "framing or light" not in match_report(home, "duel")


def test_fakes_that_may_not_be_shown_are_not_in_it(tmp_path):
    home = Home.create(tmp_path / "home")
    fakes = {"name": "folder", "options": {"path": "/home/somebody/swaps"}}
    home.create_match("swaps", {**CONFIG, "generator": fakes}, FACTS | {"fakes_are": "composite"})
    play(home, 0, "swaps")
    page = match_report(home, "swaps")
    assert "<th scope=row>generator.options.path</th><td>swaps</td>" in page
    assert "/home/somebody" not in page
    assert content(page)["sheets"] == []
    assert "so none of them is in this file" in page
    (home.root / "settings.yaml").write_text("show_real_faces: true")
    assert len(content(match_report(home, "swaps"))["sheets"]) == 1


def test_a_hundred_rounds_take_less_than_ten_megabytes(tmp_path, monkeypatch):
    """With sheets as hard to pack as real ones, which take some 40 kB each."""
    home = new_home(tmp_path / "home", rounds=100)
    for number in range(101):
        play(home, number)
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (1, 128, 128, 3), np.uint8).repeat(4, 1).repeat(4, 2)
    (tmp_path / SAMPLES).write_bytes(png(coarse, "generated"))
    monkeypatch.setattr(report, "sample_sheet", lambda *_: tmp_path / SAMPLES)
    page = match_report(home, "duel")
    sheets = content(page)["sheets"]
    assert len(sheets) == MOST_SHEETS
    assert len(sheets[0]["image"]) > 50_000
    assert len(page.encode()) < 10_000_000
