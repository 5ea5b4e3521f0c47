"""Matches on faces that went through JPEG: what detectors see of fakes went through it too."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matches import outcome, played, reopened, start, tiny
from PIL import Image

from arena.faces.coding import Coding
from arena.faces.crop.finder import Found
from arena.faces.procedural import render
from arena.play.match import Match
from arena.play.verify import replay, verify
from arena.seeds import derive
from arena.snapshot import player, read_snapshot
from arena.store.home import Home
from arena.store.names import FAKES, GALLERY, SAMPLES, SNAPSHOT

SIZE = 16


class NoFaces:
    """Sees nobody, at once."""

    def __init__(self, *arguments: object, **options: object) -> None:
        pass

    def find(self, images: list[Any]) -> list[list[Found]]:
        return [[] for _ in images]


@pytest.fixture(autouse=True)
def _no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arena.play.parts.Finder", NoFaces)


def folder_of(root: Path, kind: str, people: int = 180) -> Path:
    """A folder of drawn faces as files, one of each person."""
    for i, image in enumerate(render(5, np.arange(people), np.zeros(people, np.int64), SIZE)):
        (root / f"p{i:03d}").mkdir(parents=True)
        data = io.BytesIO()
        Image.fromarray(image).save(data, kind, **({"quality": 40, "subsampling": 2} if kind == "JPEG" else {}))
        (root / f"p{i:03d}" / f"photo.{kind.lower()}").write_bytes(data.getvalue())
    return root


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("photos") / "jpeg", "JPEG")


def raw_and_stored(match: Match, number: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What Team A made, and what the round holds of it."""
    folder = match.home.round_folder(match.name, number)
    generator = player(read_snapshot(folder / SNAPSHOT.format(role="generator")))
    seed = derive(match.config.seed, "generator")
    with Image.open(folder / SAMPLES) as page:
        sheet = np.asarray(page).reshape(8, SIZE, 8, SIZE, 3).swapaxes(1, 2).reshape(64, SIZE, SIZE, 3)
    made = {
        "gallery": (generator.generate(12, derive(seed, "gallery", number)), np.load(folder / GALLERY)),
        "samples": (generator.generate(64, derive(seed, "samples")), sheet),
    }
    if number:
        referee = derive(derive(derive(match.config.seed, "referee"), "exam", number), "fakes")
        made["fakes"] = generator.generate(20, referee), np.load(folder / FAKES)
    return made


def test_gallery_exam_and_samples_are_coded_as_the_faces_are(tmp_path: Path, photos: Path) -> None:
    match = start(tmp_path, tiny(rounds=1, faces=str(photos)))
    played(match)
    coding = Coding.from_json(match.facts["faces"]["coding"])
    assert str(coding) == "JPEG (quality 40, 4:2:0, 16 px) 100 %"
    for number in (0, 1):
        for raw, stored in raw_and_stored(match, number).values():
            assert not np.array_equal(raw, stored)
            np.testing.assert_array_equal(stored, coding.apply(raw, 0))
    assert [found for _, some in verify(match) for found in some] == []
    assert replay(reopened(tmp_path), 1) == []


def test_the_same_match_codes_the_same_and_resumes_to_the_bit(tmp_path: Path, photos: Path) -> None:
    whole = start(tmp_path / "whole", tiny(rounds=2, faces=str(photos)))
    played(whole)
    part = start(tmp_path / "part", tiny(rounds=1, faces=str(photos)))
    played(part)
    part.home.update_rounds("tiny", 2)
    played(reopened(tmp_path / "part"))
    assert outcome(part) == outcome(whole)


@pytest.mark.parametrize("why", ["told", "png"])
def test_nothing_is_coded_where_it_is_told_or_the_files_are_lossless(tmp_path: Path, photos: Path, why: str) -> None:
    faces = photos if why == "told" else folder_of(tmp_path / "png", "PNG")
    coding = "none" if why == "told" else "as-faces"
    match = start(tmp_path / "home", tiny(rounds=1, faces=str(faces), exam={"size": 40, "coding": coding}))
    played(match)
    for raw, stored in raw_and_stored(match, 1).values():
        np.testing.assert_array_equal(raw, stored)
    assert replay(reopened(tmp_path / "home"), 1) == []


def test_snapshots_and_teams_know_what_the_faces_are(tmp_path: Path, photos: Path) -> None:
    match = start(tmp_path, tiny(rounds=1, faces=str(photos)))
    played(match)
    known = match.facts["faces"]
    origin = {"synthetic": False, "coding": known["coding"], "framing": None, "coded": True}
    for role in ("generator", "detector"):
        snapshot = read_snapshot(match.home.round_folder("tiny", 1) / SNAPSHOT.format(role=role))
        assert snapshot.origin == origin
        assert player(snapshot).brief.origin == origin
        assert match.setup.brief(role).origin == origin
    generator = match.setup.brief("generator")
    team = player(read_snapshot(match.home.round_folder("tiny", 1) / SNAPSHOT.format(role="generator")))
    assert generator.origin["coded"]
    assert team._code() is not None


def test_drawn_faces_have_a_framing_and_no_coding(tmp_path: Path) -> None:
    match = start(tmp_path, tiny(rounds=1))
    assert match.facts["faces"]["coding"] is None
    assert match.facts["faces"]["framing"]["found"] > 0.9
    assert not match.setup.brief("detector").origin["coded"]


def as_an_older_version_left_it(home: Home) -> None:
    """Settings and facts of the match `tiny` without what older versions did not know."""
    row = home.match("tiny")
    exam = {key: value for key, value in row.config["exam"].items() if key != "coding"}
    faces = {k: v for k, v in row.facts["faces"].items() if k not in ("coding", "framing", "joined")}
    with home.transaction() as ledger:
        ledger.execute(
            "UPDATE match SET config = ?, facts = ?",
            (json.dumps(row.config | {"exam": exam}), json.dumps(row.facts | {"faces": faces})),
        )


def test_matches_of_older_versions_go_on_uncoded_with_their_own_split(tmp_path: Path, photos: Path) -> None:
    """They joined nobody and coded nothing; played on, they are what they would have been."""
    doubled = with_doubled_photo(tmp_path / "doubled", photos)
    settings = {"faces": str(doubled), "exam": {"size": 40, "coding": "none"}, "allow_leaks": True}
    whole = start(tmp_path / "whole", tiny(rounds=2, **settings))
    played(whole)
    match = start(tmp_path / "old", tiny(rounds=1, **settings))
    played(match)
    match.home.update_rounds("tiny", 2)
    as_an_older_version_left_it(match.home)
    old = reopened(tmp_path / "old")
    assert old.config.exam.coding == "none"
    assert replay(old, 1) == []
    played(old)
    ours, theirs = outcome(old), outcome(whole)
    assert {k: timed[1] for k, timed in ours.items()} == {k: timed[1] for k, timed in theirs.items()}
    assert [found for _, some in verify(old) for found in some] == []


def with_doubled_photo(root: Path, photos: Path, copies: int = 60) -> Path:
    """The photos, and some of them under a second name each."""
    for i, path in enumerate(sorted(photos.rglob("*.jpeg"))):
        names = [path.parent.name, *([f"q{i:03d}"] if i < copies else [])]
        for name in names:
            (root / name).mkdir(parents=True)
            data = path.read_bytes() if name[0] == "p" else stored_again(path)
            (root / name / "photo.jpeg").write_bytes(data)
    return root


def stored_again(path: Path) -> bytes:
    data = io.BytesIO()
    with Image.open(path) as image:
        image.save(data, "JPEG", quality=95)
    return data.getvalue()


def parts_of(match: Match) -> tuple[np.ndarray, list[np.ndarray]]:
    desk = match.setup
    from arena.faces.sets.cache import open_cache
    from arena.play.parts import split_match

    faces = open_cache(match.faces)
    split = split_match(faces, match.home.faces, desk.config, desk.known)
    return np.array([name.split("/")[0][1:] for name in faces.names]), [split.a, split.b, split.exam]


def test_a_photo_under_two_names_lies_in_one_part(tmp_path: Path, photos: Path) -> None:
    doubled = with_doubled_photo(tmp_path / "doubled", photos)
    match = start(tmp_path / "home", tiny(rounds=1, faces=str(doubled)))
    played(match)
    assert match.facts["faces"]["leaks"] == []
    assert match.facts["faces"]["identities"] == 240
    persons, parts = parts_of(match)
    shared = [set(persons[one]) & set(persons[other]) for one in parts for other in parts if one is not other]
    assert not any(shared)
    assert replay(reopened(tmp_path / "home"), 1) == []


def test_the_split_is_the_same_when_what_is_known_has_to_be_found_again(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    match = start(tmp_path / "home", tiny(rounds=1, faces=str(with_doubled_photo(tmp_path / "doubled", photos))))
    _, first = parts_of(match)
    for path in match.home.faces.glob("*.npy"):
        path.unlink()
    _, again = parts_of(match)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    changed: Callable[..., Any] = lambda faces, folder: faces.identities  # noqa: E731
    monkeypatch.setattr("arena.play.parts.joined_identities", changed)
    with pytest.raises(Exception, match="who shares a photo in the faces of"):
        parts_of(match)
