from __future__ import annotations

import sys

import pytest
import yaml
from matches import TINY
from servedhome import new_home

from arena.cli import main
from arena.store import progress
from arena.store.progress import read_progress


def arena(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["arena", *map(str, arguments)])
    main()


def test_a_match_leaves_word_of_its_training_for_the_service(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(progress, "SECONDS_BETWEEN", 0.001)
    monkeypatch.setattr(progress, "write_progress", lambda folder, underway: told.append(underway))
    config = tmp_path / "tiny.yaml"
    config.write_text(yaml.safe_dump(TINY | {"precision": "fp32", "rounds": 1}))
    with pytest.raises(SystemExit):
        arena(
            monkeypatch, "run", config, "--home", tmp_path / "home", "--name", "live", "--ray", "off", "--mlflow", "off"
        )
    assert [underway for underway in told if underway.teams and underway.match_left is not None]
    assert read_progress(tmp_path / "home" / "matches" / "live") is None  # nobody plays it any more


@pytest.mark.parametrize("token", [None, ""])
def test_serving_others_without_a_chosen_token_is_refused(tmp_path, monkeypatch, capsys, token):
    new_home(tmp_path / "home")
    if token is None:
        monkeypatch.delenv("ARENA_TOKEN", raising=False)
    else:
        monkeypatch.setenv("ARENA_TOKEN", token)
    with pytest.raises(SystemExit) as ended:
        arena(monkeypatch, "serve", "--home", tmp_path / "home", "--host", "0.0.0.0", "--port", 0)
    assert ended.value.code == 1
    assert "ARENA_TOKEN" in capsys.readouterr().err
    assert not (tmp_path / "home" / "token").exists()
