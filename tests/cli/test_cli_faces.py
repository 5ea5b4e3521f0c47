from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from arena.cli.commands import app as arena_app
from arena.cli.faces import app
from arena.faces.collect import collect
from arena.faces.collect.shelf import Plan
from arena.faces.crop import finder as crop
from arena.faces.crop.finder import Found
from arena.faces.decode import Pixels
from arena.types import ArenaError


class OneFaceEach:
    """Finds one face in everything."""

    def __init__(self, device: str = "cpu", min_size: float = 20) -> None:
        assert device == "cpu"

    def find(self, images: Sequence[Pixels]) -> list[list[Found]]:
        return [[Found((5.0, 5.0, 65.0, 65.0), 0.99, np.zeros((5, 2), np.float32))] for _ in images]


class NoFaces(OneFaceEach):
    """Finds none in anything."""

    def find(self, images: Sequence[Pixels]) -> list[list[Found]]:
        return [[] for _ in images]


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def output(*words: object) -> str:
    result = run(*words)
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.fixture
def people(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for person in range(4):
        (tmp_path / "people" / f"p{person}").mkdir(parents=True)
        for shot in range(2):
            coarse = rng.integers(0, 256, (4, 4, 3), np.uint8)
            Image.fromarray(coarse).resize((70, 70)).save(tmp_path / "people" / f"p{person}" / f"{shot}.png")
    (tmp_path / "people" / "odd\nname.txt").write_text("x")
    return tmp_path / "people"


def test_crop_then_play(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crop, "Finder", OneFaceEach)
    text = output("crop", people, "-o", tmp_path / "mine", "--size", 32, "--device", "cpu")
    assert f"8 faces in {tmp_path / 'mine'}: 8 of 9 files show one" in text
    assert "skipped, not an image: 1 (odd\\nname.txt)" in text
    assert f"arena run --faces {tmp_path / 'mine'}" in text
    with pytest.raises(ArenaError, match="cannot be balanced"):
        output("crop", people, "-o", tmp_path / "mine", "--size", 32, "--device", "cpu", "--balance")


def test_crop_says_what_is_missing_for_a_match(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crop, "Finder", OneFaceEach)
    words = ["faces", "crop", str(people), "-o", str(tmp_path / "mine"), "--size", "32", "--device", "cpu"]
    done = CliRunner().invoke(arena_app, words)
    assert done.exit_code == 0
    assert "a match cannot be played with them: too few faces" in done.stderr
    assert "bring at least 334 faces" in done.stderr


def test_no_face_at_all_is_no_success(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crop, "Finder", NoFaces)
    with pytest.raises(ArenaError, match=r"no face was found, so there is nothing to play with.*--min-size"):
        output("crop", people, "-o", tmp_path / "mine", "--size", 32, "--device", "cpu")


def test_split_and_pack_and_describe(people: Path, tmp_path: Path) -> None:
    text = output("split", people, "-o", tmp_path / "parts", "--parts", "a=0.5,b=0.5", "--by", "person", "--seed", 1)
    assert f"{tmp_path / 'parts' / 'a'}: 4 faces" in text
    packed = tmp_path / "my.arena"
    assert f"8 faces of 16 pixels in {packed}" in output("pack", people, "-o", packed, "--size", 16)
    report = tmp_path / "report.html"
    text = output("describe", packed, "--search", 0, "--html", report)
    assert "8 (8 unlabelled)" in text
    assert report.read_text().startswith("<!doctype html>")
    assert json.loads(output("describe", packed, "--search", 0, "--json"))["identities"] == 4


def test_make_says_that_the_faces_are_synthetic(tmp_path: Path) -> None:
    text = output("make", tmp_path / "drawn", "-n", 3, "--size", 32)
    assert "says nothing about photos" in text
    assert len(list((tmp_path / "drawn").rglob("*.png"))) == 3


def test_collect_gathers_then_crops(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gather(plan: Plan, out: Path, on_photo: Callable[[int], None]) -> Counter[str]:
        assert (plan.keywords, plan.search.name, plan.licences) == (("old man", "child"), "commons", ("cc0", "by"))
        on_photo(1)
        (out / "photos").mkdir(parents=True)
        (people / "p0" / "0.png").rename(out / "photos" / "1.png")
        return Counter({"collected": 1, "licence by-nc": 3})

    monkeypatch.setattr(collect, "collect", gather)
    monkeypatch.setattr(crop, "Finder", OneFaceEach)
    words = ["--from", "commons", "--licences", "cc0, by", "--contact", "ann@example.org", "--device", "cpu"]
    text = output("collect", "old man", "child", "-o", tmp_path / "out", *words)
    assert "1 new photos" in text
    assert "not taken, licence by-nc: 3" in text
    assert f"1 faces in {tmp_path / 'out' / 'faces'}" in text


def test_the_commands_in_the_docs_are_understood() -> None:
    text = (Path(__file__).parents[2] / "docs" / "faces.md").read_text()
    lines = re.findall(r"^ {4}(arena faces .+)$|`(arena faces \w+ [^`]+)`", text, re.MULTILINE)
    commands = [shlex.split(block or inline, comments=True)[2:] for block, inline in lines]
    assert {name for name, *_ in commands} == {"crop", "split", "pack", "describe", "collect"}
    group = typer.main.get_command(app)
    for name, *words in commands:
        group.commands[name].make_context(name, words)  # raises for what it does not know


def test_a_search_that_cannot_be_asked_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "collect", lambda plan, out, on_photo: Counter({"search failed (503)": 1}))
    with pytest.raises(ArenaError, match="openverse could not be asked"):
        output("collect", "x", "-o", tmp_path)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["crop", "nowhere", "-o", "out"], "there are no faces at 'nowhere'"),
        (["crop", ".", "-o", "out", "--margin", "9"], "margin must be between 0 and 4, not 9"),
        (["crop", ".", "-o", "out", "--device", "tpu"], "must be auto, cpu or cuda, not 'tpu'"),
        (["split", "nowhere", "-o", "out", "--by", "hair"], "not by 'hair'"),
        (["split", "nowhere", "-o", "out", "--parts", "a"], "must look like a=0.6"),
        (["pack", "nowhere"], "there are no faces at 'nowhere'"),
        (["pack", "procedural:1", "--size", "3"], "between 16 and 1024"),
        (["pack", "procedural:1", "-o", "no/such/folder.arena"], "cannot be packed into no/such/folder.arena"),
        (["make", "out", "-n", "0"], "must be positive"),
        (["describe", "nowhere"], "there are no faces at 'nowhere'"),
        (["collect", "x", "-o", "out", "--from", "nowhere"], "no photo search named 'nowhere'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words_are_one_sentence_and_write_nothing(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert isinstance(result.exception, ArenaError), result.output
    assert sentence in str(result.exception)
    assert "\n" not in str(result.exception)
    assert list(tmp_path.iterdir()) == []
