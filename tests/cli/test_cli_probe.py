"""`arena probe`, with a detector that never trained."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from PIL import Image
from tiny import pictures, tiny_team

from arena import registry
from arena.cli import main
from arena.referee.probes import PROBES
from arena.snapshot import to_bytes


@pytest.fixture
def snapshot(tmp_path):
    path = tmp_path / "detector.safetensors"
    path.write_bytes(to_bytes(tiny_team(registry.find("detector", "cnn")).snapshot(1)))
    return path


@pytest.fixture
def reals(tmp_path):
    folder = tmp_path / "reals"
    folder.mkdir()
    for i, image in enumerate(pictures(30, size=32)):
        Image.fromarray(np.array(image)).save(folder / f"{i:02d}.png")
    return folder


@pytest.fixture
def arena(monkeypatch, capsys, tmp_path):
    """Run a command without a home; its lines on stdout and on stderr."""

    def run(*words, status=0):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["arena", *([] if words[0] == "score" else ["probe"]), *map(str, words)])
        with pytest.raises(SystemExit) as exit:
            main()
        assert exit.value.code == status
        out, err = capsys.readouterr()
        return out.splitlines(), err.splitlines()

    return run


def test_a_line_for_each_probe(arena, snapshot, reals, tmp_path):
    out, err = arena(snapshot, "--reals", reals)
    assert [name for line, name in zip(out[1:], PROBES, strict=True) if line.startswith(name)] == list(PROBES)
    assert err[-1].startswith("0.5 is chance")
    assert not (tmp_path / "arena-home").exists()


def test_for_programs(arena, snapshot, reals):
    out, _ = arena(snapshot, "--reals", reals, "--most", 25, "--json")
    found = [json.loads(line) for line in out]
    assert [one["name"] for one in found] == list(PROBES)
    assert all(one["interval"][0] <= one["auroc"] <= one["interval"][1] for one in found)
    assert [one["strict"] for one in found] == [True] * 10 + [False] * 5


def test_score_does_the_same_when_asked_for_probes(arena, snapshot, reals):
    assert arena("score", snapshot, reals, "--probes") == arena(snapshot, "--reals", reals)
    _, err = arena("score", snapshot, "--probes", status=1)
    assert err == ["error: --probes needs real faces, too: arena score SNAPSHOT REALS --probes"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nobody", "--reals", "{reals}"], "there is no arena home at arena-home"),
        (["gone.safetensors", "--reals", "{reals}"], "there is no snapshot at gone.safetensors"),
        (["{snapshot}", "--reals", "nowhere"], "nowhere"),
        (["{snapshot}", "--reals", "{reals}", "--round", "2"], "leave --round out"),
        (["{snapshot}", "--reals", "{reals}", "--most", "5"], "at least 20 faces"),
        (["{reals}/00.png", "--reals", "{reals}"], "not a readable snapshot"),
        (["{generator}", "--reals", "{reals}"], "only a detector can be probed"),
    ],
)
def test_bad_input_is_one_sentence(arena, snapshot, reals, tmp_path, words, sentence):
    generator = tmp_path / "generator.safetensors"
    generator.write_bytes(to_bytes(tiny_team(registry.find("generator", "dcgan")).snapshot(1)))
    given = [word.format(snapshot=snapshot, reals=reals, generator=generator) for word in words]
    _, err = arena(*given, status=1)
    assert sentence in err[-1]
    assert err[-1].startswith("error: ")
