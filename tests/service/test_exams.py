"""Real faces of exams and what the detector made of the samples, over a match that was really played."""

from __future__ import annotations

import io
import shutil

import numpy as np
import pytest
import safetensors.numpy
from fastapi.testclient import TestClient
from matches import played, start, tiny
from PIL import Image
from servedhome import new_home, play, play_all

from arena.faces.sets.cache import open_cache
from arena.play.parts import split_match
from arena.service.app import create_app
from arena.store.home import Home
from arena.store.names import SAMPLE_SCORES, SAMPLE_SOURCES
from arena.types import ArenaError


@pytest.fixture(scope="module")
def match(tmp_path_factory):
    """A match on drawn faces: the detector scores every fake 1 and every real face 0."""
    match = start(tmp_path_factory.mktemp("exams") / "home", tiny("stamper", "stamp-reader", rounds=1))
    played(match)
    return match


@pytest.fixture
def root(match, tmp_path):
    """A copy of its home."""
    return shutil.copytree(match.home.root, tmp_path / "home")


def photographs(root):
    """Say that the faces were photographs."""
    change_facts(root, "$.faces.synthetic", "json('false')")


def change_facts(root, place, value):
    with Home.open(root).transaction() as ledger:
        ledger.execute(f"UPDATE match SET facts = json_set(facts, '{place}', {value})")


def allow(root):
    (root / "settings.yaml").write_text("show_real_faces: true\n")


def served(root):
    return TestClient(create_app(root, TOKEN), base_url="http://127.0.0.1")


def get(client, path, status=200, **options):
    answer = client.get(path if path.startswith("/") else f"/api/matches/{path}", **options)
    assert answer.status_code == status, answer.text
    return answer


def pixels(answer):
    with Image.open(io.BytesIO(answer.content)) as picture:
        return np.asarray(picture.convert("RGB"))


def test_drawn_faces_are_shown_and_say_that_they_are_drawn(match, root):
    faces = open_cache(match.faces)
    part = split_match(faces, match.home.faces, match.config.dump(), match.facts["faces"]).exam
    stored = safetensors.numpy.load_file(match.home.round_folder("tiny", 1) / "exam.safetensors")
    with served(root) as client:
        exam = get(client, "tiny/rounds/1/exam?most=3").json()
        assert (exam["real_faces_shown"], exam["false_alarms"], len(exam["most_alarming"])) == (True, 0, 3)
        for shown in exam["most_alarming"]:
            answer = get(client, shown["image"])
            face = faces.images[part[stored["real_indices"][shown["index"]]]]
            assert np.array_equal(pixels(answer), face)
            assert b"drawn by a procedural renderer" in answer.content
            assert b"AI-generated" not in answer.content
        assert "20 real faces" in get(client, "tiny/rounds/1/exam/real/20.png", 404).json()["detail"]


def test_the_most_alarming_face_has_the_highest_score(root):
    folder = root / "matches/tiny/rounds/0001"
    exam = safetensors.numpy.load_file(folder / "exam.safetensors")
    place = int(np.flatnonzero(exam["order"] == 7)[0])  # the exam's real face 7
    exam["scores"][place] = 0.75
    safetensors.numpy.save_file(exam, folder / "exam.safetensors")
    with served(root) as client:
        shown = get(client, "tiny/rounds/1/exam").json()
    assert (shown["most_alarming"][0]["index"], shown["most_alarming"][0]["score"]) == (7, 0.75)
    assert shown["false_alarms"] == 1


def test_photographs_are_shown_only_while_the_owner_allows_it(root):
    photographs(root)
    with served(root) as client:
        hidden = get(client, "tiny/rounds/1/exam")
        assert (hidden.json()["real_faces_shown"], hidden.json()["most_alarming"]) == (False, [])
        refusal = get(client, "tiny/rounds/1/exam/real/0.png", 403).json()["detail"]
        assert "show_real_faces: true" in refusal
        allow(root)
        shown = get(client, "tiny/rounds/1/exam", headers={"if-none-match": hidden.headers["etag"]})
        address = shown.json()["most_alarming"][0]["image"]
        face = get(client, address)
        assert b"generated" not in face.content
        assert b"drawn" not in face.content
        assert face.headers["cache-control"] == "no-cache"  # though the address has the round's version
        (root / "settings.yaml").unlink()
        get(client, address, 403, headers={"if-none-match": face.headers["etag"]})


TOKEN = "0123456789abcdef-token"
PICTURES = (
    "rounds/1/samples.png",
    "rounds/1/samples/3.png",
    "rounds/1/exam/0.png",
    "animation.gif",
    "animation.webp",
)
"""Everything that shows fakes, but for blind tests."""


def test_fakes_made_of_photographs_are_shown_only_while_the_owner_allows_it(root):
    photographs(root)
    change_facts(root, "$.fakes_are", "'composite'")
    with served(root) as client:
        for path in PICTURES:
            detail = get(client, f"tiny/{path}", 403).json()["detail"]
            assert detail.startswith("the fakes of tiny were made of photographs of people, which this home")
            assert detail == get(client, "tiny").json()["fakes_refused"]
        hidden = get(client, "tiny/rounds/1/exam")
        assert [hidden.json()[key] for key in ("fakes_shown", "most_convincing", "most_obvious")] == [False, [], []]
        version = get(client, "tiny/rounds/1").json()["version"]
        allow(root)
        assert get(client, "tiny").json()["fakes_refused"] is None
        shown = get(client, "tiny/rounds/1/exam", headers={"if-none-match": hidden.headers["etag"]}).json()
        assert (shown["fakes_shown"], len(shown["most_convincing"])) == (True, 12)
        faces = {path: get(client, f"tiny/{path}?v={version}") for path in PICTURES}
        assert {face.headers["cache-control"] for face in faces.values()} == {"no-cache"}
        for path in PICTURES[1:]:  # the sheet was written when the match was played
            assert (b"Manipulated" in faces[path].content) or (b"compositeSynthetic" in faces[path].content), path
            assert b"trainedAlgorithmicMedia" not in faces[path].content, path
        (root / "settings.yaml").unlink()
        for path, face in faces.items():
            get(client, f"tiny/{path}", 403, headers={"if-none-match": face.headers["etag"]})


def test_fakes_made_of_drawn_faces_are_nobodys_but_those_of_unknown_making_may_be_somebodys(root):
    change_facts(root, "$.fakes_are", "'composite'")
    with served(root) as client:
        assert get(client, "tiny").json()["fakes_refused"] is None
        get(client, "tiny/rounds/1/samples.png")
        assert client.get("/api/blind").json()["allowed"]
        test = client.post("/api/blind", headers={"authorization": f"Bearer {TOKEN}"}).json()
        assert b"Manipulated: a program" in get(client, test["sheet"]).content
    change_facts(root, "$.fakes_are", "'unknown'")
    with served(root) as client:
        detail = get(client, "tiny/rounds/1/samples.png", 403).json()["detail"]
        assert "may have been made of photographs" in detail
        assert client.get("/api/blind").json()["reason"] == detail
        assert get(client, test["sheet"], 403).json()["detail"] == detail


def test_settings_that_are_not_understood_allow_nothing(root):
    photographs(root)
    with served(root) as client:
        (root / "settings.yaml").write_text("show_real_faces: maybe\n")
        assert "must be true or false" in get(client, "tiny/rounds/1/exam/real/0.png", 503).json()["detail"]
    with pytest.raises(ArenaError, match="must be true or false"):
        create_app(root)


def test_faces_that_are_gone_or_changed_are_one_sentence(match, root, tmp_path):
    path = tmp_path / "faces.arena"
    shutil.copy(match.faces, path)
    change_facts(root, "$.faces.path", f"'{path}'")
    with served(root) as client:
        get(client, "tiny/rounds/1/exam/real/0.png")
        path.unlink()
        assert "are gone" in get(client, "tiny/rounds/1/exam/real/1.png", 404).json()["detail"]
        path.write_bytes(b"nonsense")
        detail = get(client, "tiny/rounds/1/exam/real/1.png", 404).json()["detail"]
        assert "are gone" in detail
        assert str(tmp_path) not in detail
        shutil.copy(match.faces, path)
        get(client, "tiny/rounds/1/exam/real/1.png")
        change_facts(root, "$.faces.digest", "'other'")
        path.touch()
        assert "have changed" in get(client, "tiny/rounds/1/exam/real/2.png", 404).json()["detail"]


def test_what_the_detector_made_of_a_sample(root):
    with served(root) as client:
        sample = get(client, "tiny/samples/63").json()
        opening, first = sample["rounds"]
        assert (opening["score"], opening["threshold"], opening["fooled"]) == (None, None, None)
        assert (first["score"], first["threshold"], first["fooled"]) == (1.0, 0.5, False)
        assert pixels(get(client, first["image"])).shape == (16, 16, 3)
        assert "samples 0 to 63" in get(client, "tiny/samples/64", 404).json()["detail"]


def test_a_sample_fools_below_the_threshold_and_older_rounds_have_no_score(tmp_path):
    home = new_home(tmp_path / "home")
    play_all(home)
    (home.round_folder("duel", 1) / SAMPLE_SCORES).unlink()
    with served(home.root) as client:
        rounds = [get(client, f"duel/samples/{i}").json()["rounds"] for i in range(4)]
    assert [r[1]["score"] for r in rounds] == [None] * 4
    assert [(r[2]["score"], r[2]["fooled"]) for r in rounds] == [(0.25, True), (0.5, False), (0.75, False), (0.0, True)]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A match whose generator tells what its samples were made of."""
    match = start(tmp_path_factory.mktemp("told") / "home", tiny("teller", "stamp-reader", rounds=1))
    played(match)
    return match


@pytest.fixture
def told_root(told, tmp_path):
    return shutil.copytree(told.home.root, tmp_path / "home")


def test_what_a_sample_was_made_of(told_root):
    stored = safetensors.numpy.load_file(told_root / "matches/tiny/rounds/0001" / SAMPLE_SOURCES)
    with served(told_root) as client:
        made = get(client, "tiny/rounds/1/samples/5/sources").json()
        assert (made["match"], made["round"], made["index"], made["made"]) == ("tiny", 1, 5, "stamp 5")
        assert [image["name"] for image in made["images"]] == ["original", "mask"]
        for image in made["images"]:
            answer = get(client, image["image"])
            assert np.array_equal(pixels(answer), stored[image["name"]][5])
            assert (b"drawn by a procedural renderer" in answer.content) == (image["name"] == "original")
            assert b"AI-generated" not in answer.content
        assert "samples 0 to 63" in get(client, "tiny/rounds/1/samples/64/sources", 404).json()["detail"]
        assert "of original, mask" in get(client, "tiny/rounds/1/samples/5/sources/donor.png", 404).json()["detail"]


def test_a_generator_that_makes_its_faces_of_nothing_has_no_sources(root):
    with served(root) as client:
        made = get(client, "tiny/rounds/1/samples/5/sources").json()
        assert (made["made"], made["images"]) == ("", [])
        get(client, "tiny/rounds/1/samples/5/sources/mask.png", 404)


def test_photographs_that_a_sample_was_made_of_are_shown_only_while_the_owner_allows_it(told_root):
    photographs(told_root)
    with served(told_root) as client:
        hidden = get(client, "tiny/rounds/1/samples/5/sources")
        assert hidden.json()["real_faces_shown"] is False
        assert [image["name"] for image in hidden.json()["images"]] == ["mask"]
        get(client, "tiny/rounds/1/samples/5/sources/mask.png")
        original = "tiny/rounds/1/samples/5/sources/original.png"
        assert "show_real_faces: true" in get(client, original, 403).json()["detail"]
        allow(told_root)
        shown = get(client, "tiny/rounds/1/samples/5/sources", headers={"if-none-match": hidden.headers["etag"]})
        assert [image["name"] for image in shown.json()["images"]] == ["original", "mask"]
        face = get(client, shown.json()["images"][0]["image"])
        assert b"drawn" not in face.content
        assert face.headers["cache-control"] == "no-cache"
        (told_root / "settings.yaml").unlink()
        get(client, original, 403, headers={"if-none-match": face.headers["etag"]})


def test_damaged_sources_are_one_sentence(told_root):
    (told_root / "matches/tiny/rounds/0001" / SAMPLE_SOURCES).write_bytes(b"x" * 99)
    with served(told_root) as client:
        for path in ("sources", "sources/mask.png"):
            assert "arena verify tiny" in get(client, f"tiny/rounds/1/samples/5/{path}", 503).json()["detail"]


def test_damaged_scores_are_one_sentence(tmp_path):
    home = new_home(tmp_path / "home")
    play_all(home)
    for content in (b"nonsense", b""):
        (home.round_folder("duel", 1) / SAMPLE_SCORES).write_bytes(content)
        with served(home.root) as client:
            assert "arena verify duel" in get(client, "duel/samples/0", 503).json()["detail"]


def test_the_webp_is_the_gif_in_fewer_bytes(root):
    with served(root) as client:
        gif, webp = (get(client, f"tiny/animation.{kind}") for kind in ("gif", "webp"))
    assert webp.headers["content-type"] == "image/webp"
    assert b"trainedAlgorithmicMedia" in webp.content
    assert len(webp.content) < len(gif.content)
    for answer in (gif, webp):
        with Image.open(io.BytesIO(answer.content)) as film:
            assert film.n_frames == 2


def test_figures_are_as_the_match_was(tmp_path):
    home = new_home(tmp_path / "home")
    play(home, 0)
    with served(home.root) as client:
        assert "opening" in get(client, "duel/rounds/0/figures/roc", 404).json()["detail"]
        assert get(client, "duel/figures/losses").json()["data"][0]["y"] == [0.75]
        play(home, 1)
        before = get(client, "duel/figures/accuracy")
        assert [t["y"] for t in before.json()["data"] if t.get("name") == "B won"] == []
        assert [t["y"] for t in before.json()["data"] if t.get("name") == "B, too close"] == [[0.75]]
        assert get(client, "duel/rounds/1/figures/roc").json()["layout"]["title"]["text"].startswith("AUROC")
        play(home, 2, real_score=0.7, last=True)
        after = get(client, "duel/figures/accuracy", headers={"if-none-match": before.headers["etag"]})
        assert after.json() != before.json()
        assert get(client, "duel/figures/auroc").json()["data"][1]["x"] == [1, 2]
        compared = get(client, "/api/figures/accuracy?match=duel").json()
        assert [t["name"] for t in compared["data"]] == ["duel"]
        assert get(client, "/api/figures/accuracy").json() == compared
        get(client, "/api/figures/auroc?match=nobody", 404)
        get(client, "/api/figures/auroc?" + "&".join(["match=duel"] * 9), 422)
