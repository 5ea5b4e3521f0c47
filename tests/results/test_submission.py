"""Sample submissions, filled, and result files."""

import pytest

from arena.results.predictions import read_scored
from arena.results.submission import Submission, result_lines
from arena.types import ArenaError

FILES = {"in/a.jpg": "a.jpg", "in/b/c.mp4": "b/c.mp4", "in/d/c.mp4": "d/c.mp4", "z.zip/e.png": "e.png"}


@pytest.fixture
def sample(tmp_path):
    def write(text):
        path = tmp_path / "sample.csv"
        path.write_text(text)
        return path

    return write


def test_a_line_for_each_file_sorted():
    text = result_lines({"b.png": 0.25, "a.png": 0.66666, "a,c.png": 1.0})
    assert text == '"a,c.png",1.0000\na.png,0.6667\nb.png,0.2500\n'


def test_result_lines_are_predictions(tmp_path, sample):
    predictions = tmp_path / "results.csv"
    predictions.write_text(result_lines({"a": 0.1, "b": 0.2, "c": 0.8, "d": 0.9}))
    scored = read_scored(predictions, sample("id,label\nd,1\nc,1\nb,0\na,0\n"))
    assert scored.labels.tolist() == [0, 0, 1, 1]


def test_everything_but_the_value_stays(sample):
    path = sample("path,y,fold\n./test/e.png,0,1\na.jpg,0,2\nd/c.mp4,,3\n")
    filled = Submission.read(path, FILES).filled({"in/a.jpg": 0.25, "z.zip/e.png": 1.0}, 0.5)
    assert filled == "path,y,fold\n./test/e.png,1.000000,1\na.jpg,0.250000,2\nd/c.mp4,0.500000,3\n"


@pytest.mark.parametrize(
    ("written", "file"),
    [("b/c.mp4", "in/b/c.mp4"), ("x/d/c", "in/d/c.mp4"), ("e", "z.zip/e.png"), (".\\test\\a.jpg", "in/a.jpg")],
)
def test_an_id_is_the_end_of_a_files_way(sample, written, file):
    assert Submission.read(sample(f"id,value\n{written},0\n"), FILES).files == (file,)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "holds no rows to fill"),
        ("id,value\n", "holds no rows to fill"),
        ("id\na.jpg\n", "line 1: a column is missing"),
        ("id,value\na.jpg,0\n\nb/c.mp4\n", "line 4: a column is missing"),
        ("id,value\na.jpg,0\nnone.jpg,0\n", "line 3: there is no file named 'none.jpg'"),
        ("id,value\n,0\n", "line 2: there is no file named ''"),
        ("id,value\nc.mp4,0\n", "line 2: 2 files are named 'c.mp4'"),
        ("id,value\na.jpg,0\na,0\n", "line 3: 'a' is the same file as on line 2"),
    ],
)
def test_a_sample_that_cannot_be_filled(sample, text, sentence):
    with pytest.raises(ArenaError, match=sentence):
        Submission.read(sample(text), FILES)


def test_a_sample_that_is_not_there(tmp_path):
    with pytest.raises(ArenaError, match="cannot be read: No such file"):
        Submission.read(tmp_path / "none.csv", FILES)
