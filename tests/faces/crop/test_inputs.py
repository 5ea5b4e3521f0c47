from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from facefiles import encoded, write

from arena.faces.crop.inputs import find_inputs
from arena.faces.decode import Unusable
from arena.types import FAKE, REAL, ArenaError


def test_photos_show_who_their_folder_names(tmp_path: Path) -> None:
    write(tmp_path / "in" / "ann" / "1.png", 1)
    write(tmp_path / "in" / "2.png", 2)
    write(tmp_path / "in" / "out" / "crop.png", 3)
    write(tmp_path / "in" / "fake" / "3.png", 4)
    inputs = find_inputs([str(tmp_path / "in")], out=tmp_path / "in" / "out")
    found = [(one.name, one.person, one.label) for one in inputs]
    assert found == [("2.png", None, None), ("ann/1.png", "ann", None), ("fake/3.png", None, FAKE)]
    assert inputs.count == 3
    ((number, image),) = next(iter(inputs)).frames(10, None)
    assert number is None
    assert image.shape == (40, 40, 3)


def test_videos_show_who_the_metadata_or_folder_or_file_names(tmp_path: Path) -> None:
    (tmp_path / "ann").mkdir()
    for name in ("a.mp4", "b.MOV", "c.mp4", "ann/d.mp4"):
        (tmp_path / name).touch()
    facts = {"a.mp4": {"label": "FAKE", "original": "b.MOV"}, "b.MOV": {"label": "REAL"}}
    (tmp_path / "metadata.json").write_text(json.dumps(facts))
    found = {one.name: (one.person, one.label) for one in find_inputs([str(tmp_path)], tmp_path / "out")}
    assert found == {"a.mp4": ("b", FAKE), "b.MOV": ("b", REAL), "c.mp4": ("c", None), "ann/d.mp4": ("ann", None)}


def test_damaged_metadata_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "metadata.json").write_text("{")
    bad = next(one for one in find_inputs([str(tmp_path)], tmp_path / "out") if one.name == "metadata.json")
    with pytest.raises(Unusable, match="corrupt"):
        list(bad.frames(1, None))


def test_files_archives_and_equal_names_in_two_places(tmp_path: Path) -> None:
    write(tmp_path / "x" / "1.png", 1)
    write(tmp_path / "y" / "x" / "1.png", 2)
    single = write(tmp_path / "single.png", 3)
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("bob/1.png", encoded(4))
        archive.writestr("../evil.png", encoded(5))
    places = [str(tmp_path / "x"), str(tmp_path / "y" / "x"), str(single), str(tmp_path / "photos.zip")]
    inputs = find_inputs(places, tmp_path / "out")
    assert {one.name: one.person for one in inputs} == {
        "x/1.png": None,
        "x-2/1.png": None,
        "single.png/single.png": None,
        "photos.zip/bob/1.png": "bob",
        "photos.zip/../evil.png": None,
    }
    assert inputs.count == 5


def test_a_place_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="there are no faces at"):
        find_inputs([str(tmp_path / "nowhere")], tmp_path / "out")
    with pytest.raises(ArenaError, match="cannot be read: File name too long"):
        find_inputs(["x" * 5000], tmp_path / "out")
