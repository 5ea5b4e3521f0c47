from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from PIL import Image, ImageColor

from arena.cli import main
from arena.results.charts import COLOUR_B

PREDICTED = "id,probability\na,0.1\nb,0.9\nc,0.7\nd,0.8\n"
LABELLED = "id,label\na,0\nb,1\nc,0\nd,1\n"


@pytest.fixture
def arena(monkeypatch, capsys, tmp_path):
    """Run a command in a folder of its own; its lines on stdout and on stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text(PREDICTED)
    (tmp_path / "l.csv").write_text(LABELLED)

    def run(*words, status=0):
        monkeypatch.setattr(sys, "argv", ["arena", *map(str, words)])
        with pytest.raises(SystemExit) as exit:
            main()
        assert exit.value.code == status
        out, err = capsys.readouterr()
        return out.splitlines(), err.splitlines()

    return run


def test_figures_for_people_and_for_programs(arena):
    out, err = arena("score", "p.csv", "l.csv")
    assert any(line.split()[:2] == ["AUROC", "1.0000"] for line in out)
    assert any(line.split()[:3] == ["accuracy", "from", "0.5"] and "0.7500" in line for line in out)
    assert err == ["2 fake and 2 real images"]
    out, _ = arena("score", "p.csv", "l.csv", "--json", "--threshold", 0.75)
    found = {one["name"]: one for one in map(json.loads, out)}
    assert found["accuracy from 0.75"]["value"] == 1
    assert found["AUROC"]["low"] < 1


def test_the_curve_is_a_page_that_needs_nothing(arena, tmp_path):
    arena("score", "p.csv", "l.csv", "--plot", "roc.html")
    page = (tmp_path / "roc.html").read_text("utf-8")
    assert "AUROC 1.000" in page
    assert "<script src=" not in page


def test_the_curve_is_a_picture(arena, tmp_path):
    arena("score", "p.csv", "l.csv", "--plot", "roc.png")
    with Image.open(tmp_path / "roc.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    rows, columns = np.nonzero(np.abs(pixels - ImageColor.getrgb(COLOUR_B)).max(axis=2) < 10)
    assert min(np.ptp(rows), np.ptp(columns)) > 700
    # every fake scores above every real: up at once, then along the top
    assert ((rows < rows.min() + 12) | (columns < columns.min() + 12)).all()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["score", "p.csv"], "p.csv line 1: there is no column 'label'"),
        (["score", "none.csv", "l.csv"], "none.csv cannot be read"),
        (["score", "p.csv", "l.csv", "--plot", "roc.pdf"], "one of .png, .html, .htm, not as 'roc.pdf'"),
        (["score", "p.csv", "l.csv", "--plot", "none/roc.png"], "none/roc.png cannot be written"),
        (["score", "p.csv", "l.csv", "--plot", "none/roc.html"], "none/roc.html cannot be written"),
        (["labels", "reals"], "give a folder of real and a folder of fake images"),
        (["labels", "reals", "fakes", "--dfdc", "videos"], "give a folder of real and a folder of fake images"),
    ],
)
def test_bad_input_is_one_sentence(arena, words, sentence):
    _, err = arena(*words, status=1)
    assert sentence in err[-1]
    assert err[-1].startswith("error: ")


def test_labels_of_folders_and_how_many_of_each(arena, tmp_path):
    for name in ("reals/1.png", "reals/2.png", "fakes/1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(tmp_path / name)
    (tmp_path / "fakes" / "notes.txt").write_text("none")
    out, err = arena("labels", "reals", "fakes", "-o", "found.csv")
    assert [line.split()[:2] for line in out if "█" in line] == [["real", "2"], ["fake", "1"]]
    assert "left out: fakes/notes.txt: not an image" in err
    assert (tmp_path / "found.csv").read_text().splitlines()[-1] == "3,fakes/1.png,1"
