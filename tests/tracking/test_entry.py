from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matchfiles import CONFIG, entry_of, new_home, picture, play, play_all

from arena.images import png
from arena.quality.result import Estimate, Quality
from arena.store.outbox import errands_of
from arena.tracking.entry import MOST_SHOWN, Point, params, points, slider_files
from arena.tracking.note import ROWS, note
from arena.types import CurvePoint


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = new_home(tmp_path_factory.mktemp("scripted") / "home")
    play_all(home)
    yield home
    home.close()


def told(home, index, newest=False):
    return entry_of(home, errands_of(home, "duel")[index], newest)


def charted(book):
    """The rounds whose exams are in a book of charts."""
    (content,) = re.findall(r'id="content">(.*?)</script>', book.decode())
    return [exam["round"] for exam in json.loads(content)["exams"]]


def test_quality_is_a_metric_of_the_round(home):
    (record,) = home.records("duel", after=1, most=1)
    assert not [point for point in points(record, {"A": 0, "B": 0}) if point.key.startswith("quality/")]
    measured = replace(record, quality=Quality(50, 50, one_face=Estimate(0.5, 0.4, 0.6, 50)))
    assert Point("quality/one_face", 0.5, 2) in points(measured, {"A": 0, "B": 0})


def test_params_are_flat_and_say_who_plays_with_what():
    assert params(CONFIG) == {
        "faces": "procedural:60",
        "false_alarm_rate": "0.05",
        "gallery": "10",
        "image_size": "8",
        "knowledge": "whitebox",
        "reservoir": "20",
        "rounds": "2",
        "seed": "7",
        "parts": "[0.5, 0.35, 0.15]",
        "device": "auto",
        "precision": "auto",
        "exam.size": "20",
        "exam.significance": "0.05",
        "exam.win_accuracy": "0.5",
        "exam.marking": "half",
        "generator": "dcgan",
        "generator.width": "4",
        "detector": "cnn",
        "detector.width": "2",
    }


def test_start_of_a_match_has_the_settings_and_no_points(home):
    start = told(home, 0)
    assert start.params["generator.width"] == "4"
    assert start.points == ()
    assert json.loads(start.files["match.json"])["config"] == CONFIG
    assert start.tags["score"] == "A 0 : 0 B"
    assert start.tags["winner"] == "even"
    assert start.tags["faces.synthetic"] == "true"


def test_opening_has_curves_times_and_samples_but_no_exam(home):
    opening = told(home, 1)
    assert sorted(opening.points, key=lambda p: p.key) == [
        Point("system/referee/cpu_seconds", 0.5, 0),
        Point("time/generator_seconds", 1.5, 0),
        Point("time/round_seconds", 3.25, 0),
        Point("train/generator/loss", 0.75, 50),
    ]
    assert len(opening.files) == 2
    assert opening.params == {}


def test_round_has_the_exam_by_round_and_the_losses_by_images(home):
    points = {p.key: (p.value, p.step) for p in told(home, 3).points}
    assert points["exam/accuracy"] == (0.0, 2)
    assert points["exam/auroc"] == (0.0, 2)
    assert points["exam/threshold"] == (0.5, 2)
    assert points["interval/accuracy_low"] == (0.0, 2)
    assert points["score/winner_is_b"] == (0.0, 2)
    assert (points["score/clear_wins_a"], points["score/clear_wins_b"]) == ((1.0, 2), (1.0, 2))
    assert (points["in_use/fakes_caught"], points["in_use/false_alarm_rate"]) == ((0.0, 2), (1.0, 2))
    assert (points["exam/people"], points["exam/resolution"]) == ((10.0, 2), (pytest.approx(0.3), 2))
    assert points["train/detector/loss"] == (0.75, 250)
    assert {key.split("/")[0] for key in points} == {"exam", "in_use", "interval", "score", "system", "time", "train"}


def test_entry_does_not_look_ahead(home):
    first = told(home, 2)
    assert first.tags["score"] == "A 0 : 1 B"
    assert first.tags["winner"] == "B"
    assert "| 1 |" in first.tags["mlflow.note.content"]
    assert "| 2 |" not in first.tags["mlflow.note.content"]


def test_the_newest_errand_alone_brings_the_charts_so_far(home):
    assert [told(home, index).files.get("charts.html") for index in range(5)] == [None] * 5
    books = [told(home, index, newest=True).files.get("charts.html") for index in range(5)]
    assert books[:2] == [None, None]
    assert [charted(book) for book in books[2:]] == [[1], [1, 2], [1, 2]]
    assert b"<h1>duel: A 0 : 1 B</h1>" in books[2]
    assert books[3] == books[4] == told(home, 4, newest=True).files["charts.html"]


def test_the_end_has_a_film(home):
    end = told(home, 4)
    assert set(end.files) == {"samples.gif"}
    assert picture(end.files["samples.gif"]).n_frames == 3


def test_samples_keep_their_mark_and_are_named_for_the_slider(home):
    files = told(home, 2).files
    images = {name: data for name, data in files.items() if name.startswith("images/")}
    stem = f"images/samples+step+1+timestamp+{errands_of(home, 'duel')[2].enqueued_ms}+"
    assert all(name.startswith(stem) for name in images)
    full, small = sorted(images, key=lambda name: name.endswith(".webp"))
    assert small == full.removesuffix(".png") + "+compressed.webp"
    sheet = (home.round_folder("duel", 1) / "samples.png").read_bytes()
    assert images[full] == sheet
    assert b"trainedAlgorithmicMedia" in images[small]


def test_sheets_of_fakes_that_show_people_are_told_only_where_the_owner_allows_it(tmp_path):
    home = new_home(tmp_path / "home")
    change = "UPDATE match SET facts = json_set(facts, '$.fakes_are', 'composite', '$.faces.synthetic', json('false'))"
    with home.transaction() as ledger:
        ledger.execute(change)
    play_all(home)
    settings = tmp_path / "home/settings.yaml"
    for text in ("", "show_real_faces: maybe\n"):
        settings.write_text(text)
        files = {name for index in range(5) for name in told(home, index, newest=True).files}
        assert files == {"match.json", "charts.html"}
    assert "owner allows it" in told(home, 4).tags["mlflow.note.content"]
    settings.write_text("show_real_faces: true\n")
    assert len(told(home, 2).files) == 2
    film = told(home, 4).files["samples.gif"]
    assert b"Manipulated" in film
    assert b"AI-generated" not in film
    home.close()


def test_thumbnails_are_small():
    files = slider_files("samples", 3, 5, png(np.zeros((1, 1024, 2048, 3), np.uint8), "composite"), "composite")
    sizes = {name.rsplit(".")[-1]: picture(data).size for name, data in files.items()}
    assert sizes == {"png": (2048, 1024), "webp": (512, 256)}


def test_long_matches_have_a_short_film_and_a_thin_book(tmp_path):
    home = new_home(tmp_path / "home", rounds=MOST_SHOWN + 5)
    play(home, 0)
    for number in range(1, MOST_SHOWN + 5):
        play(home, number, last=number == MOST_SHOWN + 4)
    end = entry_of(home, errands_of(home, "duel")[-1], newest=True)
    assert picture(end.files["samples.gif"]).n_frames == MOST_SHOWN
    shown = charted(end.files["charts.html"])
    assert (len(shown), shown[0], shown[-1]) == (MOST_SHOWN, 1, MOST_SHOWN + 4)
    text = end.tags["mlflow.note.content"]
    assert len(re.findall(r"^\| \d+ \|", text, re.M)) == ROWS
    assert len(text) < 8000
    home.close()


def test_note_says_what_the_match_is_and_how_to_go_on(home):
    match = home.match("duel")
    records = home.records("duel")
    text = note(Path("arena-home"), match, records[-ROWS:], {"A": 1, "B": 1}, 2)
    assert "**A 1 : 1 B** clear wins after 2 of 2 rounds." in text
    assert (
        "The last exam: 20 faces, the real ones of 10 people; an accuracy from 0.800 on or up to 0.200 is clear."
        in text
    )
    assert "In use B catches 0 % of the fakes at 100.0 % false alarms." in text
    assert "a detector trained on them says nothing about photos" in text
    assert "| 1 | 100.0% | 1.000 (" in text
    assert "| 2 | 0.0% |" in text
    assert "`arena resume duel --rounds 2`" in text
    assert "`arena verify duel --replay 2`" in text
    before = note(Path("arena-home"), match, records[:2], {"A": 0, "B": 1}, 1)
    assert "`arena resume duel`" in before


def test_the_list_of_runs_says_who_leads_and_how_the_last_exam_went(home):
    tags = told(home, 3).tags
    columns = ("score", "winner", "clear_wins_a", "clear_wins_b", "last_accuracy")
    assert [tags[name] for name in columns] == ["A 1 : 1 B", "even", "1", "1", "0.000"]
    assert "last_accuracy" not in told(home, 0).tags


def test_a_loss_is_not_called_like_its_team_twice(home):
    record = home.records("duel")[1]
    curve = (CurvePoint(5, {"generator": 0.5, "evasion": 0.25}),)
    training = {**record.training, "generator": replace(record.training["generator"], curve=curve)}
    keys = {point.key for point in points(replace(record, training=training), {"A": 0, "B": 0})}
    assert {"train/generator/loss", "train/generator/evasion"} <= keys
    assert "train/generator/generator" not in keys
