"""Can you tell? Drawn, shown, answered once, counted."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3

import numpy as np
import pytest
import servedhome
from fastapi.testclient import TestClient
from matches import played, start, tiny
from PIL import Image
from test_server import ADDRESS, DOCUMENT, code_blocks

from arena.service import blindtests
from arena.service.app import create_app
from arena.service.client import Client
from arena.store.disk import Disk
from arena.store.home import Home
from arena.types import ArenaError

TOKEN = "0123456789abcdef-token"
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Three rounds of a match on drawn faces, whose fakes have a white corner, which the detector sees."""
    match = start(tmp_path_factory.mktemp("blind") / "home", tiny("stamper", "stamp-reader", rounds=2))
    played(match)
    return match.home.root


@pytest.fixture
def root(original, tmp_path):
    return shutil.copytree(original, tmp_path / "home")


def served(root):
    return TestClient(create_app(root, TOKEN), base_url="http://127.0.0.1")


def draw(client, status=201, **wanted):
    answer = client.post("/api/blind", json=wanted, headers=BEARER)
    assert answer.status_code == status, answer.text
    return answer.json()


def vote(client, test, fake, status=200):
    answer = client.post(f"/api/blind/{test['id']}", json={"fake": fake}, headers=BEARER)
    assert answer.status_code == status, answer.text
    return answer.json()


def tiles(client, test):
    answer = client.get(test["sheet"])
    assert answer.status_code == 200, answer.text
    with Image.open(io.BytesIO(answer.content)) as picture:
        page = np.asarray(picture.convert("RGB"))
    size, columns = test["size"], test["columns"]
    places = [divmod(i, columns) for i in range(test["n"])]
    return [page[row * size : (row + 1) * size, column * size : (column + 1) * size] for row, column in places]


def white_corner(tile):
    return bool((tile[0, 0] == 255).all())


def test_a_test_from_the_first_look_to_the_standings(root):
    with served(root) as client:
        before = client.get("/api/blind").json()
        assert (before["allowed"], before["reason"], before["visitors"]["votes"]) == (True, None, 0)
        test = draw(client)
        assert (test["match"], test["round"], test["n"]) == ("tiny", 2, 20)
        fake = [white_corner(tile) for tile in tiles(client, test)]
        assert sum(fake) == 10
        said = [not fake[0], *fake[1:]]  # one mistake
        told = vote(client, test, said)
        assert [image["fake"] for image in told["images"]] == fake
        assert [image["called_fake"] for image in told["images"]] == said
        assert [image["detector_score"] for image in told["images"]] == [float(one) for one in fake]
        assert (told["visitor"]["right"], told["detector"]["right"], told["n"]) == (19, 20, 20)
        assert 0.75 < told["visitor"]["low"] < 0.95 < told["visitor"]["high"]  # Wilson: 0.764 to 0.991
        after = client.get("/api/blind").json()
        assert (after["visitors"], after["detectors"]) == (told["visitor"], told["detector"])
        assert client.get("/api/standings").json()["visitors"] == told["visitor"]
        assert client.get("/api/standings?match=tiny").json()["visitors"]["votes"] == 20
        assert client.get("/api/matches/tiny").json()["notes"] == []


def test_nothing_but_the_answer_tells_which_are_fake(root):
    with served(root) as client:
        tests = [draw(client) for _ in range(2)]
        sheets = [client.get(test["sheet"]) for test in tests]
    for test, sheet in zip(tests, sheets, strict=True):
        assert set(test) == {"id", "match", "round", "n", "sheet", "columns", "size"}
        assert test["sheet"] == f"/api/blind/{test['id']}/sheet.png"
        assert b"Contains AI-generated faces" in sheet.content
        with Image.open(io.BytesIO(sheet.content)) as picture:
            assert set(picture.text) == {"Software", "Description", "XML:com.adobe.xmp", "Comment"}
            assert picture.text["Comment"] == f"match tiny, round {test['round']}"
    assert tests[0]["id"] != tests[1]["id"]
    assert sheets[0].content != sheets[1].content


def test_a_test_is_answered_once_even_after_a_restart(root):
    with served(root) as client:
        test = draw(client, match="tiny", round=1)
        assert test["round"] == 1
        first = [tile.tolist() for tile in tiles(client, test)]
    with served(root) as client:
        assert [tile.tolist() for tile in tiles(client, test)] == first
        vote(client, test, [True] * 20)
        assert "answered already" in vote(client, test, [False] * 20, 409)["detail"]
    with served(root) as client:
        vote(client, test, [False] * 20, 409)
        assert client.get("/api/blind").json()["visitors"]["right"] == 10


@pytest.mark.parametrize("fake", [[], [True] * 19, [True] * 21, [1] * 20, ["true"] * 20, [None] * 20, True, None])
def test_a_vote_says_true_or_false_of_every_image(root, fake):
    with served(root) as client:
        test = draw(client)
        assert "fake" in vote(client, test, fake, 422)["detail"]
        assert client.get("/api/blind").json()["visitors"]["votes"] == 0


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"match": "nobody"}, 404),
        ({"match": "tiny", "round": 3}, 404),
        ({"round": 3}, 404),
        ({"round": 0}, 422),
        ({"match": "../tiny"}, 404),
        ({"rounds": 1}, 422),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(root, wanted, status):
    with served(root) as client:
        assert "\n" not in draw(client, status, **wanted)["detail"]


def test_ids_that_were_never_given(root):
    with served(root) as client:
        assert client.get(f"/api/blind/{'0' * 32}/sheet.png").status_code == 404
        assert client.get("/api/blind/..%2f/sheet.png").status_code in (404, 422)
        assert client.post("/api/blind/x", json={"fake": []}, headers=BEARER).status_code == 422
        assert client.post("/api/blind", headers=BEARER).status_code == 201  # no body: whatever there is


def test_photographs_only_while_the_owner_allows_it(root):
    with Home.open(root).transaction() as ledger:
        ledger.execute("UPDATE match SET facts = json_set(facts, '$.faces.synthetic', json('false'))")
    with served(root) as client:
        shown = client.get("/api/blind").json()
        assert not shown["allowed"]
        assert "show_real_faces: true" in shown["reason"]
        assert draw(client, 403)["detail"] == shown["reason"]
        (root / "settings.yaml").write_text("show_real_faces: true\n")
        assert client.get("/api/blind").json()["allowed"]
        test = draw(client)
        tiles(client, test)
        (root / "settings.yaml").unlink()
        assert client.get(test["sheet"]).status_code == 403


def test_a_home_without_an_exam_says_so(tmp_path):
    Home.create(tmp_path / "home")
    with served(tmp_path / "home") as client:
        assert client.get("/api/blind").json()["reason"] == "no match has an exam yet; play a round first"
        draw(client, 404)


def test_a_locked_or_full_ledger_is_one_sentence_and_nothing_is_lost(root, monkeypatch):
    monkeypatch.setattr(blindtests, "PATIENCE_MS", 20)
    with served(root) as client:
        test = draw(client)
        other = sqlite3.connect(root / "arena.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert "locked" in draw(client, 503)["detail"]
        assert "locked" in vote(client, test, [True] * 20, 503)["detail"]
        assert client.get("/api/blind").status_code == 200
        other.execute("ROLLBACK")
        other.close()
        with monkeypatch.context() as full:

            def commit(self, connection):
                raise sqlite3.OperationalError("database or disk is full")

            full.setattr(Disk, "commit", commit)
            assert "disk is full" in vote(client, test, [True] * 20, 503)["detail"]
        assert vote(client, test, [True] * 20)["visitor"]["right"] == 10


def test_the_documents_example_runs(root, monkeypatch, capsys):
    (block,) = [block for block in code_blocks(DOCUMENT) if "new_blind_test" in block]
    monkeypatch.chdir(root.parent)
    (root / "token").write_text(TOKEN)
    with servedhome.served(root, TOKEN) as address:
        exec(compile(block.replace("arena-home", root.name).replace(ADDRESS, address), "docs/api.md", "exec"), {})
    assert capsys.readouterr().out == "0.5 1.0\n"


def test_the_client_knows_every_route(root):
    with servedhome.served(root, TOKEN) as address, Client(address, TOKEN) as arena:
        assert arena.exam_real("tiny", 1, arena.exam("tiny", 1).most_alarming[0].index).startswith(b"\x89PNG")
        assert [seen.score for seen in arena.sample("tiny", 0).rounds] == [None, 1.0, 1.0]
        assert arena.animation("tiny", "webp").startswith(b"RIFF")
        assert arena.exam_figure("tiny", 1, "roc").data
        assert arena.match_figure("tiny", "losses").layout["title"]["text"] == "Losses"
        assert len(arena.compared_figure(["tiny", "tiny"], "accuracy").data) == 1
        test = arena.new_blind_test("tiny", 1)
        assert arena.blind_sheet(test.id).startswith(b"\x89PNG")
        told = arena.answer_blind_test(test.id, [True] * test.n)
        assert arena.blind_tests().visitors == arena.standings().visitors == told.visitor
        with pytest.raises(ArenaError, match="answered already"):
            arena.answer_blind_test(test.id, [True] * test.n)


def test_votes_are_raw_events_in_the_ledger(root):
    with served(root) as client:
        test = draw(client)
        told = vote(client, test, [True] * 20)
    ((images,),) = Home.open(root).rows("SELECT images FROM blind_test WHERE id = ?", test["id"])
    assert [image[1] for image in json.loads(images)] == [image["fake"] for image in told["images"]]
    ((called,),) = Home.open(root).rows("SELECT called_fake FROM blind_vote WHERE test = ?", test["id"])
    assert json.loads(called) == [True] * 20
