from __future__ import annotations

import os

import pytest

from arena.cluster.environment import prepare_environment

NAMES = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "environ", {name: os.environ[name] for name in os.environ if name not in NAMES})
    os.environ["HOME"] = str(tmp_path)
    return tmp_path


def test_workers_of_a_local_cluster_have_one_thread_and_a_place_for_rays_secret(home):
    prepare_environment("local")
    assert os.environ["OMP_NUM_THREADS"] == "1"
    assert (home / ".ray").is_dir()
    assert not {"RAY_AUTH_TOKEN", "RAY_AUTH_MODE"} & set(os.environ)


def test_where_the_home_folder_cannot_be_written_the_environment_holds_the_secret(home):
    os.environ["HOME"] = "/proc"
    prepare_environment("local")
    assert len(os.environ["RAY_AUTH_TOKEN"]) == 64


def test_a_secret_that_is_there_is_shown_to_a_cluster_one_joins(home):
    prepare_environment("10.0.0.1:6379")
    assert "RAY_AUTH_MODE" not in os.environ
    (home / ".ray").mkdir()
    (home / ".ray" / "auth_token").write_text("secret")
    prepare_environment("10.0.0.1:6379")
    assert os.environ["RAY_AUTH_MODE"] == "token"


def test_a_chosen_mode_is_left_alone(home):
    os.environ |= {"RAY_AUTH_TOKEN": "secret", "RAY_AUTH_MODE": "disabled"}
    prepare_environment("10.0.0.1:6379")
    assert os.environ["RAY_AUTH_MODE"] == "disabled"
