from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from facefiles import people, picture, write
from PIL import Image

from arena.faces.crop.finder import Found
from arena.faces.decode import Pixels
from arena.faces.sets import describe as module
from arena.faces.sets.describe import Spread, describe
from arena.faces.sets.report import html_report
from arena.faces.sources.opening import open_source


def test_counts_sizes_light_and_what_is_wrong(tmp_path: Path) -> None:
    folder = people(tmp_path / "f", 2, 2)
    write(folder / "big.png", 50, 300, 200)
    Image.new("RGB", (64, 64), (100, 100, 100)).save(folder / "grey.png")
    picture(50, 300, 200).resize((150, 100)).save(folder / "half.png")
    (folder / "notes.txt").write_text("x")
    found, sample = describe(open_source(str(folder)), search=0)
    assert (found.images, found.identities, found.nameless, found.searched) == (7, 2, 3, 0)
    assert found.faces_each == {"person00": 2, "person01": 2}
    assert found.labels == {"unlabelled": 7}
    assert found.widths == Spread(40, 40, 300)
    assert found.heights == Spread(40, 40, 200)
    assert found.sharpness.low == 0.0  # the plain grey one
    assert found.near_duplicates == [("big.png", "half.png")]
    assert found.skipped == {"not an image": ["notes.txt"]}
    assert sample.shape == (7, 64, 64, 3)


def test_brightness_is_the_mean_grey(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), (100, 100, 100)).save(tmp_path / "grey.png")
    found, _ = describe(open_source(str(tmp_path)), search=0)
    assert found.brightness == Spread(100, 100, 100)


def test_labels_are_counted_fakes_too(tmp_path: Path) -> None:
    people(tmp_path, 1, 3)
    rows = "person00/0.png,real\nperson00/1.png,fake\nperson00/2.png,fake\n"
    (tmp_path / "labels.csv").write_text("path,label\n" + rows)
    found, _ = describe(open_source(str(tmp_path)), search=0)
    assert found.labels == {"real": 1, "fake": 2}


def test_faces_are_searched_in_enlarged_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Scripted:
        def __init__(self, min_size: float) -> None:
            pass

        def find(self, images: Sequence[Pixels]) -> list[list[Found]]:
            assert min(images[0].shape[:2]) == 160
            n = images[0].shape[1] // 160 - 1
            return [
                [Found((0, 0, 9, 9), 0.95, np.zeros((5, 2), np.float32))] * n + [Found((0, 0, 1, 1), 0.5, np.zeros(0))]
            ]

    monkeypatch.setattr(module, "Finder", Scripted)
    for i, width in enumerate((40, 80, 120, 160)):
        write(tmp_path / f"{i}.png", i, width, 40)
    found, _ = describe(open_source(str(tmp_path)), search=10)
    assert found.searched == 4
    assert found.found == {"none": 1, "one": 1, "several": 2}


def test_the_page_holds_everything_and_escapes_names(tmp_path: Path) -> None:
    for i in range(3):
        write(tmp_path / "<b>bold" / f"{i}.png", i)
    (tmp_path / "<script>.txt").write_text("x")
    page = html_report(*describe(open_source(str(tmp_path)), search=0))
    assert "&lt;script&gt;.txt" in page
    assert "<script>" not in page
    assert "data:image/png;base64,iVBOR" in page
    assert "<th>2-3<td>" in page  # one identity with three images
    assert "synthetic" not in page
    assert "says nothing about photos" in html_report(*describe(open_source("procedural:3"), search=0))
