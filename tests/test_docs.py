"""The documents keep their word: every command in them parses, every command is in them, every link leads somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from arena.cli.commands import app
from arena.play.config import MatchConfig, validate

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("experiments/**/*.md")])
COMMANDS = get_command(app)


def commands_in(text):
    """Lines of code blocks, which are indented here, that call `arena`: without comments, whole where they go on."""
    whole = re.sub(r"\\\n *", "", text)
    found = re.findall(r"^    (?:\.venv/bin/)?(arena .*)$", whole, flags=re.M)
    return [re.split(r"\s#", line)[0].strip() for line in found]


def headings_of(path):
    """The anchors of a document's headings, as GitHub names them."""
    found = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


LINES = [(path.name, line) for path in DOCUMENTS for line in commands_in(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("document", "line"), LINES, ids=lambda value: str(value)[:60])
def test_every_command_in_the_documents_parses(document, line):
    command, arguments = COMMANDS, shlex.split(line)[1:]
    context = typer.Context(command, info_name="arena")
    while hasattr(command, "commands"):
        name, *arguments = arguments
        if name in ("-h", "--help"):
            return
        command = command.commands[name]
    if "--help" not in arguments:
        command.make_context(command.name, arguments, parent=context)


def test_every_command_is_in_the_readme():
    for name in COMMANDS.commands:
        assert f"arena {name}" in README, name


def test_every_setting_of_a_match_is_explained():
    models = [
        MatchConfig,
        *(f.annotation for f in MatchConfig.model_fields.values() if hasattr(f.annotation, "model_fields")),
    ]
    for model in models:
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_the_readmes_example_of_a_match_is_valid():
    import yaml

    block = re.search(r"^    rounds: 20\n(?:    .*\n)+", README, flags=re.M)
    assert validate(yaml.safe_load(block.group())).exam.size == 2000


def test_the_readmes_contender_plays(tmp_path, monkeypatch):
    from matches import played, start, tiny

    from arena import registry

    block = re.search(r"arena/detector/my_net.py`:\n\n((?:    .*\n|\n)+)", README).group(1)
    (tmp_path / "my_net.py").write_text("\n".join(line[4:] for line in block.splitlines()))
    monkeypatch.syspath_prepend(tmp_path)
    known = dict(registry._REGISTRY.contenders)
    try:
        __import__("my_net")
        options = {"width": 4, "batch": 8, "steps": 2}
        seen = played(start(tmp_path / "home", tiny(rounds=1, detector={"name": "my-net", "options": options})))
    finally:
        registry._REGISTRY.contenders = known
    assert seen.rounds[0].detector == "my-net"


def test_the_readmes_detector_can_be_used(tmp_path, monkeypatch):
    import numpy as np
    from matches import played, start, tiny

    played(start(tmp_path / "arena-home", tiny(rounds=3), "deep"))
    monkeypatch.chdir(tmp_path)
    block = re.search(r"^## Use a detector\n(?:.*\n)*?\n((?:    .*\n|\n)+)", README, flags=re.M).group(1)
    names = {"faces": np.zeros((5, 16, 16, 3), np.uint8)}
    exec("\n".join(line[4:] for line in block.splitlines()), names)
    assert names["fake"].shape == (5,)
    assert names["fake"].dtype == bool


@pytest.mark.parametrize("target", ["run", "test", "lint", "install", "clean"])
def test_the_makefile_has_the_targets(target):
    made = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
        if "://" not in target:
            name, _, heading = target.partition("#")
            there = document.parent / name if name else document
            assert there.exists(), target
            assert not heading or heading in headings_of(there), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_script_in_the_documents_is_there(document):
    for script in re.findall(
        r"\bpython ((?:experiments|benchmarks|docs)/\S+\.py)", document.read_text(encoding="utf-8")
    ):
        assert (ROOT / script).exists(), script
