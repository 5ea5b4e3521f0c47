from __future__ import annotations

import pytest
from matches import tiny
from scripted import Coin  # noqa: F401 - registers it

from arena.detector.cnn import CNN
from arena.detector.committee import Committee
from arena.detector.spectrum import Spectrum
from arena.generator.dcgan import DCGAN
from arena.generator.progan import ProGAN
from arena.play.config import load_config
from arena.play.forecast import FACES, Forecast, forecast, foretold, in_words
from arena.play.presets import PRESETS
from arena.types import ArenaError, Training


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


def test_a_forecast_counts_steps_and_what_is_done_once_a_round(monkeypatch):
    def takes(per_step, once):
        return lambda team, *_, **__: Training(team.options.steps, 0, once + per_step * team.options.steps, {})

    monkeypatch.setattr(DCGAN, "train", takes(0.5, 3.0))
    monkeypatch.setattr(CNN, "train", takes(0.25, 1.0))
    config = tiny(rounds=3)  # of 3 steps each, after 2
    found = forecast(config, "cpu", "fp32")
    assert (found.opening, found.round, found.rounds) == (pytest.approx(2 * 0.5), pytest.approx(3 + 3 * 0.5), 3)
    assert found.total == pytest.approx(1 + 3 * 4.5)


def test_a_detector_that_says_nothing_of_its_training_is_foretold_nothing():
    assert foretold(forecast(tiny(detector="coin"), "cpu", "fp32")).startswith("how long training will take cannot")


def takes(once, per_image, per_face):
    """A training of a regression that takes so many seconds."""

    def train(team, round, material, **_):
        seconds = once + per_image * team.options.samples + per_face * len(material.faces)
        return Training(1, 0, seconds, {})

    return train


def test_a_regression_is_foretold_by_its_images_and_the_faces_it_holds_out(monkeypatch):
    monkeypatch.setattr(Spectrum, "train", takes(2.0, 0.01, 0.1))
    config = tiny("noise", {"name": "spectrum", "options": {"samples": 3000}}, rounds=3)
    found = forecast(config, "cpu", "fp32", faces=1000)
    assert found.round == pytest.approx(2 + 0.01 * 3000 + 0.1 * 1000)
    assert forecast(config, "cpu", "fp32", faces=50).round == pytest.approx(2 + 0.01 * 3000 + 0.1 * FACES)  # at least


def test_a_committee_is_foretold_by_all_its_members(monkeypatch):
    """One counts its steps and one its images; each is shortened in proportion."""
    seen = []

    def train(team, round, material, **_):
        steps, samples = (team.members[name].options for name in ("cnn", "spectrum"))
        seen.append((steps.steps, samples.samples))
        return Training(1, 0, 1.0 + 0.5 * steps.steps + 0.01 * samples.samples, {})

    monkeypatch.setattr(Committee, "train", train)
    inner = {"cnn": {"width": 4, "steps": 100}, "spectrum": {"samples": 4000}}
    config = tiny("noise", {"name": "committee", "options": {"members": ["cnn", "spectrum"], "inner": inner}})
    assert forecast(config, "cpu", "fp32").round == pytest.approx(1 + 0.5 * 100 + 0.01 * 4000)
    assert set(seen) == {(2, 80), (10, 400)}


@pytest.mark.parametrize("detector", ["spectrum", {"name": "committee", "options": {"members": ["spectrum"]}}])
def test_what_has_no_steps_is_really_timed(detector):
    assert 0 < forecast(tiny("noise", detector, image_size=32), "cpu", "fp32").round < 600


@pytest.mark.parametrize("name", ["noise", "blend", "self-blend", "face-swap"])
def test_a_generator_without_a_network_takes_no_longer_than_its_opponent(monkeypatch, name):
    monkeypatch.setattr(CNN, "train", lambda team, *_, **__: Training(team.options.steps, 0, 90.0, {}))
    config = tiny(name, {"name": "cnn", "options": {"width": 4}}, image_size=32, knowledge="none")
    assert forecast(config, "cpu", "fp32") == Forecast(0.0, pytest.approx(90.0), config.rounds)


def test_an_evader_trains_as_long_as_the_contender_it_wraps(monkeypatch):
    monkeypatch.setattr(DCGAN, "train", lambda team, *_, **__: Training(0, 0, 2.0 * team.options.steps, {}))
    inner = {"width": 4, "latent": 8, "steps": 30, "warmup_steps": 50}
    config = tiny({"name": "evader", "options": {"inner": inner}})
    found = forecast(config, "cpu", "fp32")
    assert (found.opening, found.round) == (pytest.approx(100.0), pytest.approx(60.0))


def test_a_network_that_grows_is_timed_where_it_stands_in_warm_up_and_match(monkeypatch):
    """Here a step takes a thousandth of the images seen before it: little in the warm-up, much in the end."""

    def train(team, *_, **__):
        return Training(0, 0, 3.0 + team.images / 1000 * team.options.steps, {}, grown="8 px")

    monkeypatch.setattr(ProGAN, "train", train)
    options = {"width": 4, "batch": 10, "steps": 20, "warmup_steps": 60}
    found = forecast(tiny({"name": "progan", "options": options}, "spectrum", rounds=6), "cpu", "fp32")
    assert found.opening == pytest.approx(60 * 0.3)  # of 600 images, 300 on average
    assert found.round == pytest.approx(3 + 20 * 1.2)  # of 600 to 1800


@pytest.mark.parametrize(
    ("seconds", "words"), [(30, "30 seconds"), (600, "10 minutes"), (9000, "2.5 hours"), (200_000, "2.3 days")]
)
def test_times_are_said_as_people_say_them(seconds, words):
    assert in_words(seconds) == words
