"""The commands as a person types them, in this process; what must be a process of its own is in test_processes."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
import yaml
from matches import TINY, played, start, tiny
from PIL import Image

from arena.cli.commands import app
from arena.cli.console import console
from arena.cli.display import display
from arena.faces.procedural import render
from arena.referee.blind import BlindTest, Shown, Vote
from arena.store.home import Home
from arena.store.votes import enter_test, enter_vote


@pytest.fixture
def tiny_yaml(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(TINY | {"precision": "fp32"}))
    return path


@pytest.fixture
def finished(arena, tiny_yaml):
    status, _, err = arena("run", tiny_yaml, "--rounds", 2, "--ray", "off", "--mlflow", "off", "--name", "deep")
    assert status == 0, err
    return arena


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_match_from_a_file_is_played_and_every_look_at_it_agrees(arena, tiny_yaml, tmp_path):
    status, out, err = arena(
        "run", tiny_yaml, "--rounds", 2, "--seed", 7, "--ray", "off", "--mlflow", "off", "--name", "deep", "--json"
    )
    assert status == 0, err
    rounds = objects(out)
    assert [(one["match"], one["round"], one["n"]) for one in rounds] == [("deep", 1, 40), ("deep", 2, 40)]
    assert "arena show deep" in err
    assert (tmp_path / "arena-home/matches/deep/animation.gif").read_bytes().startswith(b"GIF89a")

    (summary,) = objects(arena("matches", "--json")[1])
    assert (summary["match"], summary["played"], summary["status"], summary["seed"]) == ("deep", 2, "finished", 7)
    shown = objects(arena("show", "deep", "--json")[1])
    assert shown[0]["config"]["generator"]["options"]["width"] == 4
    assert shown[1:] == rounds
    (one,) = objects(arena("show", "deep", "--round", 1, "--json")[1])
    assert one["training"]["generator"]["curve"]
    lines = objects(arena("standings", "deep", "--json")[1])
    a, b = lines
    assert [line["won"] + line["lost"] + line["close"] for line in lines] == [2, 2]
    assert (a["won"], a["lost"]) == (b["lost"], b["won"])
    assert objects(arena("standings", "--json")[1]) == lines


def test_whatever_a_library_prints_during_a_match_stdout_is_json_alone(tmp_path, capsys):
    record = played(start(tmp_path, tiny("stamper", "stamp-reader", rounds=1))).rounds[0]
    with display(console(as_json=True), 1, as_json=True) as screen:
        print("a worker died, says a library")
        screen.on_round(record)
    print("done")
    out, err = capsys.readouterr()
    line, last = out.splitlines()
    assert (json.loads(line)["round"], last) == (1, "done")
    assert "a worker died" in err


def test_what_people_read_names_the_winner_and_the_next_commands(finished):
    assert "deep" in finished("matches")[1]
    text = finished("show", "deep")[1]
    assert "finished, 2 of 2 rounds" in text
    assert "accuracy" in text
    assert "average_precision" in finished("show", "deep", "--round", "2")[1]
    assert "Standings of deep" in finished("standings", "deep")[1]


def test_the_standings_show_visitors_once_there_are_votes(finished, tmp_path):
    home = Home.open(tmp_path / "arena-home")
    assert "visitors" not in finished("standings")[1]
    test = BlindTest("x", "deep", 1, 0.5, tuple(Shown(i, i % 2 == 0, 0.0) for i in range(20)))
    enter_test(home, test)
    assert "visitors" not in finished("standings")[1]
    enter_vote(home, Vote(test, (True,) * 20))
    (line,) = [line for line in finished("standings", "deep")[1].splitlines() if "visitors" in line]
    assert line == "visitors: 10 of 20 faces called right, 0.500 (0.30-0.70)"
    told = objects(finished("standings", "--json")[1])[-1]
    assert (told["team"], told["votes"], told["right"], told["accuracy"]) == ("visitors", 20, 10, 0.5)


def test_verify_replays_and_names_a_changed_file(finished, tmp_path):
    status, out, _ = finished("verify", "deep", "--replay", 2)
    assert status == 0
    assert "every file and every verdict" in out
    assert "every score is the same" in out
    path = tmp_path / "arena-home/matches/deep/rounds/0001/gallery.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\x99")
    status, out, _ = finished("verify", "deep")
    assert status == 1
    assert "round 1: gallery.npy is missing or was changed" in out


def test_resume_says_when_there_is_nothing_left_and_plays_more_on_request(finished):
    status, out, _ = finished("resume", "deep", "--ray", "off", "--mlflow", "off")
    assert status == 0
    assert "arena resume deep --rounds 2" in out
    status, out, _ = finished("resume", "deep", "--rounds", 1, "--ray", "off", "--mlflow", "off", "--json")
    assert [one["round"] for one in objects(out)] == [3]


def test_a_dry_run_prints_settings_that_can_be_run_and_touches_nothing(arena, tmp_path):
    status, out, _ = arena("run", "--dry-run", "--rounds", 3, "--set", "detector.options.width=64")
    assert status == 0
    settings = yaml.safe_load(out)
    assert (settings["rounds"], settings["detector"]["options"]["width"]) == (3, 64)
    (tmp_path / "again.yaml").write_text(out)
    assert arena("run", "again.yaml", "--dry-run")[1] == out
    assert not (tmp_path / "arena-home").exists()


DRY = ["run", "--dry-run", "--faces", "procedural:600", "--set", "image_size=16", "--set", "exam.size=10"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--name", "../deep"], "cannot be named"),
        (["--faces", "procedural:160"], "bring at least 334 faces"),
        (["--faces", "nowhere"], "there are no faces at 'nowhere'"),
        (["--mlflow", "nowhere"], "'nowhere' is no address of an MLflow store"),
        (["--home", "notes"], "no arena home"),
        (["--generator", "folder"], "needs fakes to play"),
        (["--generator", "folder", "--set", "generator.options.path=away"], "'away'"),
    ],
    ids=str,
)
def test_a_dry_run_finds_what_a_run_would_find(arena, tmp_path, words, sentence):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "today.txt").touch()
    status, out, err = arena(*DRY, *words)
    assert (status, out) == (1, "")
    assert_one_sentence(err, sentence)


def test_a_dry_run_finds_a_taken_name_and_says_how_parts_are_taken(finished):
    status, _, err = finished(*DRY, "--name", "deep")
    assert status == 1
    assert_one_sentence(err, "there is already a match named deep")
    status, _, err = finished(*DRY, "--set", "parts=[1, 1, 2]", "--name", "new")
    assert (status, err) == (0, "new can be played: 600 faces, of which about A 25%, B 25%, referee 50%\n")
    assert "new" not in finished("matches")[1]


def test_contenders_are_listed_with_every_option_explained(arena):
    entries = {entry["name"]: entry for entry in objects(arena("contenders", "--json")[1])}
    assert {"dcgan", "cnn"} <= set(entries)
    for name in ("dcgan", "cnn"):
        assert all(option["help"] for option in entries[name]["options"].values())
    told = arena("contenders")[1]
    assert "warmup_steps" in told
    heads = ("(generator): ", "(detector): ")
    assert all(line.startswith("    ") or any(head in line for head in heads) for line in told.splitlines())


def a_folder(tmp_path, people, shots, name="faces"):
    """A folder of noise, `shots` images of each of `people` identities."""
    draw = np.random.default_rng(0)
    for person in range(people):
        folder = tmp_path / name / f"person{person}"
        folder.mkdir(parents=True)
        for shot in range(shots):
            image = Image.fromarray(draw.integers(0, 255, (16, 16, 3), dtype=np.uint8))
            image.save(folder / f"{shot}.png")
    return tmp_path / name


def broken_zip(tmp_path):
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and then nothing")
    return tmp_path / "broken.zip"


def empty_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as file:
        file.writestr("readme.txt", "no face here")
    return tmp_path / "empty.zip"


def no_images(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "note.txt").write_text("no face here")
    return tmp_path / "texts"


WRONG_FACES = {
    "missing folder": (lambda tmp_path: tmp_path / "nowhere", "nowhere"),
    "folder without images": (no_images, "texts"),
    "broken zip": (broken_zip, "broken.zip"),
    "zip without images": (empty_zip, "empty.zip"),
    "one identity": (lambda tmp_path: a_folder(tmp_path, 1, 3), "identit"),
    "too few faces": (lambda tmp_path: a_folder(tmp_path, 4, 3), "too few faces"),
}


@pytest.mark.parametrize("wrong", WRONG_FACES)
def test_wrong_faces_are_one_sentence_and_no_match(arena, tmp_path, wrong):
    make, expected = WRONG_FACES[wrong]
    status, out, err = arena("run", "--faces", make(tmp_path), "--ray", "off", "--set", "image_size=16", "--json")
    assert (status, out) == (1, "")
    assert_one_sentence(err, expected)
    assert arena("matches", "--json")[1] == ""


WRONG_SETTINGS = {
    "rounds 0": (["--rounds", 0], "rounds"),
    "negative seed": (["--seed", -1], "seed"),
    "unknown key": (["--set", "detector.optoins.width=64"], "did you mean 'options'"),
    "unknown option": (["--set", "detector.options.widht=64"], "did you mean 'width'"),
    "option of a wrong type": (["--set", "detector.options.width=wide"], "width"),
    "unknown contender": (["--generator", "dcgam"], "did you mean 'dcgan'"),
    "setting without a value": (["--set", "rounds"], "key=value"),
    "odd exam": (["--set", "exam.size=11"], "exam.size"),
    "no such file": (["nowhere.yaml"], "nowhere.yaml"),
    "unknown device": (["--device", "tpu"], "device"),
    "a name that is a path": (["--name", "../up"], "../up"),
    "no GPU": (["--device", "cuda", "--ray", "off", *["--faces", "procedural:180", "--set", "image_size=16"]], "GPU"),
}


@pytest.mark.parametrize("wrong", WRONG_SETTINGS)
def test_wrong_settings_are_one_sentence(arena, wrong, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    arguments, expected = WRONG_SETTINGS[wrong]
    few = ["--set", "exam.size=40", "--set", "parts=[1, 1, 1]"] if wrong == "no GPU" else []
    status, _, err = arena("run", *arguments, *few)
    assert status == 1
    assert_one_sentence(err, expected)


@pytest.mark.parametrize("text", ["rounds: [", "- just\n- a list\n", "rounds: 1\nrondos: 2\n"])
def test_a_bad_file_is_one_sentence_that_names_it(arena, tmp_path, text):
    (tmp_path / "bad.yaml").write_text(text)
    status, _, err = arena("run", "bad.yaml")
    assert status == 1
    assert_one_sentence(err, "bad.yaml")


def test_an_occupied_home_is_refused_and_left_alone(arena, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.jpg").write_bytes(b"mine")
    status, _, err = arena("run", "--home", "photos")
    assert status == 1
    assert_one_sentence(err, "photos is not empty and no arena home")
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["me.jpg"]
    status, _, err = arena("run", "--home", "photos/me.jpg")
    assert status == 1
    assert_one_sentence(err, "is a file")


@pytest.mark.parametrize("command", ["matches", "standings", "show x", "verify x", "resume x", "mlflow"])
def test_without_a_home_every_look_says_so(arena, command):
    status, _, err = arena(*command.split())
    assert status == 1
    assert_one_sentence(err, "there is no arena home at arena-home")


def test_an_unknown_match_is_one_sentence_with_the_known_ones(finished):
    for command in ("show", "standings", "verify", "resume"):
        status, _, err = finished(command, "shallow")
        assert status == 1
        assert_one_sentence(err, "there is no match named 'shallow'")
        assert "known: deep" in err
    status, _, err = finished("show", "deep", "--round", 9)
    assert status == 1
    assert_one_sentence(err, "rounds 0 to 2")


def test_a_name_that_is_taken_is_refused_with_the_way_on(finished, tiny_yaml):
    status, _, err = finished("run", tiny_yaml, "--name", "deep", "--ray", "off")
    assert status == 1
    assert_one_sentence(err, "arena resume deep")


def test_every_command_and_option_is_explained():
    for command in app.registered_commands:
        assert command.callback.__doc__
    help_of = {group.typer_instance.info.name for group in app.registered_groups}
    assert help_of == {"faces"}


def assert_one_sentence(err, expected):
    last = err.strip().splitlines()[-1]
    assert last.startswith("error: "), err
    assert expected in last, err
    assert "Traceback" not in err


def test_a_photo_under_two_names_refuses_no_match_and_may_leak_on_record(arena, tiny_yaml, tmp_path):
    faces = render(5, np.arange(180), np.zeros(180, np.int64), 32)
    for person, face in enumerate(faces):
        (tmp_path / "people" / f"p{person}").mkdir(parents=True)
        Image.fromarray(face).save(tmp_path / "people" / f"p{person}" / "photo.png")
    for person in range(20):  # the same photo, a little darker, under another name
        (tmp_path / "people" / f"q{person}").mkdir()
        darker = (faces[person] * 0.95).astype(np.uint8)
        Image.fromarray(darker).save(tmp_path / "people" / f"q{person}" / "photo.png")
    play = ["run", tiny_yaml, "--faces", "people", "--set", "image_size=32", "--rounds", 1, "--ray", "off"]
    status, _, err = arena(*play, "--mlflow", "off", "--name", "joined")
    assert status == 0, err
    (summary, *_) = objects(arena("show", "joined", "--json")[1])
    assert summary["facts"]["faces"]["leaks"] == []

    status, _, err = arena(*play, "--mlflow", "off", "--allow-leaks", "--name", "leaky")
    assert status == 0, err
    (summary, *_) = objects(arena("show", "leaky", "--json")[1])
    assert summary["config"]["allow_leaks"] is True
    assert all("near-duplicate" in leak for leak in summary["facts"]["faces"]["leaks"])
    assert summary["facts"]["faces"]["leaks"]


def test_old_rounds_are_pruned_and_verify_says_what_is_gone(finished):
    status, out, err = finished("prune", "deep", "--keep", "last:1")
    assert status == 0, err
    assert "weights and galleries of rounds 0-1 are removed" in out
    status, out, err = finished("verify", "deep")
    assert status == 0, err
    assert "rounds 0-1 were pruned: weights and galleries are gone" in out
    assert "nothing to remove" in finished("prune", "deep", "--keep", "last:1")[1]
    assert finished("prune", "deep", "--keep", "all") == (
        1,
        "",
        "error: --keep takes last:N, best:N or both with a comma between, not 'all'\n",
    )
