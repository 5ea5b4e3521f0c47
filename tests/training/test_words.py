"""What the words of `--against` name."""

from __future__ import annotations

from dataclasses import replace
from threading import Event, Thread

import numpy as np
import pytest
from matches import played, start, tiny
from tiny import OPTIONS, pictures, tiny_team

from arena import locks, registry
from arena.faces.coding import Way, tables_of, tally
from arena.faces.decode import square
from arena.faces.sets.about import joined_identities
from arena.faces.sets.cache import prepare
from arena.snapshot import read_snapshot, to_bytes
from arena.training.families import Made, Shrunk, Stock
from arena.training.ground import MAKERS, larger_ground
from arena.training.growing import Growth, grow
from arena.training.words import RECOMMENDED, TEACHERS, Workshop, read_word, read_words
from arena.types import ArenaError

DCGAN = {name: OPTIONS[name] for name in ("width", "latent", "batch", "average")}


@pytest.fixture
def workshop(ground, home, tmp_path):
    return Workshop(ground, home, tmp_path)


def opened(workshop, *texts):
    return workshop.open([tiny_word(text, workshop.home) for text in texts])


def tiny_word(text, home):
    word = read_word(text, home)
    return replace(word, options={**DCGAN, **word.options}) if word.name == "dcgan" else word


def test_teachers_are_all_that_are_recommended(home):
    words = read_words(["noise", TEACHERS], home)
    assert [word.text for word in words] == ["noise", *RECOMMENDED]
    assert all(word.kind == "contender" for word in words)


def test_what_is_there_under_that_name_is_meant(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / TEACHERS).mkdir()
    (word,) = read_words([TEACHERS], home)
    assert word.kind == "folder"


def test_a_contender_that_learns_nothing(workshop):
    (family,) = opened(workshop, "blend")
    assert isinstance(family, Made)
    assert family.grown is None


def test_a_contender_that_is_trained_first(workshop, tmp_path):
    (family,) = opened(workshop, "dcgan:48")
    assert family.fakes(4, 1).shape == (4, 16, 16, 3)
    (kept,) = tmp_path.glob("dcgan-48-*.safetensors")
    changed, told = kept.stat().st_mtime_ns, []
    opened(replace(workshop, on_stage=told.append), "dcgan:48")
    assert told == ["here already: dcgan for 48 images of 16 px"]
    assert kept.stat().st_mtime_ns == changed  # it is trained once
    moved = replace(workshop.ground, facts={**workshop.ground.facts, "source": "elsewhere"})
    opened(replace(workshop, ground=moved), "dcgan:48")
    assert list(tmp_path.glob("dcgan-48-*.safetensors")) == [kept]  # whatever the faces' path is
    assert not list(tmp_path.glob("*.state"))


def test_what_is_drawn_larger_and_shrunk(workshop, tmp_path):
    family, same = opened(workshop, "dcgan:48@32", "dcgan:48@16")
    assert isinstance(same, Made)
    assert isinstance(family, Shrunk)
    (drawn,) = {read_snapshot(path).image_size for path in tmp_path.glob("dcgan-48-*.safetensors")} - {16}
    assert drawn == 32
    for asked in ("fakes", "unseen"):
        large, small = getattr(family.larger, asked)(3, 1), getattr(family, asked)(3, 1)
        assert large.shape == (3, 32, 32, 3)
        assert np.array_equal(small, [square(image, 16) for image in large])
    assert np.array_equal(family.larger.ground.parts[MAKERS].identities, workshop.ground.parts[MAKERS].identities)


def test_a_contender_with_options_of_its_own(workshop, tmp_path):
    usual, other = opened(workshop, "dcgan:48", "dcgan,width=2,norm=batch:48")
    found = {read_snapshot(path).options["width"] for path in tmp_path.glob("dcgan-48-*.safetensors")}
    assert found == {DCGAN["width"], 2}
    assert other.grown.options["norm"] == "batch"
    assert (usual.name, other.name) == ("dcgan:48", "dcgan,width=2,norm=batch:48")


def test_options_of_who_learns_nothing(workshop):
    (family,) = opened(workshop, "blend,kinds=[mean]")
    assert family._fresh(0).options.kinds == ("mean",)
    assert not np.array_equal(family.fakes(4, 1), opened(workshop, "blend")[0].fakes(4, 1))


def test_a_list_may_have_commas():
    word = read_word("face-swap,parts=[MOUTH,NOSE],edges=[cut]", None)
    assert word.options == {"parts": ["MOUTH", "NOSE"], "edges": ["cut"]}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("dcgan,width:48", "'width' in 'dcgan,width:48' must be option=value"),
        ("dcgan,widht=3:48", "widht"),
        ("dcgan,width=0:48", "width"),
        ("dcgan,width=[:48", r"the value in width=\[ is not valid YAML"),
        ("dcgan,width=3", "dcgan has to be trained first"),
    ],
)
def test_options_that_cannot_be_are_said(text, sentence):
    with pytest.raises(ArenaError, match=sentence):
        read_word(text, None)


def with_ground(workshop, **changes):
    return replace(workshop, ground=replace(workshop.ground, **changes))


def test_what_cannot_be_drawn_larger(workshop):
    settings = workshop.ground.settings.model_copy(update={"image_size": 64})
    with pytest.raises(ArenaError, match="draws smaller faces than those of the training, 64 px"):
        opened(with_ground(workshop, settings=settings), "dcgan:48@32")
    small = tally({Way("JPEG", 20, tables_of(90)): 2, Way("JPEG", 200, tables_of(90)): 1})
    with pytest.raises(ArenaError, match="most faces of procedural:480 have fewer than 32 px"):
        opened(with_ground(workshop, origin={**workshop.ground.origin, "coding": small.to_json()}), "dcgan:48@32")


def test_only_the_same_faces_are_drawn_larger(workshop, monkeypatch):
    def without_one(spec, folder, size):
        faces = prepare(spec, folder, size)
        return faces if size == 16 else replace(faces, names=faces.names[1:])

    monkeypatch.setattr("arena.training.ground.prepare", without_one)
    with pytest.raises(ArenaError, match="not the same of procedural:480 can be used at 16 and at 32 px"):
        opened(workshop, "dcgan:48@32")


def test_whoever_is_joined_at_one_size_is_at_the_other(workshop, monkeypatch):
    sizes = []

    def noted(faces, folder):
        sizes.append(faces.images.shape[1])
        return joined_identities(faces, folder)

    monkeypatch.setattr("arena.training.ground.joined_identities", noted)
    larger = larger_ground(workshop.home, workshop.ground, 32)
    assert set(sizes) == {16}
    for name, part in workshop.ground.parts.items():
        assert np.array_equal(part.identities, larger.parts[name].identities)


def test_a_generators_snapshot(workshop, tmp_path):
    path = tmp_path / "generator.safetensors"
    path.write_bytes(to_bytes(tiny_team(registry.find("generator", "dcgan")).snapshot(1)))
    (family,) = opened(workshop, str(path))
    assert family.fakes(3, 1).shape == family.unseen(3, 1).shape == (3, 16, 16, 3)
    assert not np.array_equal(family.fakes(3, 1), family.fakes(3, 2))


def test_a_gallery_and_all_galleries_of_a_match(workshop, tmp_path):
    np.save(tmp_path / "gallery.npy", pictures(12))
    match = start(workshop.home.root, tiny(rounds=1), "against-it")
    played(match)
    gallery, galleries = opened(workshop, str(tmp_path / "gallery.npy"), "against-it")
    assert len(gallery.images) == 12
    assert isinstance(galleries, Stock)
    assert len(galleries.images) == 24  # of the opening and of the round


def test_a_match_without_a_round_has_no_gallery(workshop):
    start(workshop.home.root, tiny(rounds=1), "not-played")
    with pytest.raises(ArenaError, match="not-played has no gallery"):
        opened(workshop, "not-played")


def test_what_fits_not_is_said(workshop, tmp_path):
    np.save(tmp_path / "large.npy", pictures(12, size=32))
    np.save(tmp_path / "odd.npy", np.zeros(3))
    detector, large = tmp_path / "detector.safetensors", tmp_path / "large.safetensors"
    detector.write_bytes(to_bytes(tiny_team(registry.find("detector", "cnn")).snapshot(1)))
    large.write_bytes(to_bytes(tiny_team(registry.find("generator", "noise"), image_size=32).snapshot(1)))
    for name, sentence in {
        "large.npy": "32 px, not 16",
        "odd.npy": "is no gallery",
        "detector.safetensors": "weights of a detector",
        "large.safetensors": "32 px, not 16",
    }.items():
        with pytest.raises(ArenaError, match=sentence):
            opened(workshop, str(tmp_path / name))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("resgan", "for example resgan:50000"),
        ("resgan:many", "a number of images"),
        ("resgan:0", "a number of images"),
        ("resgan:500@", "resgan:50000@128"),
        ("resgan:500@big", "resgan:50000@128"),
        ("resgan:500@4000", "between 16 and 1024 pixels, not 4000"),
        ("blend:500", "needs no training"),
        ("folder", "name the folder itself"),
        ("evader", "opponent"),
        ("nobody", "nothing named 'nobody'"),
    ],
)
def test_words_that_name_nothing(home, text, sentence):
    with pytest.raises(ArenaError, match=sentence):
        read_word(text, home)


def test_a_generator_goes_on_where_it_was_stopped(ground, tmp_path, monkeypatch):
    monkeypatch.setattr("arena.training.growing.STRIDE", 16)
    growth = Growth("dcgan", 48, DCGAN)
    whole = grow(ground, growth, tmp_path / "whole.safetensors")

    def kill(progress):
        if progress.round == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grow(ground, growth, tmp_path / "stopped.safetensors", kill)
    rounds = []
    again = grow(ground, growth, tmp_path / "stopped.safetensors", lambda progress: rounds.append(progress.round))
    assert rounds == [3]
    assert to_bytes(again) == to_bytes(whole) == to_bytes(read_snapshot(tmp_path / "whole.safetensors"))


def test_who_wants_what_another_trains_waits_for_it(ground, tmp_path, monkeypatch):
    path, growth = tmp_path / "dcgan.safetensors", Growth("dcgan", 16, DCGAN)
    grow(ground, growth, path)
    theirs = path.rename(tmp_path / "theirs.safetensors")
    monkeypatch.setattr("arena.training.growing.Seat", None)  # so nothing can be trained here
    held, asked, told = Event(), Event(), []

    def other():
        with locks.hold(path.with_suffix(".lock")):
            held.set()
            assert asked.wait(30)
            theirs.rename(path)

    def noted(text):
        told.append(text)
        asked.set()

    thread = Thread(target=other)
    thread.start()
    assert held.wait(30)
    assert grow(ground, growth, path, on_event=noted).contender == "dcgan"
    thread.join()
    assert told == ["another process trains this dcgan: waiting for it"]
    assert not path.with_suffix(".lock").exists()
