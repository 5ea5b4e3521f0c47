"""Fakes that were made of faces say so on every way out: sheet, animation, samples."""

from __future__ import annotations

import io
import zipfile

import pytest
from contract import BUILT_IN
from matches import played, start, tiny
from PIL import Image
from scripted import StampReader  # noqa: F401 - registers it
from tiny import fakes_on_disk, tiny_team

from arena import registry
from arena.results.animation import write_animation
from arena.results.samples import generator_of, write_samples

COMPOSITE = {"blend", "self-blend", "face-swap", "reconstructor"}


def test_who_makes_fakes_of_faces():
    found = {c.name: tiny_team(c).fakes_are for c in BUILT_IN if c.role == "generator"}
    assert {name for name, kind in found.items() if kind == "composite"} == COMPOSITE
    assert {name for name, kind in found.items() if kind == "unknown"} == {"folder"}


@pytest.mark.parametrize(
    ("inner", "options", "kind"),
    [
        ("dcgan", {}, "generated"),
        ("blend", {}, "composite"),
        ("folder", {"path": str(fakes_on_disk())}, "unknown"),
    ],
)
def test_a_perturbation_changes_nothing_of_that(inner, options, kind):
    evader = registry.find("generator", "evader")
    assert tiny_team(evader, options={"contender": inner, "inner": options}).fakes_are == kind


def test_every_way_out_of_a_match(tmp_path):
    match = start(tmp_path / "home", tiny({"name": "blend", "options": {"bank": 20}}, "stamp-reader", rounds=1))
    played(match)
    home = match.home
    assert home.match("tiny").fakes_are == "composite"
    assert not home.match("tiny").fakes_show_people  # the faces were drawn
    write_samples(generator_of(home.root, "tiny"), 2, 0, tmp_path / "some.zip")
    film = write_animation(home, "tiny")
    with zipfile.ZipFile(tmp_path / "some.zip") as archive:
        pngs = [archive.read(name) for name in archive.namelist()]
    pngs += [(home.round_folder("tiny", number) / "samples.png").read_bytes() for number in (0, 1)]
    for data in pngs:
        text = Image.open(io.BytesIO(data)).text
        assert text["Description"].startswith("Manipulated: a program")
        assert "compositeSynthetic" in text["XML:com.adobe.xmp"]
    assert b"Manipulated: a program" in film.read_bytes()
