"""What may be asked of a training together."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from facefiles import write
from matches import played, start, tiny

from arena import registry
from arena.store.home import Home
from arena.training.alone import Request, train_alone
from arena.training.course import Observer
from arena.types import ArenaError

SMALL = ("false_alarm_rate=0.25", "precision=fp32", "options.width=4", "options.batch=8", "options.steps=3")


@pytest.fixture
def asked(tmp_path):
    """A request for one epoch of three steps, with what else is said."""
    out = tmp_path / "cnn.safetensors"
    return lambda **said: Request("cnn", out, size=16, each_epoch=24, epochs=1, settings=SMALL, **said)


def table_of(folder, people, each=4):
    """A table of people with half real and half fake images."""
    lines = ["path,identity,label"]
    for person in range(people):
        for i in range(each):
            name = f"{person}-{i}.png"
            write(folder / name, seed=100 * person + i, width=20, height=20)
            lines.append(f"{name},p{person},{i % 2}")
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder / "labels.csv"


def test_labelled_images_are_judged_on_fakes_of_their_own_faces(asked, home, tmp_path, monkeypatch):
    monkeypatch.setattr("arena.training.ground.framing_of", lambda *given: None)
    outcome = train_alone(asked(labels=table_of(tmp_path, people=240), judge_on=("blend",)), home)
    assert {row.family for row in outcome.report.rows} == {"blend"}
    assert set(outcome.card["faces"]["parts"]) == {"makers", "makers held", "training", "validation", "judging"}


def test_what_taught_one_detector_is_there_for_the_next(asked, tmp_path):
    home, trained = Home.create(tmp_path / "home"), []

    class Noting(Observer):
        def on_progress(self, progress):
            trained.append(progress.role)

    first = asked(real="procedural:480", against=("dcgan,width=4,latent=4,batch=16:48",))
    train_alone(first, home, Noting())
    (kept,) = home.generators.iterdir()
    assert set(trained) == {"generator", "detector"}
    trained.clear()
    train_alone(replace(first, out=tmp_path / "another.safetensors"), home, Noting())
    assert set(trained) == {"detector"}
    assert list(home.generators.iterdir()) == [kept]


@pytest.mark.parametrize(("given", "steady"), [((), True), (("options.steady=false",), False)])
def test_who_trains_alone_is_deaf_to_framing_unless_told_otherwise(asked, home, given, steady):
    request = asked(real="procedural:480", against=("blend",))
    outcome = train_alone(replace(request, settings=(*request.settings, *given)), home)
    assert outcome.card["options"]["steady"] is steady
    assert registry.find("detector", "cnn").options().steady is False


def test_faces_of_a_table_are_not_drawn_larger(asked, home, tmp_path):
    with pytest.raises(ArenaError, match="only faces of --real can be drawn larger"):
        train_alone(asked(labels=table_of(tmp_path, people=2), judge_on=("dcgan:48@32",)), home)


def test_a_match_brings_its_real_faces_along(asked, tmp_path):
    home = Home.create(tmp_path / "home")
    match = start(home.root, tiny(rounds=1, faces="procedural:480"), "deep")
    played(match)
    outcome = train_alone(asked(against=("deep",)), home)
    assert outcome.card["faces"]["source"].startswith("480 synthetic faces")
    assert [name for name, _ in outcome.card["fakes"]["of"]] == ["deep"]


def test_videos_in_a_table_are_sent_to_where_they_are_taken(asked, home, tmp_path):
    (tmp_path / "labels.csv").write_text("seqid,img_url,label\n1,a.mp4,0\n2,b.mp4,1\n")
    with pytest.raises(ArenaError, match=r"labels videos; give their folder.*--dfdc"):
        train_alone(asked(labels=tmp_path / "labels.csv"), home)


def test_faces_cut_out_in_another_way_have_a_folder_of_their_own(asked, home, tmp_path, monkeypatch):
    videos, cut = tmp_path / "videos", []
    videos.mkdir()
    (videos / "a.mp4").write_bytes(b"no video")
    (videos / "metadata.json").write_text(json.dumps({"a.mp4": {"label": "REAL"}}))

    def noted(place, folder, plan, on_images):
        cut.append((folder, plan.every))
        raise ArenaError("enough")

    monkeypatch.setattr("arena.training.alone.crops_of_videos", noted)
    for every in (10, 3, 10):
        with pytest.raises(ArenaError, match="enough"):
            train_alone(asked(dfdc=videos, every=every), home)
    (first, ten), (second, three), again = cut
    assert (ten, three, again) == (10, 3, (first, 10))
    assert first != second
