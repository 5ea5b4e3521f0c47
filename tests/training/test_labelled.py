"""Real faces and fakes of one table."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from facefiles import write

from arena.faces.crop.cropping import CropPlan
from arena.faces.crop.finder import Found
from arena.faces.sources.tables import Row
from arena.training.ground import TRAINING, VALIDATION, Machine, Wanted
from arena.training.labelled import crops_of_videos, even, labelled_ground, read_labelled
from arena.types import FAKE, REAL, ArenaError

HEADER = "seqid,img_url,label"


def table_of(folder, people=120, reals=4, fakes=3):
    """A table of people with real images and fakes, of which some have no fake."""
    lines = ["path,identity,label"]
    for person in range(people):
        for i in range(reals + (fakes if person % 4 else 0)):
            name = f"{person}-{i}.png"
            write(folder / name, seed=100 * person + i, width=20, height=20)
            lines.append(f"{name},p{person},{int(i >= reals)}")
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder / "labels.csv"


@pytest.fixture
def unframed(monkeypatch):
    """Nobody looks for faces in pictures that have none."""
    monkeypatch.setattr("arena.training.ground.framing_of", lambda *given: None)


@pytest.mark.usefixtures("unframed")
def test_people_are_divided_with_their_fakes(home, settings, tmp_path):
    config = settings.model_copy(update={"image_size": 16})
    ground, stock = labelled_ground(home, config, table_of(tmp_path), tmp_path, Wanted(judging=True), Machine())
    reals = {name: len(part) for name, part in ground.parts.items()}
    assert sum(reals.values()) == 90 * 3  # of 90 people with both kinds as many reals as fakes
    assert ground.facts["fakes"] == 270
    assert len(stock.seen) == reals[TRAINING]  # whoever is there is there with all that shows him
    assert len(stock.kept) == reals[VALIDATION]
    assert not set(stock.seen) & set(stock.kept)


@pytest.mark.usefixtures("unframed")
def test_the_fakes_of_one_person_do_not_suffice(home, settings, tmp_path):
    table = table_of(tmp_path, people=2, reals=40, fakes=40)
    with pytest.raises(ArenaError, match="too few"):
        labelled_ground(home, settings, table, tmp_path, Wanted(), Machine())


def test_as_many_of_either_kind_for_each_person():
    rows = [Row(f"{who}{i}", who, label) for who, n in (("ann", 5), ("bob", 2)) for label in (0, 1) for i in range(n)]
    rows = [row for row in rows if (row.path, row.label) not in {("ann0", 1), ("ann1", 1)}]
    kept = even(rows, 1)
    counts = Counter((row.identity, row.label) for row in kept)
    assert counts == {("ann", 0): 3, ("ann", 1): 3, ("bob", 0): 2, ("bob", 1): 2}
    assert even(rows, 1) == kept
    assert {even(rows, seed) for seed in range(5)} != {kept}


def test_where_nobody_has_both_kinds_all_are_one_group():
    rows = [Row(f"real{i}", f"p{i}", REAL) for i in range(7)] + [Row(f"fake{i}", None, FAKE) for i in range(3)]
    assert sum(row.label == REAL for row in even(rows, 1)) == 3


def test_the_original_format_is_read(tmp_path):
    (tmp_path / "labels.csv").write_text(f"{HEADER}\n1,a.png,0\n2,b.png,1\n3,c.png,\n")
    rows = read_labelled(tmp_path / "labels.csv")
    assert [(row.path, row.label) for row in rows] == [("a.png", REAL), ("b.png", FAKE)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("seqid,img_url\n1,a.png\n", "line 1 of .* names no column 'label' but seqid, img_url"),
        ("seqid,label\n1,0\n", "no column 'path'"),
        ("", "names no column 'label' but nothing"),
        (f"{HEADER}\n1,a.png,0\n", "labels no image fake"),
        (f"{HEADER}\n", "name no images"),
    ],
)
def test_a_table_that_says_too_little(tmp_path, text, sentence):
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(ArenaError, match=sentence):
        read_labelled(tmp_path / "labels.csv")


class Sees:
    """Finds the same face everywhere, or none."""

    def __init__(self, faces=1):
        self.faces = faces

    def find(self, images):
        face = Found((0.0, 0.0, 60.0, 60.0), 1.0, np.zeros((5, 2), np.float32))
        return [[face] * self.faces for _ in images]


def test_faces_of_videos_without_any(tmp_path):
    (tmp_path / "metadata.json").write_text(json.dumps({"a.mp4": {"label": "REAL"}}))
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(ArenaError, match="in none of the 1 files"):
        crops_of_videos(tmp_path, tmp_path / "crops", CropPlan(16), lambda done, total: None, Sees)
