from __future__ import annotations

import json

import numpy as np
import pytest

from arena.referee.metrics import auroc, caught_at
from arena.results.predictions import Scored, figures, read_scored
from arena.types import ArenaError

PREDICTED = "id,probability\na,0.1\nb,0.9\nc,0.2\nd,0.8\n"
LABELLED = "id,label\nd,1\nc,0\nb,1\na,0\n"


@pytest.fixture
def write(tmp_path):
    def file(name, text):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return file


def test_two_files_meet_by_their_ids(write):
    found = read_scored(write("p.csv", PREDICTED), write("l.csv", LABELLED))
    assert found.scores.tolist() == [0.1, 0.9, 0.2, 0.8]
    assert found.labels.tolist() == [0, 1, 0, 1]
    assert (found.labels.dtype, found.scores.dtype) == (np.int8, np.float64)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_without_names_of_columns(write, end):
    bare = [text.partition("\n")[2].replace("\n", end) for text in (PREDICTED, LABELLED)]
    found = read_scored(write("p.csv", bare[0]), write("l.csv", bare[1]))
    assert found.labels.tolist() == [0, 1, 0, 1]


def test_one_merged_file_in_any_order_of_columns(write):
    merged = "\ufeffLabel,who,ID,Probability\n0,x,a,0.1\nfake,x,b,0.9\nREAL,x,c,0.2\n\n1,x,d,1\n"
    found = read_scored(write("m.csv", merged))
    assert found.scores.tolist() == [0.1, 0.9, 0.2, 1]
    assert found.labels.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("ids", [("1", "2", "3", "4"), ("f/a.jpg", "f/b.jpg", "f/c.jpg", "f/d.jpg")])
def test_predictions_may_name_images_by_their_number_or_their_file(write, ids):
    table = "seqid,img_url,label\n1,f/a.jpg,0\n2,f/b.jpg,1\n3,f/c.jpg,0\n4,f/d.jpg,1\n"
    predicted = "".join(f"{name},0.{i}\n" for i, name in enumerate(ids))
    assert read_scored(write("p.csv", predicted), write("l.csv", table)).labels.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("predicted", "labelled", "sentence"),
    [
        (PREDICTED.replace("0.9", "1.01"), LABELLED, r"p\.csv line 3: 1\.01 is no probability"),
        (PREDICTED.replace("0.9", "-0.1"), LABELLED, r"p\.csv line 3: -0\.1 is no probability"),
        (PREDICTED.replace("0.9", "nan"), LABELLED, r"p\.csv line 3: nan is no probability"),
        (PREDICTED.replace("0.9", "high"), LABELLED, r"p\.csv line 3: 'high' is no number"),
        (PREDICTED, LABELLED.replace("c,0", "c,2"), r"l\.csv line 3: '2' is no label"),
        (PREDICTED + "e,0.5\n", LABELLED, r"p\.csv line 6: 'e' has no label in .*l\.csv"),
        (PREDICTED, LABELLED + "e,1\n", r"l\.csv line 6: 'e' has no prediction in .*p\.csv"),
        (PREDICTED + "a,0.5\n", LABELLED, r"p\.csv line 6: 'a' was there before, on line 2"),
        (PREDICTED, LABELLED + "a,1\n", r"l\.csv line 6: 'a' was there before, on line 5"),
        (PREDICTED + "e\n", LABELLED, r"p\.csv line 6: it has 1 of at least 2 columns"),
        (PREDICTED.replace("probability", "p"), LABELLED, r"p\.csv line 1: there is no column 'probability'"),
        ("", LABELLED, r"p\.csv is empty"),
        ("id,probability\n", LABELLED, "names its columns and holds nothing else"),
        (PREDICTED, LABELLED.replace(",1", ",0"), "at least two real and two fake"),
        (PREDICTED, None, r"p\.csv line 1: there is no column 'label'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(write, predicted, labelled, sentence):
    files = [write("p.csv", predicted)] + ([] if labelled is None else [write("l.csv", labelled)])
    with pytest.raises(ArenaError, match=sentence):
        read_scored(*files)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ArenaError, match="cannot be read: No such file"):
        read_scored(tmp_path / "none.csv")


def test_figures_have_intervals_around_them():
    draw = np.random.default_rng(0)
    labels = np.repeat(np.array([0, 1], np.int8), 60)
    scores = np.clip(draw.normal(0.4 + 0.2 * labels, 0.2), 0, 1)
    found = {one.name: one for one in figures(Scored(labels, scores))}
    assert list(found) == [
        *("AUROC", "AP", "EER", "caught at 5% false alarms", "caught at 1% false alarms", "accuracy from 0.5"),
    ]
    assert found["AUROC"].value == auroc(labels, scores)
    assert found["accuracy from 0.5"].value == ((scores >= 0.5) == labels).mean()
    assert all(one.low < one.value < one.high for one in found.values() if "1%" not in one.name)
    assert figures(Scored(labels, scores)) == list(found.values())  # the same every time


@pytest.mark.parametrize(("rate", "caught"), [(0.0, 0.25), (0.24, 0.25), (0.25, 0.75), (0.5, 0.75), (1.0, 1.0)])
def test_fakes_caught_at_a_rate_of_false_alarms(rate, caught):
    reals, fakes = [0.1, 0.2, 0.3, 0.8], [0.8, 0.9, 0.5, 0.1]
    labels = np.repeat(np.array([0, 1], np.int8), 4)
    assert caught_at(labels, np.array(reals + fakes), rate) == caught


def test_labels_of_the_dfdc_layout(tmp_path):
    predictions, labels = tmp_path / "predictions.csv", tmp_path / "metadata.json"
    predictions.write_text("a.mp4,0.1\nb.mp4,0.9\nc.mp4,0.2\nd.mp4,0.8\n")
    told = {"d": "FAKE", "c": "REAL", "b": "FAKE", "a": "REAL"}
    labels.write_text(json.dumps({f"{name}.mp4": {"label": label, "split": "train"} for name, label in told.items()}))
    assert read_scored(predictions, labels).labels.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "is no metadata.json"),
        ("{", "is no metadata.json"),
        ('{"a.mp4": {"split": "train"}}', "is no metadata.json"),
        ("{}", "names no videos"),
        ('{"a.mp4": {"label": "MAYBE"}}', "metadata.json entry 1: 'MAYBE' is no label"),
        ('{"b.mp4": {"label": "REAL"}}', "line 1: 'a.mp4' has no label"),
    ],
)
def test_metadata_that_cannot_be_used(tmp_path, text, sentence):
    predictions, labels = tmp_path / "predictions.csv", tmp_path / "metadata.json"
    predictions.write_text("a.mp4,0.1\n")
    labels.write_text(text)
    with pytest.raises(ArenaError, match=sentence):
        read_scored(predictions, labels)
