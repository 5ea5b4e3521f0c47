"""`arena export`: files that hold a detector, and sentences where there are none."""

from __future__ import annotations

import json

import numpy as np
import pytest
from matches import played, start, tiny
from PIL import Image
from tiny import pictures, tiny_team

from arena import registry
from arena.export.graph import run
from arena.snapshot import player, read_snapshot, to_bytes


@pytest.fixture(scope="module")
def match(tmp_path_factory):
    """A tiny match of two rounds on drawn faces."""
    match = start(tmp_path_factory.mktemp("export") / "home", tiny(rounds=2))
    played(match)
    return match


@pytest.fixture
def export(arena, match):
    """Export from the home; the exit status, stdout and stderr."""
    return lambda *words: arena("export", *words, "--home", match.home.root)


def test_a_match_gives_a_graph_and_a_card_that_tells_all(export, match, tmp_path):
    status, out, err = export("--match", "tiny", "--round", 1, "-o", "one.onnx")
    assert (status, "one.onnx, " in out) == (0, True)
    assert "on 100 drawn faces no score is further than " in err
    card = json.loads((tmp_path / "one.json").read_bytes())
    path = match.home.round_folder("tiny", 1) / "detector.snapshot.safetensors"
    snapshot = read_snapshot(path)
    record = match.home.records("tiny")[1]
    assert (card["match"], card["round"], card["contender"]) == ("tiny", 1, "cnn")
    assert card["verdict"]["auroc"] == record.judged.auroc
    assert card["training"]["steps"] == record.training["detector"].steps
    assert (card["threshold"], card["framing"]["points"]) == (
        snapshot.extra["threshold"],
        snapshot.origin["framing"]["points"],
    )
    assert card["trained_on"] | {"synthetic": True, "images": 180} == card["trained_on"]
    assert "drawn faces" in card["licence"]
    model = (tmp_path / "one.onnx").read_bytes()
    assert np.abs(run(model, pictures(5)) - player(snapshot).answer(pictures(5)).scores).max() < 1e-4
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith((".one", "one"))) == ["one.json", "one.onnx"]


def test_eight_bits_are_measured_on_the_exam(export, tmp_path):
    _, out, err = export("--int8", "--json", "-o", "small.onnx")
    told = json.loads(out)
    assert told["int8"]["on"] == "the exam of round 2 of tiny, 40 faces"
    exact = json.loads((tmp_path / "small.json").read_bytes())["verdict"]["auroc"]
    assert told["int8"]["auroc"]["fp32"] == pytest.approx(exact, abs=1e-9)
    _, _, err = export("--int8", "-o", "small.onnx")
    assert "int8 on the exam of round 2 of tiny, 40 faces: AUROC " in err


def test_a_snapshot_needs_no_home(arena, tmp_path):
    path, faces = tmp_path / "detector.safetensors", tmp_path / "faces"
    path.write_bytes(to_bytes(tiny_team(registry.find("detector", "cnn")).snapshot(3)))
    faces.mkdir()
    for i, image in enumerate(pictures(9, size=32)):
        Image.fromarray(np.array(image)).save(faces / f"{i}.png")
    status, _, err = arena("export", path, "-o", "own.onnx", "--check-on", faces, "--int8")
    assert status == 0
    assert "on 9 real faces no score" in err
    assert "export from a match to learn the AUROC" in err
    card = json.loads((tmp_path / "own.json").read_bytes())
    assert (card["match"], card["round"], card["verdict"]) == (None, 3, None)
    assert not (tmp_path / "arena-home").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["{generator}", "-o", "x.onnx"], "holds the weights of a generator; only a detector can be exported"),
        (["gone.safetensors", "-o", "x.onnx"], "there is no snapshot at gone.safetensors"),
        (["{reader}", "-o", "x.onnx"], "stamp-reader cannot be exported: its score is no formula"),
        (["--match", "nobody", "-o", "x.onnx"], "no match named 'nobody'"),
        (["--round", "9", "-o", "x.onnx"], "rounds 1 to 2 of tiny, not 9"),
        (["{generator}", "--match", "tiny", "-o", "x.onnx"], "either a snapshot or a match"),
        (["-o", "x.pt"], "a name that ends in .onnx"),
        (["-o", "nowhere/x.onnx"], "in a folder that exists"),
        (["-o", "/proc/x.onnx"], "the file /proc/x.onnx cannot be used"),
        (["-o", "x.onnx", "--format", "pickle"], "exported as onnx, not as 'pickle'"),
        (["-o", "x.onnx", "--check-on", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(export, tmp_path, words, sentence):
    for role, name in (("generator", "dcgan"), ("detector", "stamp-reader")):
        snapshot = tiny_team(registry.find(role, name)).snapshot(1)
        (tmp_path / f"{name.split('-')[-1]}.safetensors").write_bytes(to_bytes(snapshot))
    files = {"generator": tmp_path / "dcgan.safetensors", "reader": tmp_path / "reader.safetensors"}
    status, _, err = export(*(word.format(**files) for word in words))
    assert status == 1
    assert err.splitlines()[-1].startswith("error: ")
    assert sentence in err
    assert not list(tmp_path.glob("*x.*"))
