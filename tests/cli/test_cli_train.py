"""`arena train`."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import pictures, tiny_team

import arena as package
from arena import registry
from arena.referee.probes import PROBES
from arena.snapshot import read_snapshot, to_bytes
from arena.training.course import STATE
from arena.training.kept import recall

FACES = "procedural:480"
TINY = [
    *("--size", 16, "--fakes", 24, "--epochs", 2, "--no-mlflow", "--set", "false_alarm_rate=0.25"),
    *("--set", "precision=fp32", "--set", "options.width=4", "--set", "options.batch=8", "--set", "options.steps=3"),
]


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """Faces are decoded and looked at once."""
    return tmp_path_factory.mktemp("home") / "home"


@pytest.fixture
def train(arena, home):
    return lambda detector, *words: arena("train", detector, *TINY, *words, "--home", home)


def test_a_detector_with_card_and_curves(train, arena, tmp_path):
    status, out, _ = train(
        "cnn", "--real", FACES, "--against", "blend", "--against", "noise", "--judge-on", "self-blend"
    )
    assert status == 0
    assert "epoch 1: AUROC" in out
    assert "little gradient" in out
    assert "that nobody has trained on" in out
    assert "zoomed x1.1" in out
    card = json.loads((tmp_path / "cnn.json").read_text())
    assert [name for name, _ in card["fakes"]["of"]] == ["blend", "noise"]
    assert card["best"]["epoch"] in (1, 2)
    assert {row["by"] for row in card["judged"]["rows"]} == {"detector", "little gradient"}
    assert {one["name"] for one in card["judged"]["probes"]} == set(PROBES)
    assert len(card["faces"]["digest"]) == 64
    assert len(list(csv.DictReader((tmp_path / "cnn.csv").read_text().splitlines()))) == 2
    assert "Training of cnn.safetensors" in (tmp_path / "cnn.html").read_text()
    snapshot = read_snapshot(tmp_path / "cnn.safetensors")
    assert snapshot.origin["synthetic"] is True
    assert snapshot.origin["framing"]
    status, out, _ = arena("probe", "cnn.safetensors", "--reals", FACES, "--most", 30)
    assert status == 0


def test_the_same_command_goes_on_and_another_does_not(train, tmp_path):
    words = ["cnn", "--real", FACES, "--against", "noise", "-o", "d.safetensors"]
    train(*words)
    first = (tmp_path / "d.safetensors").read_bytes()
    _, out, err = train(*words)
    assert "going on after epoch 2" in err
    assert "epoch 1:" not in out
    assert (tmp_path / "d.safetensors").read_bytes() == first
    status, _, err = train(*words, "--judge-on", "blend")
    assert status == 1
    assert "another file with -o" in err


def test_for_programs(train, tmp_path):
    _, out, _ = train("cnn", "--real", FACES, "--against", "noise", "--json")
    assert json.loads(out)["detector"] == "cnn"


def test_fakes_of_a_folder(train, tmp_path):
    folder = tmp_path / "fakes"
    folder.mkdir()
    for i, image in enumerate(pictures(40)):
        Image.fromarray(image).save(folder / f"{i}.png")
    status, out, _ = train("cnn", "--real", FACES, "--fake", folder, "--judge-on", folder)
    assert status == 0
    assert "fakes        little gradient" in out


def test_a_killed_training_ends_like_one_that_was_not(home, train, tmp_path):
    words = ["cnn", "--real", FACES, "--against", "blend"]
    train(*words, "-o", "whole.safetensors")
    command = [sys.executable, "-c", "from arena.cli import main; main()"]
    command += ["train", *map(str, words), "-o", "killed.safetensors", *map(str, TINY), "--home", str(home)]
    environment = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parent.parent)}
    process = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL)
    state = tmp_path / "killed.training" / STATE
    while not state.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert recall(state) is not None
    train(*words, "-o", "killed.safetensors")
    assert (tmp_path / "killed.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["cnn", "--real", "{empty}", "--against", "noise"], "has no files in it"),
        (["cnn", "--real", "nowhere", "--against", "noise"], "there are no faces at 'nowhere'"),
        (["cnn", "--real", FACES], "--real needs fakes"),
        (["cnn", "--against", "noise"], "give real faces with --real"),
        (["cnn", "--real", FACES, "--labels", "{table}"], "give real faces with --real"),
        (["cnn", "--labels", "{table}", "--against", "noise"], "fakes of its own"),
        (["cnn", "--labels", "{table}"], "line 1 of"),
        (["cnn", "--labels", "gone.csv"], "cannot be read"),
        (["cnn", "--dfdc", "{empty}"], "metadata.json cannot be read"),
        (["nobody", "--real", FACES, "--against", "noise"], "no detector named 'nobody'"),
        (["dcgan", "--real", FACES, "--against", "noise"], "dcgan is a generator"),
        (["cnn", "--real", FACES, "--against", "noise", "--size", "8"], "between 16 and 1024"),
        (["cnn", "--real", FACES, "--against", "nothing"], "nothing named 'nothing'"),
        (["cnn", "--real", FACES, "--against", "dcgan"], "for example dcgan:50000"),
        (["cnn", "--real", FACES, "--against", "noise", "-o", "{table}/x.safetensors"], "cannot be used"),
        (["cnn", "--real", FACES, "--against", "noise", "-o", "x.txt"], "a .safetensors file"),
        (["cnn", "--real", FACES, "--against", "noise", "--set", "rounds=3"], "--set takes options.NAME=value"),
        (["cnn", "--real", FACES, "--against", "noise", "--set", "options.wide=3"], "no option 'wide'"),
        (["cnn", "--real", "{one}", "--against", "noise"], "1 identities cannot be split"),
        (["cnn", "--real", FACES, "--against", "{detector}"], "weights of a detector"),
        (["cnn", "--real", FACES, "--against", "noise", "--epochs", "0"], "epochs must be at least 1"),
    ],
)
def test_what_is_wrong_is_one_sentence(train, tmp_path, words, sentence):
    for folder in ("empty", "one/ann"):
        (tmp_path / folder).mkdir(parents=True)
    for i, image in enumerate(pictures(60, seed=1)):
        Image.fromarray(np.array(image)).save(tmp_path / "one" / "ann" / f"{i}.png")
    (tmp_path / "table.csv").write_text("seqid,img_url\n1,a.png\n")
    (tmp_path / "detector.safetensors").write_bytes(to_bytes(tiny_team(registry.find("detector", "cnn")).snapshot(1)))
    places = {"empty": "empty", "one": "one", "table": "table.csv", "detector": "detector.safetensors"}
    status, _, err = train(*(word.format(**places) for word in words))
    assert status == 1
    assert err.splitlines()[-1].startswith("error: ")
    assert sentence in err.splitlines()[-1]
