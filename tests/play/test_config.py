from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from arena.play.config import MatchConfig, check_name, load_config, validate
from arena.registry import Registry, find
from arena.types import ArenaError


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "match.yaml"

    def write(text):
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def rival(monkeypatch):
    """A second detector with other options."""
    book = Registry()
    cnn = find("detector", "cnn").cls
    book.contenders |= {
        ("generator", "dcgan"): find("generator", "dcgan"),
        ("detector", "cnn"): find("detector", "cnn"),
    }
    options = find("generator", "dcgan").cls.Options
    book.add("detector", "rival", type("Rival", (cnn,), {"__doc__": "Plays otherwise.", "Options": options}))
    monkeypatch.setattr("arena.registry._REGISTRY", book)
    monkeypatch.setattr(cnn, "contender", "cnn")


def test_defaults_make_a_match():
    config = load_config()
    assert (config.generator.name, config.detector.name) == ("dcgan", "cnn")
    assert config == MatchConfig() == validate({})


def test_every_option_is_filled_in_and_dumped_as_json():
    dump = load_config(settings=["detector.options.width=8"]).dump()
    assert dump["detector"]["options"]["width"] == 8
    assert dump["detector"]["options"]["learning_rate"] == 1e-3
    assert set(dump["generator"]["options"]) >= {"latent", "batch", "width", "pressure"}
    assert validate(json.loads(json.dumps(dump))).dump() == dump


def test_a_config_cannot_change():
    with pytest.raises(ValidationError):
        load_config().rounds = 3


def test_every_setting_is_documented():
    for model in (MatchConfig, *(type(getattr(MatchConfig(), name)) for name in ("exam", "generator"))):
        assert all(field.description for field in model.model_fields.values())


def test_file_then_settings_then_overrides(file):
    path = file("rounds: 2\nseed: 2\nexam: {size: 20}\nimage_size: 32\n")
    config = load_config(path, ["seed=3", "exam.significance=0.01", "rounds=3"], rounds=4, faces=None)
    assert (config.rounds, config.seed, config.image_size) == (4, 3, 32)
    assert (config.exam.size, config.exam.significance) == (20, 0.01)
    assert config.faces == MatchConfig().faces


def test_a_contender_may_be_given_by_its_name_alone(file):
    path = file("generator: dcgan\ndetector: {options: {width: 8}}\n")
    config = load_config(path, ["generator.options.width=4"])
    assert config.generator.options["width"] == 4
    assert (config.detector.name, config.detector.options["width"]) == ("cnn", 8)


def test_an_empty_file_is_all_defaults(file):
    assert load_config(file("# nothing\n")) == MatchConfig()


@pytest.mark.usefixtures("rival")
@pytest.mark.parametrize("name", ["cnn", None])
def test_options_stay_with_the_contender_of_the_file(file, name):
    for text in ("detector: {name: cnn, options: {memory: 0.25}}", "detector: {options: {memory: 0.25}}"):
        assert load_config(file(text), detector=name).detector.options["memory"] == 0.25


@pytest.mark.usefixtures("rival")
def test_another_contender_drops_the_files_options_and_takes_the_settings(file):
    path = file("detector: {name: cnn, options: {memory: 0.25, width: 8}}")
    config = load_config(path, ["detector.options.latent=7"], detector="rival")
    assert config.detector.name == "rival"
    assert config.detector.options["latent"] == 7
    assert config.detector.options["width"] == find("detector", "rival").options().width


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("rounds=0", "rounds: input should be greater than or equal to 1, not 0"),
        ("seed=-1", "seed: input should be greater than or equal to 0, not -1"),
        ("image_size=20", "image_size: input should be a multiple of 8, not 20"),
        ("exam.size=5", "exam.size: input should be a multiple of 2, not 5"),
        ("exam.win_accuracy=.nan", "exam.win_accuracy: input should be a finite number, not nan"),
        ("false_alarm_rate=1", "false_alarm_rate: input should be less than 1, not 1"),
        ("parts=[.inf, 1, 1]", "parts.0: input should be a finite number, not inf"),
        ("parts=[1, 1]", "parts.2: field required, not [1, 1]"),
        ("knowledge=all", "knowledge: input should be 'whitebox' or 'none', not 'all'"),
        ("rouns=3", "there is no setting 'rouns', did you mean 'rounds'?"),
        ("exam.siz=4", "there is no setting 'exam.siz', did you mean 'size'?"),
        ("zzz=3", "there is no setting 'zzz'"),
        ("generator=dcgn", "generator: there is no generator named 'dcgn', did you mean 'dcgan'?; known: "),
        ("detector.options.widht=3", "detector: detector 'cnn' has no option 'widht', did you mean 'width'?"),
        ("detector.options.width=0", "detector: width must be at least 1 and dropout in [0, 1)"),
        ("detector.options.width=a", "detector: options.width: input should be a valid integer, unable to parse"),
        ("generator.options.learning_rate=.inf", "generator: warmup_steps and pressure must not be negative"),
        ("detector=[1]", "detector: input should be a valid dictionary or instance of Choice, not [1]"),
    ],
)
def test_a_wrong_value_is_one_sentence(setting, sentence):
    with pytest.raises(ArenaError) as caught:
        load_config(settings=[setting])
    assert str(caught.value).startswith(f"the settings: {sentence}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("setting", ["rounds", "=3", ""])
def test_a_setting_is_a_key_and_a_value(setting):
    with pytest.raises(ArenaError, match="--set takes key=value"):
        load_config(settings=[setting])


def test_a_value_that_is_no_yaml_is_named():
    with pytest.raises(ArenaError, match="the value in rounds=: : is not valid YAML"):
        load_config(settings=["rounds=: :"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rounds: 3\n  seed: 1\n", "is not valid YAML in line 2: mapping values are not allowed here"),
        ("- 1\n- 2\n", "must hold settings as 'key: value' lines, not a list"),
        ("just words", "must hold settings as 'key: value' lines, not a str"),
        ("rounds: many", "rounds: input should be a valid integer"),
        ("1: 2", "1: keys should be strings, not 1"),
    ],
)
def test_a_wrong_file_is_named(file, text, sentence):
    path = file(text)
    with pytest.raises(ArenaError) as caught:
        load_config(path)
    assert str(path) in str(caught.value)
    assert sentence in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ArenaError, match="there is no config file"):
        load_config(tmp_path / "none.yaml")
    with pytest.raises(ArenaError, match="cannot be read"):
        load_config(tmp_path)
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ArenaError, match="cannot be read"):
        load_config(tmp_path / "bytes.yaml")


@pytest.mark.parametrize("name", ["a", "deep-2", "v1.0_x", "9" * 64])
def test_a_safe_name_passes(name):
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "-a", "a/b", "a b", "é", "x" * 65, "a\n"])
def test_an_unsafe_name_is_refused(name):
    with pytest.raises(ArenaError, match="a match cannot be named"):
        check_name(name)
