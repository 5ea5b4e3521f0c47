"""`arena measure`, `sample`, `animate` and `interpolate`, with a match of seconds and the real face finder."""

from __future__ import annotations

import io
import json
import shutil
import zipfile

import numpy as np
import pytest
from matches import played, start, tiny
from PIL import Image

from arena.faces.procedural import render
from arena.quality import inception
from arena.store.home import Home
from arena.store.prune import Keep, prune


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """A home with a match of two rounds, one without any, and one whose generator has no latents."""
    root = tmp_path_factory.mktemp("lasting") / "arena-home"
    played(start(root, tiny(rounds=2), "deep"))
    start(root, tiny(rounds=2), "idle")
    played(start(root, tiny("stamper", "coin", rounds=1), "stamps"))
    return root


@pytest.fixture
def home(lasting, tmp_path):
    """A copy of it, which may be changed."""
    return shutil.copytree(lasting, tmp_path / "arena-home")


def snapshot(home, role, match="deep", number=2):
    return home / "matches" / match / "rounds" / f"000{number}" / f"{role}.snapshot.safetensors"


@pytest.fixture
def drawn(tmp_path):
    """A folder of faces, one of them no image."""
    folder = tmp_path / "drawn"
    folder.mkdir()
    for i, image in enumerate(render(5, np.arange(24), np.zeros(24, np.int64), 48)):
        Image.fromarray(image).save(folder / f"{i:02}.png")
    (folder / "note.jpg").write_bytes(b"no image")
    return folder


def test_a_match_is_measured_next_to_its_own_faces(arena, home):
    status, out, err = arena("measure", "deep", "-n", 30, "--search", 4, "--json")
    assert status == 0, err
    told = json.loads(out)
    assert told["fakes"] == "the dcgan of round 2 of deep"
    assert told["compared_with"] == "the faces that Team A of deep trained on"
    assert (told["images"], told["reals"], told["one_face"]["n"], told["onet_kid"]["n"]) == (30, 30, 4, 30)
    assert told["onet_kid"]["low"] <= told["onet_kid"]["value"] <= told["onet_kid"]["high"]
    assert told["missing"].keys() == set(inception.NAMES)
    again = ("measure", snapshot(home, "generator"), "-n", 30, "--search", 4, "--json", "--reals", "procedural:25")
    assert json.loads(arena(*again)[1])["images"] == 30
    assert arena(*again)[1] == arena(*again)[1]


def test_a_folder_is_measured_and_people_are_told_what_it_means(arena, drawn):
    status, out, err = arena("measure", drawn, "--reals", "procedural:30", "--search", 4)
    assert status == 0, err
    text = " ".join(out.split())
    assert "Frechet distance of ONet features" in text
    assert "not Inception FID; biased: with fewer than 10,000 images" in text
    assert "24 fakes, 30 real faces" in text
    assert "drawn (skipped: 1 not an image) next to" in text
    assert text.count("not measured:") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nobody", "--reals", "procedural:30"), "there is no match named 'nobody'"),
        (("drawn",), "--reals SRC is missing"),
        (("{generator}",), "--reals SRC is missing"),
        (("{detector}", "--reals", "procedural:30"), "holds the weights of a detector"),
        (("drawn", "--reals", "procedural:19"), "at least 20 real faces are needed"),
        (("drawn", "--reals", "procedural:30", "-n", "19"), "at least 20 fakes are needed"),
        (("drawn", "--reals", "procedural:30", "-n", "0"), "at least 1 image"),
        (("drawn", "--reals", "procedural:30", "--round", "1"), "has no rounds"),
        (("drawn", "--reals", "procedural:30", "--size", "8"), "image size must be between 16"),
        (("deep", "--size", "64"), "draws faces of 16 px, not of 64"),
        (("deep", "--round", "3"), "deep has rounds 0 to 2, not 3"),
        (("deep", "-n", "999999999"), "999999999 images of 16 px would take 715 GiB of memory"),
        (("idle",), "idle has no round yet"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(arena, home, drawn, arguments, sentence):
    named = {"generator": snapshot(home, "generator"), "detector": snapshot(home, "detector")}
    status, _, err = arena("measure", *(argument.format(**named) for argument in arguments))
    assert status == 1
    assert sentence in err
    assert err.count("\n") == 1


def test_samples_are_the_same_for_a_seed_and_say_that_they_are_generated(arena, home, tmp_path):
    for target in ("few", "many", "some.zip"):
        status, out, err = arena("sample", "deep", "-n", 5 if target == "many" else 3, "-o", target, "--seed", 3)
        assert status == 0, err
        assert "faces by the dcgan of round 2 of deep" in out
    few, many = (sorted((tmp_path / name).iterdir()) for name in ("few", "many"))
    assert [path.name for path in many] == ["0000.png", "0001.png", "0002.png", "0003.png", "0004.png"]
    for one, other in zip(few, many, strict=False):
        assert np.array_equal(np.asarray(Image.open(one)), np.asarray(Image.open(other)))
    with zipfile.ZipFile(tmp_path / "some.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {p.name: p.read_bytes() for p in few}
    assert b"trainedAlgorithmicMedia" in few[0].read_bytes()
    assert "AI-generated" in Image.open(few[0]).text["Description"]
    arena("sample", "deep", "-n", 3, "-o", "others", "--seed", 4)
    assert (tmp_path / "others/0000.png").read_bytes() != few[0].read_bytes()
    assert arena("sample", snapshot(home, "generator"), "-n", 3, "-o", "from-a-file", "--seed", 3)[0] == 0
    assert np.array_equal(*(np.asarray(Image.open(tmp_path / at / "0002.png")) for at in ("few", "from-a-file")))


def test_animations_say_that_they_are_generated(arena, home, tmp_path):
    assert arena("animate", "deep")[1].strip().endswith("matches/deep/animation.gif")
    assert arena("animate", "deep", "-o", "rounds.webp")[0] == 0
    assert b"trainedAlgorithmicMedia" in (tmp_path / "rounds.webp").read_bytes()
    film = ("interpolate", "deep", "-o", "film.gif", "--faces", 4, "--stops", 3, "--frames", 2)
    assert arena(*film)[0] == 0
    data = (tmp_path / "film.gif").read_bytes()
    picture = Image.open(io.BytesIO(data))
    assert picture.size == (32, 32)
    assert 1 < picture.n_frames <= 6  # equal frames are one
    assert b"AI-generated" in data
    arena(*film)
    assert (tmp_path / "film.gif").read_bytes() == data


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("sample", "deep", "-n", "0", "-o", "new"), "at least 1 image must be drawn, not 0"),
        (("sample", "{detector}", "-o", "new"), "holds the weights of a detector; a generator's are needed"),
        (("sample", "missing.safetensors", "-o", "new"), "no match named 'missing.safetensors'"),
        (("sample", "drawn/00.png", "-o", "new"), "is not a readable snapshot"),
        (("sample", "deep", "-n", "3", "-o", "drawn"), "exists and is not empty"),
        (("sample", "deep", "-n", "3", "-o", "drawn/00.png/new"), "cannot be written"),
        (("sample", "deep", "-n", "3", "-o", "kept.zip"), "kept.zip exists; give another name"),
        (("sample", "deep", "-n", "3", "-o", "missing/new.zip"), "missing/new.zip cannot be used"),
        (("sample", "deep", "-n", "3", "-o", "new", "--home", "elsewhere"), "no arena home at elsewhere"),
        (("sample", "deep", "--round", "0", "-n", "3", "-o", "new"), "the weights of round 0 of deep were pruned"),
        (("sample", "{generator}", "--round", "1", "-o", "new"), "is a file and has no rounds"),
        (("sample", "idle", "-o", "new"), "idle has no round yet"),
        (("animate", "idle"), "idle has no round yet"),
        (("animate", "nobody"), "there is no match named 'nobody'"),
        (("animate", "deep", "-o", "new.mp4"), "a .gif or a .webp, not 'new.mp4'"),
        (("animate", "deep", "-o", "missing/new.gif"), "missing/new.gif cannot be used"),
        (("interpolate", "stamps", "-o", "new.gif"), "stamper draws no faces from latents"),
        (("interpolate", "deep", "-o", "new.gif", "--faces", "0"), "at least 1 face, not 0"),
        (("interpolate", "deep", "-o", "new.gif", "--stops", "1"), "at least 2 stops, not 1"),
        (("interpolate", "deep", "-o", "new.gif", "--frames", "0"), "at least 1 frame, not 0"),
        (("interpolate", "deep", "-o", "new.gif", "--faces", "99999999"), "of 16 px would take 3433 GiB of memory"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(arena, home, drawn, tmp_path, arguments, sentence):
    if "0" in arguments and "--round" in arguments:
        prune(Home.open(home), "deep", Keep.parse("last:1"))
    (tmp_path / "kept.zip").write_bytes(b"mine")
    named = {"generator": snapshot(home, "generator"), "detector": snapshot(home, "detector")}
    status, _, err = arena(*(argument.format(**named) for argument in arguments))
    assert status == 1
    assert sentence in err
    assert err.count("\n") == 1
    assert (tmp_path / "kept.zip").read_bytes() == b"mine"
    assert not [path for path in tmp_path.iterdir() if "new" in path.name or path.name.endswith(".partial")]


def test_too_little_memory_is_one_sentence(arena, monkeypatch):
    def exhausted(*_):
        raise MemoryError

    monkeypatch.setattr("arena.cli.sampling.generator_of", exhausted)
    status, _, err = arena("sample", "deep", "-o", "new")
    assert (status, err.count("\n")) == (1, 1)
    assert "there is not enough memory to do this: ask for less" in err
