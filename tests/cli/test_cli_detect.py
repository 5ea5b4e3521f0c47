"""`arena detect`, with the real face finder and a detector that never trained."""

from __future__ import annotations

import csv
import json
import sys
import zipfile

import pytest
from photofiles import drawn_face, encoded, give_detector
from PIL import Image
from servedhome import CONFIG, FACTS, new_home, play, play_all

from arena.cli import main
from arena.snapshot import to_bytes


@pytest.fixture
def home(tmp_path):
    home = new_home(tmp_path / "home")
    play_all(home)
    for number in (1, 2):
        give_detector(home, "duel", number)
    return home


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(drawn_face(), "JPEG", quality=95))
    return path


@pytest.fixture
def arena(monkeypatch, capsys):
    """Run a command; its lines on stdout and on stderr."""

    def run(*words, status=0):
        monkeypatch.setattr(sys, "argv", ["arena", "detect", *map(str, words)])
        with pytest.raises(SystemExit) as exit:
            main()
        assert exit.value.code == status
        out, err = capsys.readouterr()
        return out.splitlines(), err.splitlines()

    return run


def test_a_line_for_each_face(arena, home, photo, tmp_path):
    wall = tmp_path / "wall.png"
    wall.write_bytes(encoded(Image.new("RGB", (80, 60), "grey")))
    out, err = arena(photo, wall, "--home", home.root)
    assert len(out) == 2
    assert out[0].startswith(f"{photo}: ")
    assert "(alarm from 0.500), a face of " in out[0]
    assert out[1] == f"{wall}: not judged; no face was found, so there is no verdict"
    assert err == ["judged by the cnn of round 2 of duel"]


def test_for_programs_and_pictures(arena, home, photo, tmp_path):
    ((line,), _) = arena(photo, "--home", home.root, "--round", 1, "--json", "--heatmap", tmp_path / "looked")
    found = json.loads(line)
    assert found["photo"] == str(photo)
    assert (found["judge"]["match"], found["judge"]["round"]) == ("duel", 1)
    assert (found["width"], found["height"], len(found["faces"])) == (320, 160, 1)
    with Image.open(tmp_path / "looked" / "photo.jpg-0.png") as drawn:
        assert (drawn.mode, drawn.size) == ("RGB", (16, 16))
        assert "Heat map" in drawn.info["Description"]


def test_heat_maps_without_a_place_are_told_of_before_anything_is_judged(arena, home, photo):
    out, err = arena(photo, "--home", home.root, "--heatmap", photo, status=1)
    assert out == []
    assert len(err) == 1


def test_a_snapshot_needs_no_home(arena, home, photo, tmp_path):
    path = home.round_folder("duel", 1) / "detector.snapshot.safetensors"
    ((line,), _) = arena(photo, "--detector", path, "--home", tmp_path / "none", "--json")
    assert json.loads(line)["judge"] == {"snapshot": str(path)}


def test_a_detector_of_drawn_faces_says_so(arena, home, photo):
    home.create_match("drawn", CONFIG, FACTS | {"faces": {"synthetic": True}})
    for number in range(2):
        play(home, number, "drawn")
    give_detector(home, "drawn", 1)
    _, err = arena(photo, "--home", home.root)
    assert any("says nothing about photos" in line for line in err)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["none.jpg"], "the photo none.jpg cannot be read: No such file"),
        (["{home}/arena.db"], "cannot be used: "),
        (["{photo}", "--match", "nobody"], "no match named 'nobody'"),
        (["{photo}", "--round", "7"], "rounds 1 to 2 of duel, not 7"),
        (["{photo}", "--snapshot", "none"], "there is no snapshot at none"),
        (["{photo}", "--snapshot", "none", "--match", "duel"], "either a snapshot or a match"),
        (["{photo}", "--heatmap", "{photo}"], "cannot be used: File exists"),
        (["{photo}", "{photo}", "--heatmap", "looked"], "two photos are named photo.jpg"),
    ],
)
def test_bad_input_is_one_sentence(arena, home, photo, words, sentence):
    given = [word.format(home=home.root, photo=photo) for word in words]
    _, err = arena(*given, "--home", home.root, status=1)
    assert sentence in err[-1]
    assert err[-1].startswith("error: ")
    assert not any("Traceback" in line for line in err)


def test_a_generator_is_no_judge(arena, home, photo, tmp_path):
    from tiny import tiny_team

    from arena import registry

    path = tmp_path / "generator.safetensors"
    path.write_bytes(to_bytes(tiny_team(registry.find("generator", "dcgan")).snapshot(1)))
    _, err = arena(photo, "--snapshot", path, status=1)
    assert "holds the weights of a generator" in err[-1]


def test_a_detector_that_knows_its_faces_framing_says_what_it_does(arena, photo, tmp_path):
    from dataclasses import replace

    from tiny import tiny_team

    from arena import registry
    from arena.faces.sources.drawn import FRAMING

    snapshot = replace(
        tiny_team(registry.find("detector", "cnn")).snapshot(1), origin={"framing": FRAMING.to_json(), "coding": None}
    )
    path = tmp_path / "framed.safetensors"
    path.write_bytes(to_bytes(snapshot))
    cut, wall = tmp_path / "cut.png", tmp_path / "wall.png"
    with Image.open(photo) as whole:
        whole.crop((0, 0, 275, 160)).save(cut)  # the right third of the face is gone
    Image.new("RGB", (300, 200), "grey").save(wall)
    out, err = arena(photo, cut, wall, "--snapshot", path)
    assert err == [
        f"each face is framed as the training faces are ({str(FRAMING).partition(',')[0]}) before it is judged"
    ]
    assert "(alarm from 0.500), a face of " in out[0]
    assert "not judged: a face of " in out[1]
    assert "the edge of the photo cuts it off" in out[1]
    assert out[2] == f"{wall}: not judged; no face was found, so there is no verdict"


@pytest.fixture
def album(photo, tmp_path):
    """A folder of two photos, one of them cut short, and a note; and a zip of it."""
    folder = tmp_path / "album"
    (folder / "old").mkdir(parents=True)
    (folder / "one.jpg").write_bytes(photo.read_bytes())
    (folder / "old" / "two.jpg").write_bytes(photo.read_bytes()[:200])
    (folder / "note.txt").write_text("none of them is me")
    with zipfile.ZipFile(tmp_path / "album.zip", "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder))
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_a_bad_photo_of_a_folder_or_a_zip_does_not_hide_the_others(arena, home, album, packed):
    place = album.with_suffix(".zip") if packed else album
    out, err = arena(place, "--home", home.root, "--heatmaps", album.parent / "looked", status=1)
    assert [line.partition(": ")[0] for line in out] == [f"{place}/one.jpg"]
    assert f"the photo {place}/old/two.jpg cannot be used: " in err[-2]
    assert err[-1] == "error: 1 of 2 photos cannot be used; judged were 1 faces in 1 photos"
    assert [path.name for path in (album.parent / "looked").iterdir()] == ["one.jpg-0.png"]


def test_a_row_for_each_photo_and_each_face(arena, home, album):
    out, _ = arena(album, "--home", home.root, "--format", "csv", status=1)
    rows = list(csv.DictReader(out))
    assert [(row["file"].rpartition("/")[2], row["face"], bool(row["score"])) for row in rows] == [
        ("two.jpg", "", False),
        ("one.jpg", "", True),
        ("one.jpg", "1", True),
    ]
    by_face = {row["face"]: row for row in rows if row["score"]}
    assert by_face[""]["score"] == by_face["1"]["score"]
    assert by_face["1"]["verdict"] in ("real", "fake")
    assert next(row["note"] for row in rows if not row["score"]).startswith("cannot be used: ")
    table, _ = arena(album, "--home", home.root, "--format", "table", status=1)
    assert table[0].split()[:3] == ["file", "face", "frames"]
    assert len(table) == 4
    objects, _ = arena(album, "--home", home.root, "--format", "json", status=1)
    assert {"faces" in json.loads(line) for line in objects} == {True, False}
    assert sum("error" in json.loads(line) for line in objects) == 1


def test_a_folder_without_photos(arena, home, tmp_path):
    (tmp_path / "empty").mkdir()
    _, err = arena(tmp_path / "empty", "--home", home.root, status=1)
    assert err[-1] == "error: there are no photos or videos there"
