from __future__ import annotations

import os
from pathlib import Path

import pytest
from facefiles import faces_in, skipped_in, write

from arena.faces.sets.cache import prepare
from arena.faces.source import Face
from arena.faces.sources.opening import open_source
from arena.faces.sources.tables import Row, read_rows, write_rows
from arena.types import FAKE, REAL, ArenaError


def table(folder: Path, text: str, name: str = "labels.csv") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_paths_identities_and_labels(tmp_path: Path) -> None:
    for seed, name in enumerate("abc"):
        write(tmp_path / f"{name}.png", seed)
    path = table(tmp_path, "\ufeffPath,Identity,Label\na.png,ann,real\nb.png,,1\nc.png,carl,\n")
    faces = [face for face in open_source(str(path)).faces() if isinstance(face, Face)]
    found = [(face.name, face.identity, face.label) for face in faces]
    assert found == [("a.png", "ann", REAL), ("b.png", None, FAKE), ("c.png", "carl", None)]


def test_a_folder_with_a_table_is_read_by_it(tmp_path: Path) -> None:
    write(tmp_path / "x" / "1.png", 1)
    write(tmp_path / "contact-sheet.png", 2)
    table(tmp_path, "path,identity\nx/1.png,ann\n")
    assert faces_in(tmp_path) == {"x/1.png": "ann"}
    assert open_source(str(tmp_path)).recipe == {}
    (tmp_path / "recipe.json").write_text('{"margin": 0.3}')
    assert prepare(str(tmp_path), tmp_path / "cache").recipe["margin"] == 0.3
    (tmp_path / "recipe.json").write_text("[")
    assert open_source(str(tmp_path)).recipe == {}


def test_fakes_do_not_play_as_real(tmp_path: Path) -> None:
    write(tmp_path / "a.png", 1)
    write(tmp_path / "b.png", 2)
    faces = prepare(str(table(tmp_path, "path,label\na.png,0\nb.png,FAKE\n")), tmp_path / "cache")
    assert faces.names == ["a.png"]
    assert faces.skipped == {"labelled fake": ["b.png"]}


def test_lines_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    write(tmp_path / "a.png", 1)
    path = table(tmp_path, "path,identity,label\na.png\n,ann,0\nb.png,ann,maybe\nc.png,ann,0,too,many\nd.png,x\x00,0\n")
    assert faces_in(path) == {"a.png": None}
    assert skipped_in(path) == {
        "line 3": "no path",
        "b.png": "unknown label",
        "c.png": "broken link",
        "d.png": "broken link",
    }


def test_no_table_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="no column 'path'"):
        open_source(str(table(tmp_path, "a.png,ann\n")))
    with pytest.raises(ArenaError, match="name no images"):
        open_source(str(table(tmp_path, "path\n")))
    with pytest.raises(ArenaError, match="no column 'path'"):
        open_source(str(table(tmp_path, "")))
    path = tmp_path / "wide.csv"
    path.write_text("path\n" + "x" * 200_000 + "\n")
    with pytest.raises(ArenaError, match="cannot be read"):
        open_source(str(path))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    names = ["two\nlines, and a comma.png", 'a "quote".png', os.fsdecode(b"\xff.png"), "é.png"]
    rows = [{"path": name, "identity": "ann", "label": "real"} for name in names]
    write_rows(tmp_path / "t.csv", ["path", "identity", "label"], rows)
    assert list(read_rows(tmp_path / "t.csv")) == [Row(name, "ann", REAL) for name in names]


def test_fingerprint_follows_table_and_files(tmp_path: Path) -> None:
    write(tmp_path / "a.png", 1)
    first = open_source(str(table(tmp_path, "path,label\na.png,0\nb.png,0\n"))).fingerprint()
    second = open_source(str(table(tmp_path, "path,label\na.png,1\nb.png,0\n"))).fingerprint()
    os.utime(tmp_path / "a.png", ns=(1, 1))
    third = open_source(str(tmp_path)).fingerprint()
    assert len({first, second, third}) == 3
