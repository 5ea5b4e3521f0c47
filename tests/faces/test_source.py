from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from facefiles import faces_in, people, picture, plain_render, skipped_in, write
from PIL import Image

from arena.faces.source import Face
from arena.faces.sources import drawn
from arena.faces.sources.drawn import make
from arena.faces.sources.files import identity_of
from arena.faces.sources.opening import open_source
from arena.types import FAKE, REAL, ArenaError


def test_the_innermost_folder_is_the_identity(tmp_path: Path) -> None:
    for seed, name in enumerate(("ann/1.png", "train/bob/1.png", "alone.png")):
        write(tmp_path / name, seed)
    assert faces_in(tmp_path) == {"alone.png": None, "ann/1.png": "ann", "train/bob/1.png": "bob"}
    assert identity_of("train/ann/1.png") == identity_of("test/ann/2.png")


def test_folders_called_real_and_fake_are_labels_not_people(tmp_path: Path) -> None:
    for seed, name in enumerate(("real/1.png", "FAKE/2.png", "Fake/ann/3.png", "bob/4.png", "contact-sheet.png")):
        write(tmp_path / name, seed)
    found = {
        face.name: (face.identity, face.label) for face in open_source(str(tmp_path)).faces() if isinstance(face, Face)
    }
    assert found == {
        "real/1.png": (None, REAL),
        "FAKE/2.png": (None, FAKE),
        "Fake/ann/3.png": ("ann", FAKE),
        "bob/4.png": ("bob", None),
    }
    assert skipped_in(tmp_path) == {"contact-sheet.png": "contact sheet"}


def test_pixels_arrive(tmp_path: Path) -> None:
    write(tmp_path / "x.png", 7, width=30, height=50)
    (face,) = open_source(str(tmp_path)).faces()
    assert isinstance(face, Face)
    np.testing.assert_array_equal(face.image, np.asarray(picture(7, 30, 50)))


def test_what_is_no_image_is_named_and_not_fatal(tmp_path: Path) -> None:
    write(tmp_path / "good.png", 1)
    write(tmp_path / "tiny.png", 2, width=8, height=8)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty.jpg").touch()
    os.mkfifo(tmp_path / "pipe")
    assert faces_in(tmp_path) == {"good.png": None}
    assert skipped_in(tmp_path) == {
        "tiny.png": "too small",
        "notes.txt": "not an image",
        "empty.jpg": "empty",
        "pipe": "not a file",
    }
    assert open_source(str(tmp_path)).count == 5


def test_links_are_followed_once_and_come_last(tmp_path: Path) -> None:
    write(tmp_path / "root" / "zoe" / "1.png", 1)
    write(tmp_path / "elsewhere" / "2.png", 2)
    root = tmp_path / "root"
    (root / "alias").symlink_to(root / "zoe")
    (root / "zoe" / "loop").symlink_to(root)
    (root / "outside").symlink_to(tmp_path / "elsewhere")
    (root / "again.png").symlink_to(root / "zoe" / "1.png")
    (root / "gone.png").symlink_to(root / "nothing")
    assert list(faces_in(root).items()) == [("outside/2.png", "outside"), ("zoe/1.png", "zoe"), ("again.png", None)]
    assert skipped_in(root) == {"gone.png": "broken link"}


def test_unreadable_files_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "good.png", 1)
    write(tmp_path / "secret.png", 2)
    write(tmp_path / "locked" / "3.png", 3)
    # Permissions would not keep root out, so the system calls refuse.
    scandir, opener = os.scandir, Path.open

    def refusing_scandir(path: Path) -> Any:
        if path.name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    def refusing_open(path: Path, *arguments: Any) -> Any:
        if path.name == "secret.png":
            raise PermissionError(13, "Permission denied")
        return opener(path, *arguments)

    monkeypatch.setattr(os, "scandir", refusing_scandir)
    monkeypatch.setattr(Path, "open", refusing_open)
    assert faces_in(tmp_path) == {"good.png": None}
    assert skipped_in(tmp_path) == {"secret.png": "unreadable", "locked": "unreadable"}


def test_names_of_any_bytes(tmp_path: Path) -> None:
    names = ["two\nlines/façade 😀.png", os.fsdecode(b"bytes\xff/1.png")]
    for seed, name in enumerate(names):
        write(tmp_path / name, seed)
    assert faces_in(tmp_path) == {names[0]: "two\nlines", names[1]: os.fsdecode(b"bytes\xff")}
    assert open_source(str(tmp_path)).fingerprint()


def test_fingerprint_follows_names_and_content(tmp_path: Path) -> None:
    root = people(tmp_path / "f", 2, 2)
    first = open_source(str(root)).fingerprint()
    assert open_source(str(root)).fingerprint() == first
    write(root / "person00" / "0.png", seed=999)
    os.utime(root / "person00" / "0.png", ns=(1, 1))
    second = open_source(str(root)).fingerprint()
    (root / "person00").rename(root / "person09")
    third = open_source(str(root)).fingerprint()
    assert len({first, second, third}) == 3


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("nowhere/at/all", "there are no faces at 'nowhere/at/all'"),
        ("procedural:0", "must be a positive whole number, not '0'"),
        ("procedural:many", "must be a positive whole number, not 'many'"),
    ],
)
def test_wrong_words_are_one_sentence(spec: str, sentence: str) -> None:
    with pytest.raises(ArenaError, match=sentence) as caught:
        open_source(spec)
    assert "\n" not in str(caught.value)


def test_a_name_that_the_system_refuses_is_one_sentence() -> None:
    with pytest.raises(ArenaError, match="cannot be read: File name too long"):
        open_source("x" * 5000)


def test_empty_places_are_errors(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    with pytest.raises(ArenaError, match="has no files in it"):
        open_source(str(tmp_path))


def test_a_file_that_is_no_source_is_told_from_one_that_is_not_there(tmp_path: Path) -> None:
    archive = tmp_path / "whole.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("0.png", bytes(5000))
    for name, data in (("text", b"hello"), ("cut.zip", archive.read_bytes()[:2000]), ("empty.zip", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ArenaError, match=f"the file .*{name} holds no faces that .* faces crop` first"):
            open_source(str(tmp_path / name))


@pytest.mark.parametrize(("name", "said"), [("my clip.MP4", "'{path}'"), ("clip.webm", "{path}")])
def test_a_video_is_told_to_be_cropped(tmp_path: Path, name: str, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"no matter what is in it")
    with pytest.raises(ArenaError) as error:
        open_source(str(path))
    crop = f"arena faces crop {said.format(path=path)} -o faces"
    assert str(error.value) == f"{path} is a video; cut its faces out with: {crop}, and give the folder faces instead"


def test_procedural_numbers_its_identities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arena.faces.procedural", SimpleNamespace(render=plain_render))
    source = open_source("procedural:14")
    assert source.synthetic
    assert source.count == 14
    assert "synthetic" in source.description
    faces = [face for face in source.faces(32) if isinstance(face, Face)]
    assert [face.identity for face in faces] == ["synthetic-000000"] * 6 + ["synthetic-000001"] * 6 + [
        "synthetic-000002"
    ] * 2
    assert faces[0].image.shape == (32, 32, 3)
    assert [face.image[0, 0].tolist() for face in faces[5:8]] == [[0, 5, 0], [1, 0, 0], [1, 1, 0]]
    assert len({face.name for face in faces}) == 14


def test_another_renderer_draws_other_faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "__file__", str(tmp_path / "sources" / "drawn.py"))
    (tmp_path / "procedural").mkdir()
    keys = []
    for text in ("noses", "longer noses"):
        (tmp_path / "procedural" / "nose.py").write_text(text)
        keys.append(open_source("procedural:14").fingerprint())
    assert keys[0] != keys[1]


def test_made_faces_say_that_they_are_synthetic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arena.faces.procedural", SimpleNamespace(render=plain_render))
    calls: list[tuple[int, int | None]] = []
    make(tmp_path / "out", 8, 32, on_progress=lambda done, total: calls.append((done, total)))
    assert list(faces_in(tmp_path / "out").values()) == ["synthetic-000000"] * 6 + ["synthetic-000001"] * 2
    assert calls[-1] == (8, 8)
    with Image.open(tmp_path / "out" / "synthetic-000001" / "1.png") as image:
        assert image.getpixel((0, 0)) == (1, 1, 0)
        assert "Synthetic" in image.info["Description"]
    with pytest.raises(ArenaError, match="exists and is not empty"):
        make(tmp_path / "out", 8)
    with pytest.raises(ArenaError, match="must be positive, not 0"):
        make(tmp_path / "none", 0)
