from __future__ import annotations

import numpy as np
import pytest
from matches import tiny

from arena.play.config import load_config
from arena.play.forecast import forecast, in_words
from arena.play.presets import PRESETS
from arena.types import ArenaError


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_config(name):
    config = load_config(preset=name)
    wanted = PRESETS[name]
    assert config.rounds == wanted["rounds"]
    for role in ("generator", "detector"):
        assert wanted[role]["options"].items() <= getattr(config, role).options.items()


def test_the_papers_preset_is_the_paper():
    options = load_config(preset="paper").generator.options
    assert (options["width"], options["batch"], options["latent"], options["learning_rate"]) == (64, 128, 100, 2e-4)
    assert (options["norm"], options["upsample"], options["loss"]) == ("batch", "transposed", "standard")


def test_what_is_set_beside_a_preset_holds(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("rounds: 4\ngenerator: {options: {steps: 7}}\nexam: {marking: threshold}\n")
    config = load_config(file, ["detector.options.steps=9"], preset="quick", seed=5)
    assert (config.rounds, config.seed, config.gallery) == (4, 5, PRESETS["quick"]["gallery"])
    assert (config.generator.options["steps"], config.generator.options["width"]) == (7, 16)
    assert (config.detector.options["steps"], config.detector.options["width"]) == (9, 16)
    assert (config.exam.size, config.exam.marking) == (400, "threshold")


def test_another_contender_brings_its_own_options():
    config = load_config(preset="quick", generator="noise")
    assert config.generator.name == "noise"
    assert "warmup_steps" not in config.generator.options
    assert config.detector.options["steps"] == PRESETS["quick"]["detector"]["options"]["steps"]


def test_an_unknown_preset_is_one_sentence():
    with pytest.raises(ArenaError, match=r"there is no preset 'big'; there are quick, gpu, paper"):
        load_config(preset="big")


def test_a_forecast_counts_the_steps_of_the_match():
    config = tiny(rounds=3)
    one = forecast(config, "cpu", "fp32")
    assert one.rounds == 3
    assert np.isfinite(one.total)
    assert one.total == pytest.approx(one.opening + 3 * one.round)


@pytest.mark.parametrize(
    ("seconds", "words"), [(30, "30 seconds"), (600, "10 minutes"), (9000, "2.5 hours"), (200_000, "2.3 days")]
)
def test_times_are_said_as_people_say_them(seconds, words):
    assert in_words(seconds) == words
