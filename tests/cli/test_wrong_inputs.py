"""Wrong inputs, one a line: each ends with one sentence on stderr, another exit status than 0, and no traceback."""

from __future__ import annotations

import pytest

RUN = ("run", "--dry-run")
WRONG = [
    (("nothing",), "No such command"),
    (("show",), "Missing argument"),
    (("show", "nobody"), "no arena home"),
    (("matches",), "no arena home"),
    (("matches", "--home", "notes"), "no arena home"),
    (("matches", "--home", "notes/a.txt"), "no arena home"),
    (("standings",), "no arena home"),
    (("verify", "nobody"), "no arena home"),
    (("verify", "nobody", "--replay", "x"), "should be a valid integer"),
    (("resume", "nobody"), "no arena home"),
    (("resume", "nobody", "--rounds", "x"), "should be a valid integer"),
    (("stop", "nobody"), "no arena home"),
    (("prune", "nobody"), "no arena home"),
    (("mlflow",), "no arena home"),
    (("mlflow", "--port", "x"), "no arena home"),
    (("sample", "nobody", "-o", "out"), "no arena home"),
    (("animate", "nobody", "-o", "a.gif"), "no arena home"),
    (("interpolate", "nobody", "-o", "a.gif"), "no arena home"),
    (("explain", "xyzzy"), "the glossary has no word"),
    (("serve", "--port", "x"), "--port takes a number"),
    (("serve", "--port", "70000"), "--port takes a number"),
    (("up", "--mlflow-port", "0"), "greater than or equal to 1"),
    (("up", "--port", "-1"), "--port takes a number"),
    ((*RUN, "--rounds", "0"), "rounds"),
    ((*RUN, "--rounds", "-1"), "rounds"),
    ((*RUN, "--rounds", "many"), "should be a valid integer"),
    ((*RUN, "--seed", "-1"), "seed"),
    ((*RUN, "--seed", "x"), "should be a valid integer"),
    ((*RUN, "--generator", "nobody"), "no generator named 'nobody'"),
    ((*RUN, "--detector", "commitee"), "did you mean 'committee'?"),
    ((*RUN, "--device", "tpu"), "device"),
    ((*RUN, "--preset", "slow"), "slow"),
    ((*RUN, "--faces", "nowhere"), "there are no faces at 'nowhere'"),
    ((*RUN, "--faces", "procedural:0"), "procedural"),
    ((*RUN, "--faces", "procedural:x"), "procedural"),
    ((*RUN, "--faces", "procedural:9"), "9 faces"),
    ((*RUN, "--name", "a/b"), "cannot be named 'a/b'"),
    ((*RUN, "--name", ""), "cannot be named ''"),
    ((*RUN, "--mlflow", "nowhere"), "no address of an MLflow store"),
    ((*RUN, "--mlflow", "sqlite:///no/such/folder/x.db"), "there is no folder"),
    ((*RUN, "--set", "rounds"), "--set takes key=value"),
    ((*RUN, "--set", "ruonds=3"), "did you mean 'rounds'?"),
    ((*RUN, "--set", "exam.size=3"), "exam.size"),
    ((*RUN, "--set", "exam=3"), "exam"),
    ((*RUN, "--set", "parts=[1, 0, 1]"), "parts"),
    ((*RUN, "--set", "parts=[1, 1]"), "parts"),
    ((*RUN, "--set", "image_size=13"), "image_size"),
    ((*RUN, "--set", "rounds=["), "not valid YAML"),
    ((*RUN, "--set", "detector.options.depth=3"), "depth"),
    ((*RUN, "--set", "generator.options.width=-1"), "width"),
    ((*RUN, "--home", "notes"), "no arena home"),
    ((*RUN, "none.yaml"), "there is no config file none.yaml"),
    ((*RUN, "notes/a.txt"), "must hold settings"),
]


def test_there_are_many():
    assert len(WRONG) >= 50
    assert len(WRONG) == len({words for words, _ in WRONG})


@pytest.mark.parametrize(
    ("words", "sentence"), WRONG, ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_a_wrong_input_is_answered_in_one_sentence(arena, tmp_path, words, sentence):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("a word\n")
    status, out, err = arena(*words)
    assert status in (1, 2)
    assert out == ""
    assert sentence in " ".join(err.replace("│", " ").split())
    assert "Traceback" not in err
    assert status == 2 or len(err.splitlines()) == 1
    assert not (tmp_path / "arena-home").exists()
