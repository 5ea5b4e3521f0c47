from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from facefiles import encoded, faces_in, people, picture, write
from PIL import Image

from arena.faces.sets import parts
from arena.faces.sets.parts import By, Parts, read_parts, split_into_folders
from arena.faces.source import Face
from arena.faces.sources.opening import open_source
from arena.types import ArenaError

SHARES = {"a": 0.5, "b": 0.25, "exam": 0.25}


def split(place: Path, out: Path, shares: dict[str, float] | None = None, seed: int = 0, by: By = "identity") -> Parts:
    return split_into_folders(open_source(str(place)), out, shares or SHARES, seed, by)


def test_identities_stay_whole_and_files_stay_as_they_are(tmp_path: Path) -> None:
    folder = people(tmp_path / "people", 8, 3)
    result = split(folder, tmp_path / "out")
    assert result.faces == {"a": 12, "b": 6, "exam": 6}
    found = {part: faces_in(tmp_path / "out" / part) for part in SHARES}
    owners = [person for part in found.values() for person in set(part.values())]
    assert len(owners) == len(set(owners)) == 8
    for part, names in found.items():
        for name in names:
            assert (tmp_path / "out" / part / name).read_bytes() == (folder / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a", "b", "exam"]


def test_by_image_and_the_seed(tmp_path: Path) -> None:
    folder = people(tmp_path / "people", 1, 20)
    for out, seed in (("one", 1), ("same", 1), ("other", 2)):
        result = split(folder, tmp_path / out, {"x": 0.5, "y": 0.5}, seed, by="image")
        assert result.faces == {"x": 10, "y": 10}
    one, same, other = (set(faces_in(tmp_path / out / "x")) for out in ("one", "same", "other"))
    assert one == same != other
    with pytest.raises(ArenaError, match="1 identities cannot be split into 2 parts"):
        split(folder, tmp_path / "never", {"x": 0.5, "y": 0.5})
    assert not (tmp_path / "never").exists()


def test_one_photo_under_two_names_does_not_cross(tmp_path: Path) -> None:
    folder = tmp_path / "people"
    for i in range(20):
        write(folder / f"p{i}" / "1.png", i, 64, 64)
        (folder / f"q{i}").mkdir()
        picture(i, 64, 64).save(folder / f"q{i}" / "1.jpg", quality=60)
    split(folder, tmp_path / "out", {"x": 0.5, "y": 0.5})
    for part in ("x", "y"):
        mine = {str(name) for name in faces_in(tmp_path / "out" / part).values()}
        assert {name[1:] for name in mine if name[0] == "p"} == {name[1:] for name in mine if name[0] == "q"}
        assert len(mine) == 20


def test_shares_below_one_leave_the_rest_out(tmp_path: Path) -> None:
    folder = people(tmp_path / "people", 10, 1)
    assert split(folder, tmp_path / "out", {"x": 0.3, "y": 0.2}).faces == {"x": 3, "y": 2}


def test_archives_labels_and_recipe(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        for i in range(6):
            archive.writestr(f"p{i}/1.jpg", encoded(i, kind="JPEG"))
    split(tmp_path / "faces.zip", tmp_path / "out")
    assert set(faces_in(tmp_path / "out" / "a").values()) <= {f"p{i}" for i in range(6)}
    (path, *_) = (tmp_path / "out" / "a").rglob("*.png")
    with Image.open(path) as image, zipfile.ZipFile(tmp_path / "faces.zip") as archive:
        original = Image.open(io.BytesIO(archive.read(f"{path.parent.name}/1.jpg")))
        np.testing.assert_array_equal(np.asarray(image), np.asarray(original))

    folder = people(tmp_path / "people", 4, 1)
    rows = "".join(f"person0{i}/0.png,person0{i},{'fake' if i % 2 else 'real'}\n" for i in range(4))
    (folder / "labels.csv").write_text("path,identity,label\n" + rows)
    (folder / "recipe.json").write_text('{"margin": 0.3}')
    split(folder, tmp_path / "labelled", {"x": 0.5, "y": 0.5})
    for part in ("x", "y"):
        source = open_source(str(tmp_path / "labelled" / part))
        assert source.recipe == {"margin": 0.3}
        assert all(face.label == int(face.name[7]) % 2 for face in source.faces() if isinstance(face, Face))


def test_paths_that_climb_stay_inside(tmp_path: Path) -> None:
    people(tmp_path / "people", 3, 1)
    (tmp_path / "table").mkdir()
    rows = "".join(f"../people/person0{i}/0.png\n" for i in range(2)) + f"{tmp_path}/people/person02/0.png\n"
    (tmp_path / "table" / "t.csv").write_text("path\n" + rows)
    split(tmp_path / "table" / "t.csv", tmp_path / "deep" / "out")
    assert len(list((tmp_path / "deep" / "out").rglob("0.png"))) == 3


def test_an_occupied_folder_is_refused_and_an_error_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = people(tmp_path / "people", 4, 1)
    with pytest.raises(ArenaError, match="exists and is not empty"):
        split(folder, folder)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parts, "write_rows", full)
    with pytest.raises(ArenaError, match=r"cannot be written: .*No space left"):
        split(folder, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["people"]


def test_parts_are_read() -> None:
    assert read_parts("a=0.6, b=0.3,exam=0.1") == {"a": 0.6, "b": 0.3, "exam": 0.1}


@pytest.mark.parametrize(
    "text", ["", "a", "a=1", "a=0.5,a=0.5", "a=0.9,b=0.2", "a=x,b=1", "a=-1,b=1", "../a=0.5,b=0.5", "a=nan,b=1"]
)
def test_wrong_parts_are_one_sentence(text: str) -> None:
    with pytest.raises(ArenaError, match="part"):
        read_parts(text)
