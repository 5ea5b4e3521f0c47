from __future__ import annotations

import dataclasses
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from arena import registry
from arena.registry import Registry
from arena.types import ArenaError, Brief


@dataclass(frozen=True)
class Options:
    """Options of the scripted contender."""

    width: int = 4
    """How wide."""

    def __post_init__(self):
        if self.width < 1:
            raise ValueError(f"width must be at least 1, not {self.width}")


class Scripted:
    """Does as it is told.

    And nothing else.
    """

    Options = Options

    def __init__(self, options, brief):
        self.options, self.brief = options, brief


@pytest.fixture
def contender():
    book = Registry()
    book.add("detector", "scripted", Scripted)
    return book.contenders["detector", "scripted"]


def test_registering_signs_the_class_and_keeps_its_summary(contender):
    assert contender.summary == "Does as it is told."
    assert Scripted.contender == "scripted"


def test_a_class_may_come_twice_but_a_name_belongs_to_one():
    book = Registry()
    assert book.add("detector", "x", Scripted) is book.add("detector", "x", Scripted)
    impostor = type("Impostor", (), {"__doc__": "Another class."})
    book.add("generator", "x", impostor)
    with pytest.raises(ArenaError, match="two contenders are named detector 'x': test_registry and"):
        book.add("detector", "x", impostor)


def test_a_contender_says_what_it_is():
    with pytest.raises(ArenaError, match="needs a docstring"):
        Registry().add("detector", "mute", type("Mute", (), {}))


def test_seats_a_team_with_its_options_and_setting(contender):
    brief = Brief(16, seed=1)
    team = contender.team(brief, {"width": 9})
    assert (team.options, team.brief) == (Options(9), brief)
    assert contender.team(brief).options == Options(4)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"widht": 3}, "detector 'scripted' has no option 'widht', did you mean 'width'?"),
        ({"zzz": 3}, "detector 'scripted' has no option 'zzz'"),
        ({"width": 0}, "detector 'scripted': width must be at least 1, not 0"),
        ({"width": "a"}, "detector 'scripted' has an option of the wrong type: '<' not supported"),
    ],
)
def test_impossible_options_are_one_sentence(contender, given, sentence):
    with pytest.raises(ArenaError) as caught:
        contender.options(given)
    assert str(caught.value).startswith(sentence)
    assert ("did you mean" in sentence) == ("did you mean" in str(caught.value))


def test_a_broken_module_is_remembered_and_the_next_is_loaded(tmp_path, monkeypatch):
    (tmp_path / "broken_plugin.py").write_text("1 / 0")
    (tmp_path / "sound_plugin.py").write_text("loaded = True")
    monkeypatch.syspath_prepend(tmp_path)
    book = Registry()
    book.load(["broken_plugin", "sound_plugin", "missing_plugin"])
    assert book.broken == {
        "broken_plugin": "ZeroDivisionError: division by zero",
        "missing_plugin": "ModuleNotFoundError: No module named 'missing_plugin'",
    }


def test_a_package_outside_the_arena_joins_through_an_entry_point(tmp_path, monkeypatch):
    (tmp_path / "guest_plugin.py").write_text(
        "from arena.registry import register\n"
        "@register('detector', 'guest')\n"
        "class Guest:\n"
        "    'A detector from elsewhere.'\n"
    )
    registry.contenders()  # the built-ins register once, when they are imported
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_REGISTRY", Registry())
    monkeypatch.setattr(registry, "_discover", registry._discover.__wrapped__)
    guest = EntryPoint("guest", "guest_plugin", registry.ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda group: [guest] if group == registry.ENTRY_POINTS else [])
    assert registry.find("detector", "guest").summary == "A detector from elsewhere."
    assert registry.broken() == {}


def test_listing_imports_no_contender_and_no_torch():
    program = (
        "import sys; from arena import registry; "
        "assert {c.name for c in registry.contenders() if c.declared} >= {'dcgan', 'cnn'}; "
        "assert 'torch' not in sys.modules; registry.find('detector', 'cnn').cls; "
        "assert 'arena.detector.cnn' in sys.modules; assert 'arena.generator.dcgan' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parent.parent)


def test_a_file_that_computes_what_it_declares_is_imported(tmp_path, monkeypatch):
    (tmp_path / "computed_plugin.py").write_text(
        "from dataclasses import dataclass\n"
        "from arena.registry import register\n"
        "@dataclass(frozen=True)\n"
        "class Options:\n"
        "    width: int = 2 + 2\n"
        "@register('detector', 'computed')\n"
        "class Computed:\n"
        "    'Counts.'\n"
        "    Options = Options\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    book = Registry()
    monkeypatch.setattr(registry, "_REGISTRY", book)
    book.declare("computed_plugin")
    assert [(o.name, o.default) for o in book.contenders["detector", "computed"].declared] == [("width", 4)]


def test_a_file_that_cannot_be_read_is_remembered(tmp_path, monkeypatch):
    (tmp_path / "torn_plugin.py").write_text("class Torn(:")
    monkeypatch.syspath_prepend(tmp_path)
    book = Registry()
    book.declare("torn_plugin")
    assert book.broken["torn_plugin"].startswith("SyntaxError")


def test_lists_contenders_by_role_and_name():
    listed = [(c.role, c.name) for c in registry.contenders()]
    assert listed == sorted(listed)
    assert {("detector", "cnn"), ("generator", "dcgan")} <= set(listed)
    assert {c.role for c in registry.contenders("detector")} == {"detector"}


def test_an_unknown_name_gets_a_hint_and_the_list():
    with pytest.raises(ArenaError, match=r"there is no generator named 'dcgn', did you mean 'dcgan'\?; known: .*dcgan"):
        registry.find("generator", "dcgn")
    with pytest.raises(ArenaError, match="there is no generator named 'cnn'; known: "):
        registry.find("generator", "cnn")


class TestRecipes:
    """What an option called `recipe` stands for, beside and below the options that are given."""

    dcgan = registry.find("generator", "dcgan")

    def test_a_recipe_sets_what_is_not_given(self):
        paper = self.dcgan.options({"recipe": 2016, "beta2": 0.9})  # YAML reads a year as a number
        assert (paper.recipe, paper.norm, paper.upsample, paper.loss) == ("2016", "batch", "transposed", "standard")
        assert (paper.beta2, paper.width) == (0.9, self.dcgan.options().width)
        assert (self.dcgan.options().norm, self.dcgan.options().loss) == ("group", "relativistic")

    def test_what_is_given_holds_even_where_it_is_a_default(self):
        assert self.dcgan.options({"recipe": "2016", "norm": "group"}).norm == "group"

    def test_options_stored_before_there_were_recipes_are_the_papers(self):
        before = {"width": 8, "batch": 64, "learning_rate": 8e-4, "average": 0.0, "smoothing": 0.1}
        options = self.dcgan.options(self.dcgan.as_stored(before))
        assert (options.recipe, options.norm, options.learning_rate, options.width) == ("2016", "batch", 8e-4, 8)

    def test_options_stored_since_stay_what_they_are(self):
        options = dataclasses.asdict(self.dcgan.options({"width": 8}))
        assert self.dcgan.as_stored(options) == options
        cnn = registry.find("detector", "cnn")
        assert cnn.as_stored({"level": True}) == {"level": True, "input": "rgb", "shrink": False}
        then = cnn.options(cnn.as_stored({"width": 4}))
        assert (then.level, then.input, then.shrink) == (False, "rgb", False)  # it saw images as they are, then
        assert cnn.options({"width": 4}).input == "high-pass"

    def test_so_do_those_of_a_contender_inside_another(self):
        committee, evader = registry.find("detector", "committee"), registry.find("generator", "evader")
        inner = dataclasses.asdict(committee.options({"members": ["patch"]}))["inner"]
        assert (inner["patch"].pop("input"), inner["patch"].pop("shrink")) == ("high-pass", True)
        then = committee.options(committee.as_stored({"members": ["patch"], "inner": inner})).inner["patch"]
        assert (then["input"], then["shrink"]) == ("rgb", False)
        assert evader.options(evader.as_stored({"inner": {"width": 8}})).inner["recipe"] == "2016"
        assert evader.options(evader.as_stored({"eps": 3})).inner["recipe"] != "2016"
