from __future__ import annotations

import shutil
import zipfile

import numpy as np
import pytest
from matches import outcome, played, reopened, start, tiny
from PIL import Image
from tiny import SIZE, brief, equal_states, pictures

from arena import registry
from arena.play.verify import replay
from arena.snapshot import player
from arena.types import ArenaError, Brief, Faces

FOLDER = registry.find("generator", "folder")


@pytest.fixture
def fakes(tmp_path):
    """A folder of 60 fakes; `images[i]` is the file i.png."""
    return write(tmp_path / "fakes", 255 - pictures(60, seed=8))


def write(folder, images, names=None):
    for i, image in enumerate(images):
        path = folder / (names[i] if names else f"{i:03d}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return folder


def team(path, options=None, **changes):
    return FOLDER.team(brief(**changes), {"path": str(path)} | (options or {}))


def keys(images):
    return [image.tobytes() for image in images]


def test_plays_the_files_and_nothing_else(fakes):
    on_disk = set(keys(255 - pictures(60, seed=8)))
    assert set(keys(team(fakes).generate(30, 1))) | set(keys(team(fakes).examine(30, 1))) == on_disk


def test_no_exam_shows_what_a_gallery_did(fakes):
    shown, asked = team(fakes).generate(200, 1), team(fakes).examine(200, 2)
    assert not set(keys(shown)) & set(keys(asked))


def test_the_share_of_exams_is_as_asked(fakes):
    stock = team(fakes, {"exam_share": 0.25}).stock
    assert (len(stock.gallery), len(stock.exam)) == (45, 15)


def test_no_file_comes_twice_before_each_came_once(fakes):
    drawn = keys(team(fakes).generate(70, 4))
    assert len(set(drawn[:30])) == len(set(drawn[30:60])) == 30
    assert drawn[:30] != drawn[30:60]
    assert team(fakes).generate(0, 1).shape == (0, SIZE, SIZE, 3)


def test_whole_people_are_in_one_part(tmp_path):
    names = [f"person-{i % 30}/{i}.png" for i in range(60)]
    stock = team(write(tmp_path, 255 - pictures(60, seed=8), names)).stock
    original = {
        image.tobytes(): name.split("/")[0] for image, name in zip(255 - pictures(60, seed=8), names, strict=True)
    }
    whose = [{original[key] for key in keys(stock.images[part])} for part in (stock.gallery, stock.exam)]
    assert len(whose[0]) == len(whose[1]) == 15
    assert not whose[0] & whose[1]


def test_a_folder_that_holds_a_set_is_no_person(tmp_path):
    names = [f"{('stylegan', 'diffusion')[i % 2]}/{i}.png" for i in range(60)]
    stock = team(write(tmp_path, 255 - pictures(60, seed=8), names)).stock
    assert (len(stock.gallery), len(stock.exam)) == (30, 30)
    assert {name for part in (stock.gallery, stock.exam) for name in part} == set(range(60))


def test_near_duplicates_stay_together(tmp_path):
    images = pictures(60, seed=8).copy()
    images[30:] = np.clip(images[:30].astype(int) + 2, 0, 255)  # a film's next frame
    stock = team(write(tmp_path, images)).stock
    part_of = {
        images_key: part for part in ("gallery", "exam") for images_key in keys(stock.images[getattr(stock, part)])
    }
    assert all(part_of[one] == part_of[other] for one, other in zip(keys(images[:30]), keys(images[30:]), strict=True))


def test_a_zip_plays_as_its_folder(fakes, tmp_path):
    with zipfile.ZipFile(tmp_path / "fakes.zip", "w") as archive:
        for file in sorted(fakes.iterdir()):
            archive.write(file, file.name)
    assert np.array_equal(team(tmp_path / "fakes.zip").examine(9, 1), team(fakes).examine(9, 1))


def test_of_a_labels_csv_the_fakes_alone_play(fakes):
    rows = [f"{i},{i:03d}.png,{(0, 1, '')[i % 3]}" for i in range(60)]
    (fakes / "table.csv").write_text("seqid,img_url,label\n" + "\n".join(rows))
    stock = team(fakes / "table.csv").stock
    assert set(keys(stock.images)) == set(keys((255 - pictures(60, seed=8))[1::3]))


def test_of_real_and_fake_folders_the_fakes_alone_play(tmp_path):
    names = [f"{('real', 'fake')[i % 2]}/{i}.png" for i in range(60)]
    stock = team(write(tmp_path, 255 - pictures(60, seed=8), names)).stock
    assert set(keys(stock.images)) == set(keys((255 - pictures(60, seed=8))[1::2]))


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda folder: "", "the contender folder needs fakes to play: set its option path"),
        (lambda folder: folder / "nowhere", "there are no faces at .*nowhere"),
        (lambda folder: (folder / "empty").mkdir() or folder / "empty", "has no files in it"),
        (lambda folder: write(folder, pictures(9), [f"real/{i}.png" for i in range(9)]), "used: 9 labelled real"),
        (lambda folder: write(folder, pictures(9, size=64)[:, ::5, ::5]), "used: 9 too small"),
        (lambda folder: write(folder, pictures(9, size=64)[:, ::4, ::4]), "used: 9 smaller than 32 px"),
        (lambda folder: write(folder, pictures(1, size=32)), "has one fake of at least 32 px"),
    ],
)
def test_what_cannot_be_played_is_one_sentence(tmp_path, make, complaint):
    with pytest.raises(ArenaError, match=complaint) as refused:
        team(make(tmp_path), image_size=32).check(Faces(pictures(3, size=32), np.arange(3)))
    assert "\n" not in str(refused.value)


def test_a_table_without_fakes_is_refused(fakes):
    (fakes / "table.csv").write_text("img_url,label\n" + "\n".join(f"{i:03d}.png,0" for i in range(60)))
    with pytest.raises(ArenaError, match="used: 60 labelled real"):
        team(fakes / "table.csv").generate(1, 1)


def test_a_folder_of_the_matchs_real_faces_is_refused(tmp_path):
    images = [*pictures(60)[:20], *(255 - pictures(20, seed=8))]
    with pytest.raises(ArenaError, match=r"20 of the 40 images in .* are real faces of this match: give fakes"):
        team(write(tmp_path, images)).check(Faces(pictures(60), np.arange(60)))


def test_too_few_fakes_are_refused_with_how_many_are_needed(fakes):
    faces = Faces(pictures(3), np.arange(3))
    team(fakes, gallery=30, exam=30).check(faces)
    for changes in ({"gallery": 31, "exam": 30}, {"gallery": 30, "exam": 31}):
        wanted = (
            f"60 fakes that differ, 30 for galleries and 30 for exams, but this match needs {changes['gallery']} and"
        )
        with pytest.raises(ArenaError, match=wanted):
            team(fakes, **changes).check(faces)


def test_an_impossible_share_is_refused():
    with pytest.raises(ArenaError, match="exam_share must be between 0 and 1, not 1"):
        FOLDER.options({"exam_share": 1.0})


def test_is_found_from_any_folder(fakes, monkeypatch):
    monkeypatch.chdir(fakes.parent)
    assert FOLDER.options({"path": "fakes"}).path == str(fakes.resolve())


def test_a_copy_elsewhere_is_the_same_and_a_change_is_none(fakes, tmp_path):
    digest = FOLDER.cls.fetch(FOLDER.options({"path": str(fakes)}))["fakes"]
    shutil.copytree(fakes, tmp_path / "copy", copy_function=shutil.copyfile)
    assert FOLDER.cls.fetch(FOLDER.options({"path": str(tmp_path / "copy")}))["fakes"] == digest
    (fakes / "000.png").rename(fakes / "zzz.png")
    assert FOLDER.cls.fetch(FOLDER.options({"path": str(fakes)}))["fakes"] != digest


def test_a_snapshot_holds_no_image_and_says_when_its_folder_is_another_or_gone(fakes):
    one = team(fakes)
    snapshot, state = one.snapshot(2), one.state()
    assert {name: array.shape for name, array in snapshot.weights.items()} == {"sha256": (32,)}
    assert np.array_equal(player(snapshot).examine(5, 1), one.examine(5, 1))
    (fakes / "000.png").write_bytes((fakes / "001.png").read_bytes())
    for use in (lambda: player(snapshot), lambda: team(fakes).restore(state)):
        with pytest.raises(ArenaError, match=r"the fakes in .* have changed since they were played"):
            use()
    shutil.rmtree(fakes)
    with pytest.raises(ArenaError, match="there are no faces at"):
        player(snapshot)


def test_plays_a_match_that_is_resumed_and_replayed(fakes, tmp_path):
    options = {"gallery": 12, "exam": {"size": 40}, "generator": {"name": "folder", "options": {"path": str(fakes)}}}
    whole = start(tmp_path / "one", tiny(rounds=2, **options))
    played(whole)
    half = start(tmp_path / "two", tiny(rounds=1, **options))
    played(half)
    half.home.update_rounds("tiny", 2)
    again = reopened(tmp_path / "two")
    played(again)
    assert outcome(again) == outcome(whole)
    assert [replay(again, number) for number in (1, 2)] == [[], []]


def test_a_match_does_not_go_on_with_other_fakes(fakes, tmp_path):
    match = start(tmp_path / "home", tiny(rounds=1, generator={"name": "folder", "options": {"path": str(fakes)}}))
    played(match)
    match.home.update_rounds("tiny", 2)
    (fakes / "000.png").unlink()
    with pytest.raises(ArenaError, match="tiny cannot go on: the fakes of its generator are not"):
        played(reopened(tmp_path / "home"))


def test_equal_folders_are_equal_teams(fakes):
    assert equal_states(team(fakes).state(), team(fakes).state())
    assert np.array_equal(
        FOLDER.team(Brief(SIZE, seed=1), {"path": str(fakes)}).generate(5, 3),
        FOLDER.team(Brief(SIZE, seed=2), {"path": str(fakes)}).generate(5, 3),
    )
