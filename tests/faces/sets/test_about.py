from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from facefiles import people, picture
from PIL import Image

from arena.faces.crop.finder import Found
from arena.faces.decode import Pixels
from arena.faces.sets import about
from arena.faces.sets.about import framing_of, joined_identities, points_of
from arena.faces.sets.cache import FaceSet, prepare
from arena.faces.sources.drawn import FRAMING
from arena.types import ArenaError


class Everywhere:
    """Finds one face in the middle of every image, and counts how often it is asked."""

    asked = 0

    def find(self, images: Sequence[Pixels]) -> list[list[Found]]:
        type(self).asked += 1
        return [[Found((0, 0, 9, 9), 1.0, np.full((5, 2), len(image) / 2, np.float32))] for image in images]


class Nowhere:
    def find(self, images: Sequence[Pixels]) -> list[list[Found]]:
        return [[] for _ in images]


def forbidden() -> Everywhere:
    raise AssertionError("looked again")


@pytest.fixture
def faces(tmp_path: Path) -> FaceSet:
    folder = people(tmp_path / "people", 4, 2)
    again = io.BytesIO()
    picture(0).save(again, "JPEG", quality=60)  # person00's first photo under another name
    (folder / "stranger").mkdir()
    (folder / "stranger" / "0.jpg").write_bytes(again.getvalue())
    return prepare(str(folder), tmp_path / "cache", 32)


def test_people_who_share_a_photo_are_joined_once(
    faces: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = joined_identities(faces, tmp_path / "kept")
    assert faces.identities.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert joined.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 0]

    def fail(*arguments: object) -> None:
        raise AssertionError("compared again")

    monkeypatch.setattr(about, "join_near_duplicates", fail)
    assert joined_identities(faces, tmp_path / "kept").tolist() == joined.tolist()
    with pytest.raises(AssertionError, match="compared again"):  # other people, another question
        joined_identities(dataclasses.replace(faces, index_digest="other"), tmp_path / "kept")


def test_landmarks_are_found_once(faces: FaceSet, tmp_path: Path) -> None:
    points = points_of(faces, tmp_path, Everywhere)
    assert (points.shape, points.dtype) == ((9, 5, 2), np.float32)
    assert (points == 16).all()
    np.testing.assert_array_equal(points_of(faces, tmp_path, forbidden), points)


def test_framing_is_measured_once_also_where_there_is_none(faces: FaceSet, tmp_path: Path) -> None:
    framing = framing_of(faces, tmp_path / "a", Everywhere)
    assert framing is not None
    assert set(framing.points) == {(0.5, 0.5)}
    assert framing_of(faces, tmp_path / "a", forbidden) == framing
    assert framing_of(faces, tmp_path / "b", Nowhere) is None
    assert framing_of(faces, tmp_path / "b", forbidden) is None


def test_what_a_source_says_of_its_framing_is_not_measured(tmp_path: Path) -> None:
    drawn = prepare("procedural:2", tmp_path / "cache", 16)
    assert framing_of(drawn, tmp_path, forbidden) == FRAMING


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\x93NUMPY"])
def test_a_damaged_file_is_made_again(faces: FaceSet, tmp_path: Path, damage: bytes) -> None:
    points = points_of(faces, tmp_path, Everywhere)
    framing = framing_of(faces, tmp_path, Everywhere)
    for path in tmp_path.glob("faces-*"):
        path.write_bytes(damage)
    np.testing.assert_array_equal(points_of(faces, tmp_path, Everywhere), points)
    assert framing_of(faces, tmp_path, Everywhere) == framing


def test_a_folder_that_cannot_be_written_to_is_one_sentence(faces: FaceSet, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArenaError, match=r"what is known about .* cannot be kept in"):
        points_of(faces, tmp_path / "file", Everywhere)


def test_a_photo_in_many_sizes_is_one_photo(tmp_path: Path) -> None:
    for i, side in enumerate((40, 60, 80)):
        (tmp_path / "f" / f"p{i}").mkdir(parents=True)
        picture(1, 80, 80).resize((side, side), Image.Resampling.LANCZOS).save(tmp_path / "f" / f"p{i}" / "1.png")
    faces = prepare(str(tmp_path / "f"), tmp_path / "cache", 32)
    assert joined_identities(faces, tmp_path).tolist() == [0, 0, 0]
