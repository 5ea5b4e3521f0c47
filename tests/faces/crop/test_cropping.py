from __future__ import annotations

import errno
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from facefiles import faces_in, film
from PIL import Image

from arena.faces.crop import cropping
from arena.faces.crop.cropping import CropPlan, Progress, Report, balanced, crop_faces, crop_path
from arena.faces.crop.finder import Found
from arena.faces.crop.journal import JOURNAL, Record
from arena.faces.crop.memory import OutOfMemory
from arena.faces.decode import Pixels
from arena.faces.source import Face
from arena.faces.sources.opening import open_source
from arena.types import FAKE, REAL, ArenaError

NONE, ONE, TWO = 0, 100, 200
SMALL = CropPlan(min_size=12)


class CountingFinder:
    """Finds as many faces as the brightness of an image says, the first 60 px wide, the second 20."""

    def __init__(self) -> None:
        self.seen = 0

    def find(self, images: Sequence[Pixels]) -> list[list[Found]]:
        self.seen += len(images)
        points = np.zeros((5, 2), np.float32)
        both = [Found((10.0, 10.0, 70.0, 70.0), 0.99, points), Found((80.0, 10.0, 100.0, 30.0), 0.98, points)]
        return [both[: round(float(image.mean()) / 100)] for image in images]


def photo(path: Path, faces: int, tint: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (120, 100 + tint), (faces,) * 3).save(path)


def video(path: Path, faces: Sequence[int]) -> None:
    film(path, [np.full((96, 128, 3), level, np.uint8) for level in faces])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    photo(root / "ann" / "1.png", ONE)
    photo(root / "ann" / "2.png", TWO)
    photo(root / "bob" / "1.png", NONE)
    (root / "notes.txt").write_text("x")
    return root


def crop(place: Path, out: Path, recipe: CropPlan = SMALL, **options: object) -> tuple[Report, int]:
    finder = CountingFinder()
    return crop_faces([str(place)], out, recipe, finder, **options), finder.seen


def test_photos_to_crops_labels_and_report(photos: Path, tmp_path: Path) -> None:
    report, _ = crop(photos, tmp_path / "out")
    assert (report.inputs, report.images, report.crops, report.found, report.several) == (4, 3, 2, 2, 1)
    assert report.none == ["bob/1.png"]
    assert report.unreadable == {"not an image": ["notes.txt"]}
    assert faces_in(tmp_path / "out") == {"ann/1.png-0.png": "ann", "ann/2.png-0.png": "ann"}
    source = open_source(str(tmp_path / "out"))
    assert source.recipe["margin"] == 0.3
    assert all(isinstance(face, Face) and face.image.shape == (64, 64, 3) for face in source.faces())
    assert json.loads((tmp_path / "out" / "report.json").read_text())["none"] == ["bob/1.png"]
    with Image.open(tmp_path / "out" / "contact-sheet.png") as page:
        assert page.size == (2 * 65 - 1, 64)


def test_all_faces_and_limits(photos: Path, tmp_path: Path) -> None:
    every, _ = crop(photos, tmp_path / "all", CropPlan(min_size=12, all_faces=True))
    assert every.crops == 3
    large, _ = crop(photos, tmp_path / "large", CropPlan(min_size=50, all_faces=True))
    assert (large.crops, large.several) == (2, 0)
    sure, _ = crop(photos, tmp_path / "sure", CropPlan(min_size=12, min_score=0.985, all_faces=True))
    assert sure.crops == 2
    nothing, _ = crop(photos, tmp_path / "nothing", CropPlan(min_size=100))
    assert nothing.crops == 0
    assert not (tmp_path / "nothing" / "contact-sheet.png").exists()


def test_a_second_run_goes_on_where_the_first_stopped(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first, seen = crop(photos, out)
    assert seen == 3
    again, seen = crop(photos, out)
    assert (again, seen) == (first, 0)
    photo(photos / "ann" / "2.png", ONE, tint=1)  # changed
    photo(photos / "carl" / "1.png", ONE)  # new
    third, seen = crop(photos, out)
    assert seen == 2
    assert (third.crops, third.several) == (3, 0)
    with (out / JOURNAL).open("a") as journal:
        journal.write('{"name": "carl/1.png", "vers')  # what a stop leaves behind
    assert crop(photos, out)[0] == third


def test_a_stop_in_the_middle_keeps_what_is_done(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cropping, "_CHUNK", 1)

    class Stops(CountingFinder):
        def find(self, images: Sequence[Pixels]) -> list[list[Found]]:
            if self.seen == 2:
                raise KeyboardInterrupt
            return super().find(images)

    with pytest.raises(KeyboardInterrupt):
        crop_faces([str(photos)], tmp_path / "out", CropPlan(min_size=12), Stops())
    report, seen = crop(photos, tmp_path / "out")
    assert report == crop(photos, tmp_path / "whole")[0]
    assert 1 <= seen <= 2


class ShortOfMemory(CountingFinder):
    """Has memory for one image at a time, and for none with two faces."""

    def find(self, images: Sequence[Pixels]) -> list[list[Found]]:
        found = super().find(images)
        if len(images) > 1 or len(found[0]) > 1:
            raise OutOfMemory("there is not enough memory")
        return found


def test_what_there_is_no_memory_for_is_no_photo_without_a_face(photos: Path, tmp_path: Path) -> None:
    report = crop_faces([str(photos)], tmp_path / "out", SMALL, ShortOfMemory())
    assert report.unreadable == {"not an image": ["notes.txt"], "out of memory": ["ann/2.png"]}
    assert report.none == ["bob/1.png"]
    assert faces_in(tmp_path / "out") == {"ann/1.png-0.png": "ann"}
    again, seen = crop(photos, tmp_path / "out")  # it alone is tried again
    assert seen == 1
    assert again == crop(photos, tmp_path / "whole")[0]


def test_out_of_memory_anywhere_else_is_one_sentence(photos: Path, tmp_path: Path, monkeypatch) -> None:
    def fail(*arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(cropping, "cut", fail)
    with pytest.raises(ArenaError, match="not enough memory to go on; the same command goes on from there"):
        crop(photos, tmp_path / "out")


def test_another_recipe_or_a_strangers_folder_is_refused(photos: Path, tmp_path: Path) -> None:
    crop(photos, tmp_path / "out")
    with pytest.raises(ArenaError, match="cut with another size, align"):
        crop(photos, tmp_path / "out", CropPlan(min_size=12, size=128, align=True))
    with pytest.raises(ArenaError, match="not empty and holds no crops"):
        crop(photos, photos)
    with pytest.raises(ArenaError, match="there are no faces at"):
        crop(tmp_path / "nowhere", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": 8}, "size must be between 16 and 1024, not 8"),
        ({"min_score": 1.5}, "min-score must be between 0 and 1"),
        ({"every": 0}, "every must be between 1"),
        ({"max_frames": 0}, "max-frames must be at least 1"),
    ],
)
def test_impossible_recipes(options: dict[str, float], sentence: str) -> None:
    with pytest.raises(ArenaError, match=sentence):
        CropPlan(**options)


def test_videos_of_the_dfdc_layout(tmp_path: Path) -> None:
    root = tmp_path / "dfdc"
    root.mkdir()
    video(root / "fake.mp4", [ONE] * 9 + [NONE])
    video(root / "real.mp4", [ONE] * 4)
    video(root / "empty.mp4", [NONE] * 3)
    (root / "broken.mp4").write_bytes(b"x" * 100)
    facts = {"fake.mp4": {"label": "FAKE", "original": "real.mp4"}, "real.mp4": {"label": "REAL"}}
    (root / "metadata.json").write_text(json.dumps(facts))
    recipe = CropPlan(min_size=12, every=2, max_frames=4)
    report, seen = crop(root, tmp_path / "out", recipe, balance=7)
    assert seen == 4 + 2 + 2
    assert (report.crops, report.set_aside) == (6, 2)
    assert report.none == ["empty.mp4"]
    assert list(report.unreadable.values()) == [["broken.mp4"]]
    paths = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*-0.png")}
    assert {path for path in paths if path.startswith("REAL")} == {
        "REAL/real/real.mp4-f000000-0.png",
        "REAL/real/real.mp4-f000002-0.png",
    }
    faces = [face for face in open_source(str(tmp_path / "out")).faces() if isinstance(face, Face)]
    assert [face.label for face in faces].count(REAL) == [face.label for face in faces].count(FAKE) == 2
    assert {face.identity for face in faces} == {"real"}


def test_balance_takes_the_smaller_number_of_each_person_by_seed() -> None:
    counts = [("ann", "real", 5), ("ann", "fake", 20), ("bob", "real", 4), ("carl", "fake", 3), ("carl", "real", 9)]
    rows = [{"identity": who, "label": what, "path": f"{who}{what}{i}"} for who, what, n in counts for i in range(n)]
    kept = balanced(rows, seed=1)
    assert sorted((row["identity"], row["label"]) for row in kept) == sorted(
        [("ann", "real")] * 5 + [("ann", "fake")] * 5 + [("carl", "real")] * 3 + [("carl", "fake")] * 3
    )
    assert kept == balanced(rows, seed=1) != balanced(rows, seed=2)
    with pytest.raises(ArenaError, match="cannot be balanced"):
        balanced([{"identity": "ann", "label": "", "path": "x"}], seed=0)


@pytest.mark.parametrize(
    ("name", "person", "number", "label", "path"),
    [
        ("ann/1.jpg", "ann", None, None, "ann/1.jpg-0.png"),
        ("a.mp4", "b", 12, FAKE, "FAKE/b/a.mp4-f000012-0.png"),
        ("ann/a.mp4", "ann", 12, None, "ann/a.mp4-f000012-0.png"),
        ("fake/ann/1.jpg", "ann", None, FAKE, "fake/ann/1.jpg-0.png"),
        ("../../etc/1.jpg", None, None, None, "__/__/etc/1.jpg-0.png"),
        ("/etc/1.jpg", None, None, REAL, "REAL/etc/1.jpg-0.png"),
        ("a.mp4", "../x", 1, None, "___x/a.mp4-f000001-0.png"),
    ],
)
def test_crops_stay_where_they_belong(
    name: str, person: str | None, number: int | None, label: int | None, path: str
) -> None:
    assert crop_path(Record(name, "", person, label), number, 0) == path


def test_long_names_are_shortened_and_stay_apart() -> None:
    names = ["é" * 120 + end for end in ("1.jpg", "2.jpg")]
    one, two = (crop_path(Record(name, "", None, None), 5, 0) for name in names)
    assert one != two
    assert len(one.encode()) < 230


def test_a_full_disk_is_one_sentence(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    crop(photos, tmp_path / "out")
    photo(photos / "new.png", ONE)
    with monkeypatch.context() as broken:
        broken.setattr(cropping, "write_whole", full)
        with pytest.raises(ArenaError, match="No space left on device; the same command goes on"):
            crop(photos, tmp_path / "out")
    assert crop(photos, tmp_path / "out")[0].crops == 3


def test_progress_ends_at_the_total(photos: Path, tmp_path: Path) -> None:
    calls: list[Progress] = []
    crop(photos, tmp_path / "out", on_progress=calls.append)
    assert calls[-1] == Progress(done=4, total=4, images=3, faces=2)
