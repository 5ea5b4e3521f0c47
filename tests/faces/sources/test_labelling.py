from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from arena.faces.sources.labelling import of_dfdc, of_folders, write_labels
from arena.faces.sources.tables import read_rows
from arena.types import FAKE, REAL, ArenaError


@pytest.fixture
def folders(tmp_path):
    for name in ("reals/ann/1.png", "reals/2.jpg", "fakes/1.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(path)
    (tmp_path / "reals" / "notes.txt").write_text("not a face")
    return tmp_path / "reals", tmp_path / "fakes"


def test_folders_of_reals_and_fakes(folders, tmp_path):
    found = of_folders(*folders)
    assert [(path.name, label) for path, label in found.rows] == [("2.jpg", REAL), ("1.png", REAL), ("1.png", FAKE)]
    assert [line.endswith("notes.txt: not an image") for line in found.skipped] == [True]
    (tmp_path / "out").mkdir()
    table = tmp_path / "out" / "labels.csv"
    write_labels(found, table)
    assert table.read_text().splitlines()[:2] == ["seqid,img_url,label", "1,../reals/2.jpg,0"]
    rows = list(read_rows(table))  # what the arena itself reads
    assert [(row.path, row.label) for row in rows][-1] == ("../fakes/1.png", FAKE)


def dfdc(folder, entries):
    (folder / "metadata.json").write_text(json.dumps(entries))
    return folder


def test_videos_by_their_metadata(tmp_path):
    for name in ("b.mp4", "a.mp4"):
        (tmp_path / name).write_bytes(b"")
    entries = {"b.mp4": {"label": "FAKE", "original": "a.mp4"}, "a.mp4": {"label": "REAL"}, "c.mp4": {"label": "REAL"}}
    found = of_dfdc(dfdc(tmp_path, entries))
    assert [(path.name, label) for path, label in found.rows] == [("a.mp4", REAL), ("b.mp4", FAKE)]
    assert found.skipped == (f"{tmp_path / 'c.mp4'}: there is no such file",)


def test_what_cannot_be_labelled(folders, tmp_path):
    reals, fakes = folders
    with pytest.raises(ArenaError, match="at once"):
        of_folders(reals, reals)
    with pytest.raises(ArenaError, match="there is no folder"):
        of_folders(reals, tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArenaError, match="has no images"):
        of_folders(reals, tmp_path / "empty")
    with pytest.raises(ArenaError, match="cannot be written"):
        write_labels(of_folders(reals, fakes), tmp_path / "none" / "labels.csv")


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"a.mp4": {"label": "MAYBE"}}, "label of 'a.mp4' must be REAL or FAKE"),
        ({"a.mp4": "FAKE"}, "must be REAL or FAKE"),
        ({"a.mp4": {"label": "FAKE"}}, "none of the 1 videos"),
        ([], "names no videos"),
    ],
)
def test_metadata_that_says_nothing(tmp_path, entries, words):
    with pytest.raises(ArenaError, match=words):
        of_dfdc(dfdc(tmp_path, entries))


def test_metadata_that_is_none(tmp_path):
    with pytest.raises(ArenaError, match="cannot be read"):
        of_dfdc(tmp_path)
    (tmp_path / "metadata.json").write_text("{")
    with pytest.raises(ArenaError, match="is no JSON"):
        of_dfdc(tmp_path)
