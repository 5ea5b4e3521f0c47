"""`arena forge` from the command line to files that say what they are."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from arena.faces.crop import finder as crop
from arena.faces.crop.finder import Found
from arena.faces.parts.shapes import UPRIGHT
from arena.faces.procedural import render
from arena.faces.sources.opening import open_source
from arena.store.home import Home

PEOPLE, SHOTS = 3, 2


class Knows:
    """Finds a face in the middle of everything that is not black."""

    searched = 0

    def __init__(self, device: str = "auto", min_size: float = 20) -> None:
        pass

    def find(self, images):
        type(self).searched += len(images)
        side = len(images[0])
        points = (UPRIGHT * 0.28 * side + (0.5 * side, 0.46 * side)).astype(np.float32)
        box = (0.2 * side, 0.2 * side, 0.8 * side, 0.9 * side)
        return [[Found(box, 0.99, points)] if image.mean() > 8 else [] for image in images]


@pytest.fixture
def people(tmp_path, monkeypatch):
    """A folder of drawn faces: three people, two shots each, and one black picture."""
    monkeypatch.setattr(crop, "Finder", Knows)
    monkeypatch.setattr(Knows, "searched", 0)
    folder = tmp_path / "people"
    images = render(1, np.repeat(np.arange(PEOPLE), SHOTS), np.tile(np.arange(SHOTS), PEOPLE), 64)
    for i, image in enumerate([*images, np.zeros((64, 64, 3), np.uint8)]):
        path = folder / f"p{i // SHOTS}" / f"{i % SHOTS}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return folder


def table(path):
    return list(csv.DictReader(io.StringIO(path.read_text())))


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_fakes_have_labels_and_a_record(arena, people, tmp_path):
    rc, out, _ = arena("forge", people, "-o", "made", "-n", 9, "--part", "mouth", "--edge", "cut", "--no-colour")
    assert rc == 0
    assert "9 fakes in made, made of 6 faces of 3 people; in 1 more no face was found" in out
    labels, record = table(tmp_path / "made/labels.csv"), table(tmp_path / "made/forged.csv")
    assert [row["label"] for row in labels] == ["1"] * 9
    assert [list(row) for row in labels] == [["seqid", "img_url", "label"]] * 9
    assert [row["img_url"] for row in record] == [row["img_url"] for row in labels]
    for row in record:
        assert (row["part"], row["edge"], row["colour"], row["poisson"]) == ("MOUTH", "cut", "0", "0")
        assert row["donor_identity"] != row["target_identity"]
        assert row["target"].startswith(row["target_identity"])
        fake, target, donor = (
            pixels(p) for p in (tmp_path / "made" / row["img_url"], people / row["target"], people / row["donor"])
        )
        changed = (fake != target).any(2)
        assert 0 < changed.mean() < 0.1
        assert np.abs(fake[changed].astype(int) - donor[changed]).max() <= 1  # both faces lie alike: the very pixels
    targets = [row["target"] for row in record]
    assert len(set(targets[:6])) == 6


def test_fakes_say_that_they_are(arena, people, tmp_path):
    assert arena("forge", people, "-o", "made", "-n", 2)[0] == 0
    with Image.open(tmp_path / "made/fakes/000001.png") as image:
        info = image.info
    assert "compositeSynthetic" in info["XML:com.adobe.xmp"]
    assert info["Comment"] == "MOUTH blur"
    faces = list(open_source(str(tmp_path / "made")).faces())
    assert [face.label for face in faces] == [1, 1]


def test_files_that_cannot_be_used_are_named(arena, people):
    (people / "p0" / "cut.png").write_bytes((people / "p0" / "0.png").read_bytes()[:99])
    rc, out, _ = arena("forge", people, "-o", "made", "-n", 2)
    assert rc == 0
    assert "skipped, truncated: 1 (p0/cut.png)" in out


def test_the_same_seed_forges_the_same_and_landmarks_are_found_once(arena, people, tmp_path):
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        assert arena("forge", people, "-o", name, "-n", 4, "--part", "EYES", "--part", "NOSE", "--seed", seed)[0] == 0
    one, two, three = ((tmp_path / name / "forged.csv").read_bytes() for name in ("one", "two", "three"))
    assert one == two != three
    files = [(tmp_path / name / "fakes/000003.png").read_bytes() for name in ("one", "two")]
    assert files[0] == files[1]
    assert Knows.searched == 7


def test_matches_can_be_played_in_the_home_of_forged_faces(arena, people, tmp_path):
    assert arena("forge", people, "-o", "made", "-n", 1)[0] == 0
    assert arena("matches")[0] == 0
    assert Home.create(tmp_path / "arena-home").faces.is_dir()


def test_a_zip_is_forged_as_a_folder_is(arena, people, tmp_path):
    with zipfile.ZipFile(tmp_path / "people.zip", "w") as archive:
        for path in sorted(people.rglob("*.png")):
            archive.write(path, path.relative_to(people))
    assert arena("forge", tmp_path / "people.zip", "-o", "made", "-n", 3, "--size", 32, "--poisson")[0] == 0
    assert pixels(tmp_path / "made/fakes/000003.png").shape == (32, 32, 3)


def faceless(people: Path) -> None:
    for path in people.rglob("*.png"):
        Image.fromarray(
            np.uint8(np.random.default_rng(len(str(path)) + ord(path.stem)).integers(0, 9, (64, 64, 3)))
        ).save(path)


def alone(people: Path) -> None:
    for other in ("p1", "p2"):
        for path in (people / other).iterdir():
            path.rename(people / "p0" / f"{other}-{path.name}")


def emptied(people: Path) -> None:
    for path in people.rglob("*.png"):
        path.unlink()


def occupied(people: Path) -> None:
    (people.parent / "made").mkdir()
    (people.parent / "made" / "mine.txt").write_text("x")


@pytest.mark.parametrize(
    ("spoil", "words", "said"),
    [
        (faceless, (), "MTCNN finds no face in any of the"),
        (alone, (), "a swap needs two people, but the 6 faces found in"),
        (emptied, (), "has no files in it"),
        (occupied, (), "made exists and is not empty"),
        (None, ("--part", "EAR"), "no part 'EAR' of a face; known: LEFT_BROW"),
        (None, ("--edge", "torn"), "no edge 'torn'; known: cut, blur"),
        (None, ("-n", 0), "the number of fakes must be from 1 to 999999, not 0"),
        (None, ("-n", 10**12), "the number of fakes must be from 1 to 999999, not 1000000000000"),
        (None, ("--size", 8), "the image size must be between 16 and 1024 pixels, not 8"),
        (None, ("-o", "/proc/nowhere/made"), "/proc/nowhere/made cannot be written"),
        (None, ("--home", "people"), "people is not empty and no arena home"),
    ],
)
def test_what_cannot_be_forged_is_one_sentence(arena, people, tmp_path, spoil, words, said):
    if spoil is not None:
        spoil(people)
    rc, out, err = arena("forge", people, "-o", "made", *words)
    assert rc == 1
    assert not out
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert spoil is occupied or not (tmp_path / "made").exists()
    assert not (tmp_path / ".made.partial").exists()


def test_faces_too_small_to_use_are_named(arena, people):
    for path in people.rglob("*.png"):
        Image.fromarray(pixels(path)[:12, :12]).save(path)
    rc, _, err = arena("forge", people, "-o", "made")
    assert (rc, "not one face in" in err, "too small" in err) == (1, True, True)
