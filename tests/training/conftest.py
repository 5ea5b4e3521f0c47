"""Drawn faces in parts, once for all tests of trainings, and the smallest detector."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from tiny import tiny_options

from arena import registry
from arena.play.config import load_config
from arena.store.home import Home
from arena.training.course import Plan
from arena.training.ground import Machine, Wanted, prepare_ground

SETTINGS = ["false_alarm_rate=0.25"]


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    return Home.create(tmp_path_factory.mktemp("training") / "home")


@pytest.fixture(scope="session")
def settings():
    return load_config(None, SETTINGS, faces="procedural:480", seed=3, image_size=16)


@pytest.fixture(scope="session")
def ground(home, settings):
    return prepare_ground(home, settings, Wanted(makers=True, judging=True), Machine())


@pytest.fixture
def plan():
    """Two epochs of three steps."""
    contender = registry.find("detector", "cnn")
    options = asdict(contender.options(tiny_options(contender)))
    return Plan("cnn", options, fakes=24, epochs=2, patience=2)
